namespace Dicom.Migration.Testing;

/// <summary>SplitMix64 (Steele, Lea and Flood, 2014): the same numbers on every machine and in every runtime, which <see cref="Random"/> does not promise.</summary>
internal sealed class SplitMix(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        unchecked
        {
            var z = _state += 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }

    /// <summary>A number from 0 to <paramref name="below"/> - 1.</summary>
    public int Below(int below) => (int)(Next() % (ulong)below);

    public T Pick<T>(IReadOnlyList<T> from) => from[Below(from.Count)];

    public byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        for (var i = 0; i < count; i++) bytes[i] = (byte)Next();
        return bytes;
    }

    /// <summary>A generator of its own for the <paramref name="index"/>th thing of a seed: one instance does not depend on how many came before.</summary>
    public static SplitMix For(long seed, int index)
    {
        unchecked
        {
            return new(new SplitMix((ulong)seed).Next() ^ new SplitMix((ulong)index * 0xD1342543DE82EF95 + 1).Next());
        }
    }
}
