using System.Buffers.Binary;
using Dicom.Migration.Testing;

namespace Comparisons;

/// <summary>Archives to move: made-up headers with pixel data of a given size that does not repeat.</summary>
internal static class Archive
{
    /// <summary>Writes files of about so many bytes each, a hundred in a folder.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="files">How many.</param>
    /// <param name="bytes">Size of each.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="study">Puts them all into one study, made of this number; by default each is a study of its own.</param>
    public static async Task WriteAsync(string folder, int files, int bytes, CancellationToken cancellationToken, int? study = null)
    {
        var recipe = MadeUpInstances.CreateAll(1)[0].Recipe;
        var random = new Random(1);
        for (var i = 0; i < files; i++)
        {
            var place = Directory.CreateDirectory(Path.Join(folder, $"{i / 100:D4}")).FullName;
            var made = MadeUpInstances.Create(study ?? i, recipe, i).Bytes.ToArray();
            await using var file = File.Create(Path.Join(place, $"{i:D6}.dcm"));
            await file.WriteAsync(made, cancellationToken);
            var more = bytes - made.Length - 12;
            if (more <= 0) continue;
            // (FFFC,FFFC) Data Set Trailing Padding, OB (PS3.10 §7.2): any length, behind all else.
            var padding = new byte[12 + (more & ~1)];
            random.NextBytes(padding);
            byte[] header = [0xFC, 0xFF, 0xFC, 0xFF, (byte)'O', (byte)'B', 0, 0];
            header.CopyTo(padding, 0);
            BinaryPrimitives.WriteInt32LittleEndian(padding.AsSpan(8), more & ~1);
            await file.WriteAsync(padding, cancellationToken);
        }
    }

    /// <summary>Writes one multi-frame object of so many GiB, encapsulated, whose fragments are holes in the file: only the copy takes up room.</summary>
    public static async Task WriteLargeAsync(string path, int gib, CancellationToken cancellationToken)
    {
        var made = MadeUpInstances.CreateAll(1).First(i => i.TransferSyntax.IsEncapsulated).Bytes.ToArray();
        var pixels = made.AsSpan().LastIndexOf([(byte)0xE0, (byte)0x7F, (byte)0x10, (byte)0x00, (byte)'O', (byte)'B']);
        await using var file = File.Create(path);
        await file.WriteAsync(made.AsMemory(0, pixels + 12), cancellationToken);
        await file.WriteAsync(Item(0xE000, 0), cancellationToken);
        for (var i = 0; i < gib; i++)
        {
            await file.WriteAsync(Item(0xE000, 1 << 30), cancellationToken);
            file.SetLength(file.Position + (1 << 30));
            file.Position = file.Length;
        }
        await file.WriteAsync(Item(0xE0DD, 0), cancellationToken);

        static byte[] Item(ushort element, int length)
        {
            var item = new byte[] { 0xFE, 0xFF, 0, 0, 0, 0, 0, 0 };
            BinaryPrimitives.WriteUInt16LittleEndian(item.AsSpan(2), element);
            BinaryPrimitives.WriteInt32LittleEndian(item.AsSpan(4), length);
            return item;
        }
    }
}
