using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Dicom.Migration.DicomWeb;

/// <summary>Reads what a STOW-RS server answers (PS3.18 §10.5.3, §F.2). Two sequences and three attributes of their items count; all else is passed over, and no data
/// set is built: an answer names every instance of a request, and is read while nothing is sent.</summary>
/// <remarks>What is malformed says nothing at all: names twice, names that are spelt with escapes, values that are none.</remarks>
internal static class StowAnswer
{
    private const int FirstBuffer = 16_384, MostBelieved = 1_048_576; // bytes; a length that is said is believed up to here
    private const int MaxDepth = 196; // of JSON: 64 sequences within one another
    private const int MaxUidLength = 128; // in bytes; what is longer than twice a UID (PS3.5 §9.1) names nothing

    /// <summary>Reads an answer: an object, or an array of them, of which none takes back what another says has failed.</summary>
    /// <param name="stream">The answer.</param> <param name="said">Its length as the server says it.</param> <param name="sent">The instances that it is about.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns><see langword="null"/> if it is malformed.</returns>
    public static async Task<StowResult?> ReadAsync(Stream stream, long? said, IReadOnlyList<StowInstance> sent, CancellationToken cancellationToken)
    {
        var (buffer, count) = (ArrayPool<byte>.Shared.Rent((int)Math.Clamp((said ?? 0) + 1, FirstBuffer, MostBelieved)), 0);
        try
        {
            while (await stream.ReadAsync(buffer.AsMemory(count), cancellationToken).ConfigureAwait(false) is > 0 and var read)
            {
                count += read;
                if (count < buffer.Length) continue;
                var larger = ArrayPool<byte>.Shared.Rent(checked(buffer.Length * 2));
                buffer.CopyTo(larger, 0);
                ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
                buffer = larger;
            }
            var result = StowResult.About(sent);
            return TryRead(buffer.AsSpan(0, count), result) ? result : null;
        }
        finally
        {
            buffer.AsSpan(0, count).Clear(); // UIDs
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static bool TryRead(ReadOnlySpan<byte> json, StowResult result)
    {
        if (json.StartsWith("\uFEFF"u8)) json = json[3..];
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        try
        {
            if (!reader.Read()) return false;
            var isArray = reader.TokenType is JsonTokenType.StartArray;
            if (isArray && !reader.Read()) return false;
            do
            {
                if (!TryReadObject(ref reader, result)) return false;
            }
            while (isArray && reader.Read() && reader.TokenType is not JsonTokenType.EndArray);
            return !reader.Read(); // white space at most
        }
        catch (JsonException) { return false; } // its message shows what it saw
    }

    private static bool TryReadObject(ref Utf8JsonReader reader, StowResult result)
    {
        if (reader.TokenType is not JsonTokenType.StartObject) return false;
        var (hasStored, hasFailed) = (false, false);
        while (TryReadName(ref reader))
        {
            var (isStored, isFailed) = (reader.ValueSpan.SequenceEqual("00081199"u8), reader.ValueSpan.SequenceEqual("00081198"u8));
            if ((isStored && hasStored) || (isFailed && hasFailed)) return false;
            (hasStored, hasFailed) = (hasStored || isStored, hasFailed || isFailed);
            if (!(isStored || isFailed ? TryReadItems(ref reader, result, isStored) : TryPass(ref reader))) return false;
        }
        return reader.TokenType is JsonTokenType.EndObject;
    }

    private static bool TryReadItems(ref Utf8JsonReader reader, StowResult result, bool isStored)
    {
        if (!TryEnterValue(ref reader, out var isThere)) return false;
        if (!isThere) return true;
        while (reader.Read() && reader.TokenType is not JsonTokenType.EndArray)
            if (!TryReadItem(ref reader, result, isStored)) return false;
        return TryLeaveValue(ref reader);
    }

    private static bool TryReadItem(ref Utf8JsonReader reader, StowResult result, bool isStored)
    {
        if (reader.TokenType is not JsonTokenType.StartObject) return false;
        Span<char> uid = stackalloc char[MaxUidLength], sopClass = stackalloc char[MaxUidLength];
        var (length, classLength, code, hasUid, hasClass, hasCode) = (0, 0, (long?)null, false, false, false);
        while (TryReadName(ref reader))
        {
            if (reader.ValueSpan.SequenceEqual("00081155"u8)) // Referenced SOP Instance UID
            {
                if (hasUid || !TryReadValue(ref reader, uid, out length, out _)) return false;
                hasUid = true;
            }
            else if (reader.ValueSpan.SequenceEqual("00081150"u8)) // Referenced SOP Class UID
            {
                if (hasClass || !TryReadValue(ref reader, sopClass, out classLength, out _)) return false;
                hasClass = true;
            }
            else if (reader.ValueSpan.SequenceEqual(isStored ? "00081196"u8 : "00081197"u8)) // Warning Reason, Failure Reason
            {
                if (hasCode || !TryReadValue(ref reader, default, out _, out code)) return false;
                hasCode = true;
            }
            else if (!TryPass(ref reader)) return false;
        }
        if (length > 0) result.Say(uid[..length].TrimEnd("\0 "), sopClass[..classLength].TrimEnd("\0 "), isStored, code);
        return reader.TokenType is JsonTokenType.EndObject;
    }

    /// <summary>Reads an attribute of one value at most, which is text if there is room for it, or else a whole number.</summary>
    private static bool TryReadValue(ref Utf8JsonReader reader, scoped Span<char> text, out int length, out long? number)
    {
        (length, number) = (0, null);
        if (!TryEnterValue(ref reader, out var isThere)) return false;
        if (!isThere) return true;
        if (!reader.Read()) return false;
        if (reader.TokenType is not JsonTokenType.EndArray)
        {
            if (text.IsEmpty ? !TryReadNumber(ref reader, out number) : !TryReadText(ref reader, text, out length)) return false;
            if (!reader.Read() || reader.TokenType is not JsonTokenType.EndArray) return false;
        }
        return TryLeaveValue(ref reader);
    }

    /// <summary>Goes into the value array of an attribute; without one the reader is at the attribute's end.</summary>
    private static bool TryEnterValue(ref Utf8JsonReader reader, out bool isThere)
    {
        isThere = false;
        if (!reader.Read() || reader.TokenType is not JsonTokenType.StartObject) return false;
        while (TryReadName(ref reader))
        {
            if (isThere = reader.ValueSpan.SequenceEqual("Value"u8)) return reader.Read() && reader.TokenType is JsonTokenType.StartArray;
            if (!TryPass(ref reader)) return false;
        }
        return reader.TokenType is JsonTokenType.EndObject;
    }

    /// <summary>Goes from the end of the value array to the end of the attribute, which has no other.</summary>
    private static bool TryLeaveValue(ref Utf8JsonReader reader)
    {
        if (reader.TokenType is not JsonTokenType.EndArray) return false;
        while (TryReadName(ref reader))
            if (reader.ValueSpan.SequenceEqual("Value"u8) || !TryPass(ref reader)) return false;
        return reader.TokenType is JsonTokenType.EndObject;
    }

    private static bool TryReadText(ref Utf8JsonReader reader, scoped Span<char> text, out int length)
    {
        length = 0;
        if (reader.TokenType is not JsonTokenType.String) return reader.TokenType is JsonTokenType.Null;
        if (reader.ValueSpan.Length > text.Length) return true;
        if (!reader.ValueIsEscaped) return Encoding.UTF8.TryGetChars(reader.ValueSpan, text, out length);
        try
        {
            length = reader.CopyString(text);
            return true;
        }
        catch (InvalidOperationException) { return false; } // half a surrogate pair
    }

    // Some writers make strings of numbers, which means the same; 1.0 and 1e2 are whole numbers, too.
    private static bool TryReadNumber(ref Utf8JsonReader reader, out long? number)
    {
        number = null;
        if (reader.TokenType is JsonTokenType.Null) return true;
        if (reader.TokenType is not (JsonTokenType.Number or JsonTokenType.String)) return false;
        if (Utf8Parser.TryParse(reader.ValueSpan, out long whole, out var consumed) && consumed == reader.ValueSpan.Length) number = whole;
        else if (reader.TokenType is JsonTokenType.Number && reader.TryGetDouble(out var real) && double.IsInteger(real) && Math.Abs(real) <= ushort.MaxValue) number = (long)real;
        return number is not null;
    }

    /// <returns><see langword="false"/> at the end of the object, or at a name that may spell another.</returns>
    private static bool TryReadName(ref Utf8JsonReader reader) => reader.Read() && reader.TokenType is JsonTokenType.PropertyName && !reader.ValueIsEscaped;

    private static bool TryPass(ref Utf8JsonReader reader)
    {
        if (!reader.Read()) return false;
        reader.Skip();
        return true;
    }
}
