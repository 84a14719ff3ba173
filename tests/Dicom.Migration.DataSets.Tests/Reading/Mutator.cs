using System.Buffers.Binary;

namespace Dicom.Migration.DataSets.Tests;

/// <summary>Spoils samples in the ways that matter to a reader of lengths and tags; the same random numbers give the same bytes.</summary>
internal static class Mutator
{
    private static readonly uint[] Numbers = [0, 1, 0xFFFF, 0xFFFE, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF, 0xE000FFFE, 0xE00DFFFE, 0xE0DDFFFE, 0x00107FE0];

    internal static byte[] Mutate(Random random, byte[][] samples)
    {
        var bytes = random.Next(16) == 0 ? RandomBytes(random, random.Next(200)) : samples[random.Next(samples.Length)];
        for (var i = random.Next(5); i > 0; i--) bytes = Once(random, bytes, samples);
        return bytes;
    }

    private static byte[] Once(Random random, byte[] bytes, byte[][] samples)
    {
        var (from, to) = (random.Next(bytes.Length + 1), random.Next(bytes.Length + 1));
        if (from > to) (from, to) = (to, from);
        switch (random.Next(7))
        {
            case 0: return bytes[..from]; // cut
            case 1: return [.. bytes.AsSpan(0, from), .. bytes.AsSpan(to)]; // taken out
            case 2: return bytes.Length > 4_096 ? bytes : [.. bytes.AsSpan(0, to), .. bytes.AsSpan(from)]; // repeated
            case 3: return [.. bytes.AsSpan(0, from), .. samples[random.Next(samples.Length)].AsSpan()]; // two joined
            case 4: return [.. bytes.AsSpan(0, from), .. RandomBytes(random, random.Next(16)), .. bytes.AsSpan(from)]; // inserted
        }
        var changed = (byte[])bytes.Clone();
        if (changed.Length < 4) return changed;
        if (random.Next(2) == 0) changed[random.Next(changed.Length)] ^= (byte)(1 << random.Next(8));
        else BinaryPrimitives.WriteUInt32LittleEndian(changed.AsSpan(random.Next(changed.Length - 3)), Numbers[random.Next(Numbers.Length)]);
        return changed;
    }

    private static byte[] RandomBytes(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
