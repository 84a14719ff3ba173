using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;

namespace Dicom.Migration.DataSets.Tests;

/// <summary>Compares our DICOM JSON with another program's: numbers as numbers, bytes by their digest, all else as it stands.</summary>
internal sealed class TruthComparer(string[] terms, bool isBigEndian)
{
    internal readonly record struct Difference(string Path, string Kind, string Ours, string Theirs);

    internal List<Difference> Compare(JsonElement ours, JsonElement theirs)
    {
        var differences = new List<Difference>();
        var stack = new Stack<(string, JsonElement, JsonElement)>([("", ours, theirs)]);
        while (stack.TryPop(out var next))
        {
            var (path, a, b) = next;
            foreach (var property in b.EnumerateObject())
                if (!a.TryGetProperty(property.Name, out _) && !property.Name.EndsWith("0000", StringComparison.Ordinal) // PS3.18 §F.2.2: no group lengths
                    && !property.Value.TryGetProperty("BulkDataURI", out _)) // left out where there is nobody to ask
                    differences.Add(new(path + property.Name, "missing", "", property.Value.GetRawText()));
            foreach (var property in a.EnumerateObject())
            {
                var at = path + property.Name;
                if (!b.TryGetProperty(property.Name, out var other)) differences.Add(new(at, "added", property.Value.GetRawText(), ""));
                else Attribute(at, property.Value, other, differences, stack);
            }
        }
        return differences;
    }

    private void Attribute(string at, JsonElement a, JsonElement b, List<Difference> differences, Stack<(string, JsonElement, JsonElement)> stack)
    {
        var (vr, theirs) = (Vr(a), Vr(b));
        if (b.TryGetProperty("error", out _)) return; // pydicom could not read it
        if (at.EndsWith("00080005", StringComparison.Ordinal))
        {
            // What was in the character set named there is Unicode in JSON.
            if (Values(b).Count > 0 && a.GetProperty("Value")[0].GetString() != "ISO_IR 192") differences.Add(new(at, "character set", a.GetRawText(), b.GetRawText()));
        }
        else if (vr == "UN" && theirs != "UN") Unknown(at, a, b, differences, stack);
        else if (vr != theirs) differences.Add(new(at, "vr", a.GetRawText(), b.GetRawText()));
        else if (b.TryGetProperty("sha256", out var hash))
        {
            var bytes = a.TryGetProperty("InlineBinary", out var inline) ? inline.GetBytesFromBase64() : [];
            var same = IsDigest(bytes, hash) || (isBigEndian && IsDigest(Swapped(bytes, vr), hash));
            if (!a.TryGetProperty("BulkDataURI", out _) && !same)
                differences.Add(new(at, "bytes", a.GetRawText(), b.GetRawText()));
        }
        else if (b.TryGetProperty("InlineBinary", out var inlineBinary))
        {
            if (!a.TryGetProperty("InlineBinary", out var inline) || !inline.GetBytesFromBase64().AsSpan().SequenceEqual(inlineBinary.GetBytesFromBase64()))
                differences.Add(new(at, "bytes", a.GetRawText(), b.GetRawText()));
        }
        else
        {
            var (x, y) = (Values(a), Values(b));
            if (x.Count != y.Count)
            {
                differences.Add(new(at, "count", a.GetRawText(), b.GetRawText()));
                return;
            }
            for (var i = 0; i < x.Count; i++)
                if (vr == "SQ") stack.Push(($"{at}[{i}].", x[i], y[i]));
                else if (!Same(x[i], y[i]) && !(vr == "FL" && (float?)Number(x[i]) == (float?)Number(y[i]))) differences.Add(new(at, "value", x[i].GetRawText(), y[i].GetRawText()));
        }
    }

    // UN is UN to us (PS3.5 §6.2.2); pydicom asks its dictionary, the private one too. The bytes must hold what it says.
    private void Unknown(string at, JsonElement a, JsonElement b, List<Difference> differences, Stack<(string, JsonElement, JsonElement)> stack)
    {
        var value = a.TryGetProperty("InlineBinary", out var inline) ? inline.GetBytesFromBase64() : [];
        var tag = Convert.ToUInt32(at[^8..], 16);
        var isSequence = Vr(b) == "SQ";
        // In a UN of defined length the items may still end with a delimiter: a relay kept the bytes and changed the header.
        var isDelimited = isSequence && value.AsSpan().EndsWith(new byte[] { 0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0 });
        var dataSet = new Bytes(!isSequence).Text(0x00080005, "CS", string.Join('\\', terms)).Header(tag, Vr(b), isDelimited ? Bytes.Undefined : (uint)value.Length).Raw(value).ToArray();
        using var json = JsonDocument.Parse(JsonOf.Bytes(dataSet, isSequence ? TransferSyntax.ImplicitVrLittleEndian : TransferSyntax.ExplicitVrLittleEndian,
            new DicomJsonWriterOptions { MaxInlineBinaryLength = int.MaxValue }, 0, t => t.Value == tag ? DicomVr.SQ : DataElementDictionary.VrOf(t)), new JsonDocumentOptions { MaxDepth = 256 });
        Attribute(at, json.RootElement.GetProperty(at[^8..]).Clone(), b, differences, stack);
    }

    private static bool IsDigest(byte[] bytes, JsonElement hash) => Convert.ToHexString(SHA256.HashData(bytes)).Equals(hash.GetString(), StringComparison.OrdinalIgnoreCase);

    // pydicom leaves the bytes of these as they stand; in JSON they are Little Endian.
    private static byte[] Swapped(byte[] bytes, string vr)
    {
        var unit = new DicomVr((ushort)((vr[0] << 8) | vr[1])).UnitLength;
        return bytes.Chunk(unit).SelectMany(word => word.Reverse()).ToArray();
    }

    private static string Vr(JsonElement attribute) => attribute.TryGetProperty("vr", out var vr) ? vr.GetString()! : "";

    // One value of nothing but padding is empty, as a value of no length is.
    private static List<JsonElement> Values(JsonElement attribute) => attribute.TryGetProperty("Value", out var values)
        && values.EnumerateArray().ToList() is var list && (list.Count > 1 || (list.Count == 1 && !IsEmpty(list[0]))) ? list : [];

    private static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => true,
        JsonValueKind.String => value.GetString()!.Length == 0,
        JsonValueKind.Object => value.EnumerateObject().Count() == 1 && value.TryGetProperty("Alphabetic", out var name) && name.GetString()!.Length == 0,
        _ => false,
    };

    private static bool Same(JsonElement a, JsonElement b)
    {
        if (IsEmpty(a) && IsEmpty(b)) return true;
        if (Number(a) is { } x && Number(b) is { } y) return a.ValueKind == JsonValueKind.String && b.ValueKind == JsonValueKind.String ? a.GetString() == b.GetString() : x.Equals(y);
        // Trailing spaces are padding (PS3.5 §6.2); pydicom keeps those of values that others follow.
        if (b.ValueKind == JsonValueKind.String && a.ValueKind == JsonValueKind.String) return a.GetString() == b.GetString()!.TrimEnd(' ', '\0');
        return JsonElement.DeepEquals(a, b);
    }

    private static double? Number(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => value.GetDouble(),
        JsonValueKind.String when double.TryParse(value.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
        _ => null,
    };
}
