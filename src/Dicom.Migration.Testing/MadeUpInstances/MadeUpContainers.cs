using System.Buffers.Binary;
using System.Text;

namespace Dicom.Migration.Testing;

/// <summary>ZIP, TAR and GZ files of the same bytes everywhere: no clock, no compressor of the runtime.</summary>
internal static class MadeUpContainers
{
    /// <summary>APPNOTE 6.3.3 §4.3; every second entry is stored, the others deflated. Dates are 1980-01-01, the first there is.</summary>
    public static byte[] Zip(IReadOnlyList<(string Name, byte[] Bytes)> entries)
    {
        List<byte> file = [], directory = [];
        for (var i = 0; i < entries.Count; i++)
        {
            var (name, bytes) = (Encoding.UTF8.GetBytes(entries[i].Name), entries[i].Bytes);
            var method = (ushort)(i % 2 == 0 ? 8 : 0);
            var body = method == 8 ? RawDeflate.Deflate(bytes) : bytes;
            List<byte> fields = [.. Short(20), .. Short(0x0800), .. Short(method), .. Short(0), .. Short(0x21), .. Int(Crc(bytes)), .. Int((uint)body.Length), .. Int((uint)bytes.Length), .. Short((ushort)name.Length), .. Short(0)];
            directory.AddRange([.. "PK"u8, 1, 2, .. Short(20), .. fields, .. Short(0), .. Short(0), .. Short(0), .. Int(0), .. Int((uint)file.Count), .. name]);
            file.AddRange([.. "PK"u8, 3, 4, .. fields, .. name, .. body]);
        }
        var count = Short((ushort)entries.Count);
        return [.. file, .. directory, .. "PK"u8, 5, 6, .. Short(0), .. Short(0), .. count, .. count, .. Int((uint)directory.Count), .. Int((uint)file.Count), .. Short(0)];
    }

    /// <summary>POSIX ustar: a header of 512 bytes for each file, names of at most 100 bytes.</summary>
    public static byte[] Tar(IReadOnlyList<(string Name, byte[] Bytes)> entries)
    {
        List<byte> file = [];
        foreach (var (name, bytes) in entries)
        {
            var header = new byte[512];
            Encoding.ASCII.GetBytes(name).CopyTo(header.AsSpan(0, 100));
            Octal(header, 100, 8, 0x1A4); // rw-r--r--
            Octal(header, 108, 8, 0);
            Octal(header, 116, 8, 0);
            Octal(header, 124, 12, bytes.Length);
            Octal(header, 136, 12, 0);
            header.AsSpan(148, 8).Fill((byte)' ');
            header[156] = (byte)'0';
            "ustar\0"u8.CopyTo(header.AsSpan(257));
            "00"u8.CopyTo(header.AsSpan(263));
            var sum = 0;
            foreach (var value in header) sum += value;
            Octal(header, 148, 7, sum);
            file.AddRange(header);
            file.AddRange(bytes);
            file.AddRange(new byte[(512 - (bytes.Length % 512)) % 512]);
        }
        file.AddRange(new byte[1024]);
        return [.. file];
    }

    /// <summary>RFC 1952, one member, without name and time.</summary>
    public static byte[] Gzip(byte[] bytes) => [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255, .. RawDeflate.Deflate(bytes), .. Int(Crc(bytes)), .. Int((uint)bytes.Length)];

    private static void Octal(byte[] header, int at, int width, int value) =>
        Encoding.ASCII.GetBytes(Convert.ToString(value, toBase: 8).PadLeft(width - 1, '0')).CopyTo(header.AsSpan(at));

    private static byte[] Short(ushort value)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] Int(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }

    /// <summary>CRC-32 of RFC 1952 §8.</summary>
    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = 0xFFFFFFFF;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
        }
        return ~crc;
    }
}
