using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Dicom.Migration.FileSystem.Media;

/// <summary>Names in a file system are bytes (path_resolution(7)) and need not be UTF-8; keys are text. Each name has one key, and each key one name.</summary>
/// <remarks>A key is the name in UTF-8, but each byte that is no part of UTF-8, and "%" itself, is written as "%" and two hexadecimal digits.</remarks>
internal static class EntryName
{
    /// <summary>Longest name in bytes that is opened: 255 characters (NAME_MAX), of up to four bytes in file systems that count characters.</summary>
    public const int MaxBytes = 1_020;

    /// <summary>The key of a name.</summary>
    public static string Key(ReadOnlySpan<byte> name)
    {
        if (Utf8.IsValid(name) && !name.Contains((byte)'%')) return Encoding.UTF8.GetString(name);
        var key = new StringBuilder(name.Length + 16);
        Span<char> units = stackalloc char[2];
        while (!name.IsEmpty)
        {
            var status = Rune.DecodeFromUtf8(name, out var rune, out var length);
            if (status is OperationStatus.Done && rune.Value != '%') key.Append(units[..rune.EncodeToUtf16(units)]);
            else
                foreach (var value in name[..length]) key.Append(CultureInfo.InvariantCulture, $"%{value:X2}");
            name = name[length..];
        }
        return key.ToString();
    }

    /// <summary>The name of a key.</summary>
    /// <param name="key">One component of a path.</param>
    /// <param name="name">Room for <see cref="MaxBytes"/> and the NUL that ends a name for libc.</param>
    /// <param name="length">Bytes of the name, without the NUL.</param>
    /// <returns><see langword="false"/> if no entry below a root can be called so.</returns>
    public static bool TryDecode(ReadOnlySpan<char> key, Span<byte> name, out int length)
    {
        length = 0;
        while (!key.IsEmpty)
        {
            var written = 1;
            if (key[0] == '%')
            {
                if (key.Length < 3 || length == MaxBytes || !byte.TryParse(key.Slice(1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out name[length])) return false;
                key = key[3..];
            }
            else
            {
                if (Rune.DecodeFromUtf16(key, out var rune, out var units) is not OperationStatus.Done || length + rune.Utf8SequenceLength > MaxBytes) return false;
                written = rune.EncodeToUtf8(name[length..]);
                key = key[units..];
            }
            length += written;
        }
        name[length] = 0;
        // An escaped slash would lead out of the root; a NUL would end the name early.
        return name[..length] is not ([] or [(byte)'.'] or [(byte)'.', (byte)'.']) && name[..length].IndexOfAny((byte)'/', (byte)0) < 0;
    }

    /// <summary>What people read a name as: UTF-8, or else Latin-1, which names of the nineties mostly are.</summary>
    public static string Text(ReadOnlySpan<byte> name) => (Utf8.IsValid(name) ? Encoding.UTF8 : Encoding.Latin1).GetString(name);

    /// <summary>What people read the name of a key as.</summary>
    public static string Text(string key)
    {
        if (!key.Contains('%', StringComparison.Ordinal)) return key;
        Span<byte> name = stackalloc byte[MaxBytes + 1];
        return TryDecode(key, name, out var length) ? Text(name[..length]) : key;
    }
}
