using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Dicom.Migration.DataSets;

/// <summary>Encodes values into a value field of even length (PS3.5 §6.2); numbers in Little Endian.</summary>
internal static class ValueEncoder
{
    private const int LongestDecimalString = 16;

    internal static byte[] Text(DicomTag tag, DicomVr vr, IEnumerable<string> values, SpecificCharacterSet characterSet)
    {
        if (!vr.IsText) throw new ArgumentException($"{vr} holds no text.", nameof(vr));
        return characterSet.TryEncode(string.Join('\\', values), vr, out var bytes) ? Padded(bytes, vr)
            : throw new DicomFormatException(new Fault(FaultCode.TextNotEncodable, tag));
    }

    internal static byte[] Integers(DicomVr vr, ReadOnlySpan<long> values)
    {
        if (vr == DicomVr.IS) return Strings(vr, values, static v => v is >= int.MinValue and <= int.MaxValue ? v.ToString(CultureInfo.InvariantCulture) : throw OutOfRange());
        var (unit, least, most) = vr.Code switch
        {
            0x5553 or 0x4F57 => (2, ushort.MinValue, ushort.MaxValue), // US, OW
            0x5353 => (2, short.MinValue, short.MaxValue), // SS
            0x554C or 0x4F4C or 0x4154 => (4, uint.MinValue, uint.MaxValue), // UL, OL, AT
            0x534C => (4, int.MinValue, int.MaxValue), // SL
            0x5556 or 0x4F56 => (8, 0, long.MaxValue), // UV, OV
            0x5356 => (8, long.MinValue, long.MaxValue), // SV
            _ => throw new ArgumentException($"{vr} holds no whole numbers.", nameof(vr)),
        };
        var bytes = new byte[values.Length * unit];
        for (var i = 0; i < values.Length; i++)
        {
            if (values[i] < least || values[i] > most) throw OutOfRange();
            var at = bytes.AsSpan(i * unit, unit);
            // A tag is two numbers of 16 bits: group first (PS3.5 §7.3).
            var number = vr == DicomVr.AT ? ((values[i] & 0xFFFF) << 16) | (values[i] >> 16) : values[i];
            if (unit == 2) BinaryPrimitives.WriteUInt16LittleEndian(at, (ushort)number);
            else if (unit == 4) BinaryPrimitives.WriteUInt32LittleEndian(at, (uint)number);
            else BinaryPrimitives.WriteInt64LittleEndian(at, number);
        }
        return bytes;
    }

    internal static byte[] Decimals(DicomVr vr, ReadOnlySpan<double> values)
    {
        if (vr == DicomVr.DS) return Strings(vr, values, DecimalString);
        var unit = vr == DicomVr.FL || vr == DicomVr.OF ? 4 : vr == DicomVr.FD || vr == DicomVr.OD ? 8 : throw new ArgumentException($"{vr} holds no decimal numbers.", nameof(vr));
        var bytes = new byte[values.Length * unit];
        for (var i = 0; i < values.Length; i++)
        {
            var at = bytes.AsSpan(i * unit, unit);
            if (unit == 4) BinaryPrimitives.WriteSingleLittleEndian(at, (float)values[i]);
            else BinaryPrimitives.WriteDoubleLittleEndian(at, values[i]);
        }
        return bytes;
    }

    // The most digits that fit: sign, point and exponent count too.
    private static string DecimalString(double value)
    {
        if (!double.IsFinite(value)) throw OutOfRange();
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        for (var digits = 15; text.Length > LongestDecimalString; digits--) text = value.ToString("G" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        return text;
    }

    private static byte[] Strings<T>(DicomVr vr, ReadOnlySpan<T> values, Func<T, string> format)
    {
        var text = new StringBuilder();
        for (var i = 0; i < values.Length; i++) text.Append(i == 0 ? "" : "\\").Append(format(values[i]));
        return Padded(Encoding.ASCII.GetBytes(text.ToString()), vr);
    }

    private static byte[] Padded(byte[] bytes, DicomVr vr) => (bytes.Length & 1) == 0 ? bytes : [.. bytes, vr.PaddingByte];

    private static OverflowException OutOfRange() => new("A number is outside the range of the VR.");
}
