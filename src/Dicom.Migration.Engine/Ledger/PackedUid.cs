using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Dicom.Migration.Engine.Ledger;

/// <summary>UIDs as blobs at half their size: two characters a byte. Any other text is kept as it is, so that nothing is lost.</summary>
/// <remarks>Layout: a high nibble, then a low one, 0 to 9 for digits, 10 for a period, 15 as padding; or 0xFF and UTF-8; or 0xFE and UTF-16, little endian.</remarks>
internal static class PackedUid
{
    private const byte Verbatim = 0xFF; // no packed UID begins so
    private const byte Unpaired = 0xFE; // text that is no valid UTF-16, hence has no UTF-8
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static byte[] Pack(string uid)
    {
        var packed = new byte[(uid.Length + 1) / 2];
        for (var i = 0; i < uid.Length; i++)
        {
            var nibble = uid[i] switch { >= '0' and <= '9' => uid[i] - '0', '.' => 10, _ => -1 };
            if (nibble < 0) return Keep(uid);
            packed[i / 2] |= (byte)((i & 1) == 0 ? nibble << 4 : nibble);
        }
        if ((uid.Length & 1) != 0) packed[^1] |= 0x0F;
        return packed;
    }

    public static string Unpack(ReadOnlySpan<byte> packed)
    {
        if (packed.IsEmpty) return "";
        if (packed[0] == Verbatim) return Strict.GetString(packed[1..]);
        if (packed[0] == Unpaired)
        {
            var text = new char[(packed.Length - 1) / 2];
            for (var i = 0; i < text.Length; i++) text[i] = (char)(packed[1 + 2 * i] | packed[2 + 2 * i] << 8);
            return new(text);
        }
        var length = packed.Length * 2 - ((packed[^1] & 0x0F) == 0x0F ? 1 : 0);
        return string.Create(length, packed, static (span, bytes) =>
        {
            for (var i = 0; i < span.Length; i++)
            {
                var nibble = (i & 1) == 0 ? bytes[i / 2] >> 4 : bytes[i / 2] & 0x0F;
                span[i] = nibble == 10 ? '.' : (char)('0' + nibble);
            }
        });
    }

    /// <summary>48 bits to look a text up by: an index over them is a third of one over the text. SHA-256, so that no peer can choose collisions.</summary>
    public static long Key(string text)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(MemoryMarshal.AsBytes(text.AsSpan()), digest);
        // Signed, so that SQLite keeps it in 6 bytes (its integers are 1, 2, 3, 4, 6 or 8 bytes long).
        return MemoryMarshal.Read<long>(digest) >> 16;
    }

    private static byte[] Keep(string text)
    {
        try
        {
            return [Verbatim, .. Strict.GetBytes(text)];
        }
        catch (EncoderFallbackException)
        {
            var bytes = new byte[1 + text.Length * 2];
            bytes[0] = Unpaired;
            for (var i = 0; i < text.Length; i++) (bytes[1 + 2 * i], bytes[2 + 2 * i]) = ((byte)text[i], (byte)(text[i] >> 8));
            return bytes;
        }
    }
}
