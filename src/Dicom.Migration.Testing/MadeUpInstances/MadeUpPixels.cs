using System.Buffers.Binary;
using static Dicom.Migration.Testing.RawElement;

namespace Dicom.Migration.Testing;

/// <summary>Image Pixel attributes and Pixel Data (PS3.3 §C.7.6.3; PS3.5 §8, §A.4). Compressed frames are made-up bytes between real markers: nothing here decodes.</summary>
internal static class MadeUpPixels
{
    public const uint PixelData = 0x7FE00010;

    public static int Frames(MadeUpKind kind) => kind is MadeUpKind.UltrasoundMultiFrame or MadeUpKind.EnhancedMrImage or MadeUpKind.Segmentation ? 3 : 1;

    /// <summary>The module of one kind; <paramref name="size"/> is rows and columns, a multiple of 4.</summary>
    public static IEnumerable<RawElement> Make(MadeUpRecipe recipe, SplitMix random, ushort size)
    {
        var kind = recipe.Kind;
        var (samples, allocated) = kind switch
        {
            MadeUpKind.SecondaryCapture => (3, 8),
            MadeUpKind.UltrasoundMultiFrame => (1, 8),
            MadeUpKind.Segmentation => (1, 1),
            _ => (1, 16),
        };
        yield return UShort(0x00280002, (ushort)samples);
        yield return Text(0x00280004, "CS", samples == 3 ? "RGB" : "MONOCHROME2");
        if (samples == 3) yield return UShort(0x00280006, 0);
        if (Frames(kind) > 1) yield return Number(0x00280008, "IS", Frames(kind));
        yield return UShort(0x00280010, size);
        yield return UShort(0x00280011, size);
        yield return UShort(0x00280100, (ushort)allocated);
        yield return UShort(0x00280101, (ushort)Math.Min(allocated, 12));
        yield return UShort(0x00280102, (ushort)(Math.Min(allocated, 12) - 1));
        yield return UShort(0x00280103, 0);
        if (recipe.Encoding is MadeUpEncoding.Jpeg or MadeUpEncoding.JpegLs or MadeUpEncoding.Jpeg2000 or MadeUpEncoding.RunLength)
        {
            foreach (var element in Encapsulated(recipe, random)) yield return element;
            yield break;
        }
        var pixels = random.Bytes(size * size * samples * allocated / 8 * Frames(kind));
        if (allocated == 16) for (var i = 1; i < pixels.Length; i += 2) pixels[i] &= 0x0F; // 12 bits stored
        // PS3.5 §A.1, §A.2: OW in Implicit VR and for more than 8 bits; OB else.
        yield return Bytes(PixelData, allocated == 16 || recipe.Encoding == MadeUpEncoding.ImplicitLittleEndian ? "OW" : "OB", pixels);
    }

    private static IEnumerable<RawElement> Encapsulated(MadeUpRecipe recipe, SplitMix random)
    {
        var frames = Enumerable.Range(0, Frames(recipe.Kind)).Select(_ => Frame(recipe.Encoding, random)).ToArray();
        var offsets = new uint[frames.Length];
        for (var i = 1; i < frames.Length; i++) offsets[i] = offsets[i - 1] + 8 + (uint)frames[i - 1].Length;
        if (recipe.Encoding == MadeUpEncoding.Jpeg2000)
        {
            // Extended offset table and lengths: 64-bit; the basic one is empty then (PS3.3 §C.7.6.3.1.8).
            yield return Bytes(0x7FE00001, "OV", Longs(offsets));
            yield return Bytes(0x7FE00002, "OV", Longs([.. frames.Select(frame => (uint)frame.Length)]));
        }
        List<byte[]> fragments = [recipe.Encoding is MadeUpEncoding.JpegLs or MadeUpEncoding.RunLength ? ULong(0, "UL", offsets).Value! : []];
        foreach (var frame in frames)
        {
            // JPEG: a single frame in two fragments; several frames one each, as no offset table tells them apart (PS3.5 §A.4).
            if (recipe.Encoding == MadeUpEncoding.Jpeg && frames.Length == 1) fragments.AddRange([frame[..40], frame[40..]]);
            else fragments.Add(frame);
        }
        yield return new RawElement(PixelData, "OB", null) { Fragments = fragments, IsUndefined = true };
    }

    private static byte[] Frame(MadeUpEncoding encoding, SplitMix random)
    {
        var body = random.Bytes(2 * (40 + random.Below(60)));
        for (var i = 0; i < body.Length; i++) if (body[i] == 0xFF) body[i] = 0xFE; // no marker in the middle
        return encoding switch
        {
            MadeUpEncoding.Jpeg => [0xFF, 0xD8, .. body, 0xFF, 0xD9],
            MadeUpEncoding.JpegLs => [0xFF, 0xD8, 0xFF, 0xF7, .. body, 0xFF, 0xD9],
            MadeUpEncoding.Jpeg2000 => [0xFF, 0x4F, 0xFF, 0x51, .. body, 0xFF, 0xD9],
            _ => [1, 0, 0, 0, 64, .. new byte[59], .. body], // RLE header: one segment, at byte 64 (PS3.5 §G.5)
        };
    }

    private static byte[] Longs(uint[] values)
    {
        var bytes = new byte[values.Length * 8];
        for (var i = 0; i < values.Length; i++) BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(i * 8), values[i]);
        return bytes;
    }
}
