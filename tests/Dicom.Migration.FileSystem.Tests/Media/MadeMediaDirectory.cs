using System.Buffers.Binary;
using System.Text;
using Dicom.Migration.FileSystem.Media;

namespace Dicom.Migration.FileSystem.Tests;

/// <summary>DICOMDIR files record by record, whole or broken; links are numbers of records, -1 for none, others are offsets as they stand.</summary>
internal static class MadeMediaDirectory
{
    public sealed record Record(string? File, int Next = -1, int Lower = -1, ushort InUse = 0xFFFF, uint? RawNext = null);

    /// <summary>One image record after the other, all linked.</summary>
    public static byte[] Listing(params string[] files) => Build(0, [.. files.Select((f, i) => new Record(f, i + 1 < files.Length ? i + 1 : -1))]);

    public static byte[] Build(int root, params Record[] records)
    {
        var meta = Part10Meta.Make("1.2.840.10008.1.3.10", "1.2.3.4", "1.2.840.10008.1.2.1");
        var offsets = new uint[records.Length];
        var at = (uint)meta.Length + 12 + 10 + 12; // (0004,1200), (0004,1212), header of (0004,1220)
        for (var i = 0; i < records.Length; i++)
        {
            offsets[i] = at;
            at += (uint)Item(records[i], offsets, 0).Length;
        }
        byte[] items = [.. records.SelectMany(r => Item(r, offsets, 1))];
        return [.. meta, .. Number(0x1200, root < 0 ? 0 : offsets[root]), 4, 0, 0x12, 0x12, (byte)'U', (byte)'S', 2, 0, 0, 0,
            4, 0, 0x20, 0x12, (byte)'S', (byte)'Q', 0, 0, .. BitConverter.GetBytes(items.Length), .. items];
    }

    private static byte[] Item(Record record, uint[] offsets, int pass)
    {
        uint Link(int number) => number < 0 || pass == 0 ? 0 : offsets[number];
        var file = record.File is null ? [] : Encoding.Latin1.GetBytes(record.File.Length % 2 == 0 ? record.File : record.File + " ");
        byte[] body = [.. Number(0x1400, record.RawNext ?? Link(record.Next)), 4, 0, 0x10, 0x14, (byte)'U', (byte)'S', 2, 0, (byte)record.InUse, (byte)(record.InUse >> 8),
            .. Number(0x1420, Link(record.Lower)), 4, 0, 0x30, 0x14, (byte)'C', (byte)'S', 6, 0, .. "IMAGE "u8,
            .. record.File is null ? Array.Empty<byte>() : [4, 0, 0, 0x15, (byte)'C', (byte)'S', (byte)file.Length, 0, .. file]];
        return [0xFE, 0xFF, 0, 0xE0, .. BitConverter.GetBytes(body.Length), .. body];
    }

    private static byte[] Number(ushort element, uint value)
    {
        var bytes = new byte[] { 4, 0, (byte)element, (byte)(element >> 8), (byte)'U', (byte)'L', 4, 0, 0, 0, 0, 0 };
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), value);
        return bytes;
    }
}
