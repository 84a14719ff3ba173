using System.Globalization;
using System.Text;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.DicomWeb;

/// <summary>What a QIDO-RS query asks for (PS3.18 §10.6.1, §8.3.4).</summary>
public sealed class DicomWebQuery
{
    private readonly List<(string Name, string Value)> _matches = [];
    private readonly List<string> _included = [];

    /// <summary>Whether names may match as they sound (PS3.18 §8.3.4.2).</summary>
    public bool IsFuzzy { get; init; }

    /// <summary>Matches an attribute: a value, a list of UIDs, a range, or a pattern with * and ?.</summary>
    /// <param name="tag">The attribute.</param>
    /// <param name="value">Any text; it is escaped.</param>
    /// <returns>The same query.</returns>
    public DicomWebQuery Match(DicomTag tag, string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        _matches.Add((Name(tag), value));
        return this;
    }

    /// <summary>Asks for an attribute that servers do not give by themselves.</summary>
    /// <param name="tag">The attribute.</param>
    /// <returns>The same query.</returns>
    public DicomWebQuery Include(DicomTag tag)
    {
        _included.Add(Name(tag));
        return this;
    }

    /// <summary>Asks for all attributes that the server has at hand.</summary>
    /// <returns>The same query.</returns>
    public DicomWebQuery IncludeAll()
    {
        _included.Add("all");
        return this;
    }

    internal string ToQueryString(int limit, long offset)
    {
        var query = new StringBuilder();
        foreach (var (name, value) in _matches) query.Append(name).Append('=').Append(Uri.EscapeDataString(value)).Append('&');
        foreach (var name in _included) query.Append("includefield=").Append(name).Append('&');
        if (IsFuzzy) query.Append("fuzzymatching=true&");
        return query.Append(CultureInfo.InvariantCulture, $"limit={limit}&offset={offset}").ToString();
    }

    private static string Name(DicomTag tag) => tag.Value.ToString("X8", CultureInfo.InvariantCulture);
}
