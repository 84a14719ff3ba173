using System.Globalization;
using System.Text.Encodings.Web;

namespace Dicom.Migration.Evidence;

/// <summary>Writes HTML whose holes are always encoded: <c>Put($"&lt;td&gt;{text}&lt;/td&gt;")</c>. There is no way to put text in otherwise.</summary>
internal sealed class HtmlText(TextWriter writer) : IFormatProvider, ICustomFormatter
{
    public void Put(FormattableString html) => writer.WriteLine(html.ToString(this));

    /// <summary>A section with its heading.</summary>
    public void Section(string id, string heading, Action body)
    {
        Put($"<section aria-labelledby=\"{id}\"><h2 id=\"{id}\">{heading}</h2>");
        body();
        Put($"</section>");
    }

    /// <summary>A table with a caption; columns whose name begins with # hold numbers.</summary>
    public void Table(string caption, IReadOnlyList<string> columns, Action rows)
    {
        Put($"<div class=\"table\"><table><caption>{caption}</caption><thead><tr>");
        foreach (var column in columns)
        {
            if (column[0] == '#') Put($"<th scope=\"col\" class=\"n\">{column[1..]}</th>");
            else Put($"<th scope=\"col\">{column}</th>");
        }
        Put($"</tr></thead><tbody>");
        rows();
        Put($"</tbody></table></div>");
    }

    object? IFormatProvider.GetFormat(Type? formatType) => formatType == typeof(ICustomFormatter) ? this : null;

    string ICustomFormatter.Format(string? format, object? arg, IFormatProvider? formatProvider) =>
        HtmlEncoder.Default.Encode((arg is IFormattable value ? value.ToString(format, CultureInfo.InvariantCulture) : arg?.ToString()) ?? "");
}
