using System.Globalization;

namespace Dicom.Migration.Testing;

/// <summary>UIDs under 2.25 (PS3.5 §B.2), made from a seed and a place; version 8 of RFC 9562, so that they cannot be taken for random ones.</summary>
internal static class MadeUpUids
{
    public static string Study(long seed, int study) => Make(seed, 1, study, 0);
    public static string Series(long seed, int study, int series) => Make(seed, 2, study, series);
    public static string Instance(long seed, int index) => Make(seed, 3, index, 0);
    /// <summary>Frames of reference, referenced instances: whatever else needs a UID.</summary>
    public static string Other(long seed, int index, int number) => Make(seed, 4, index, number);

    private static string Make(long seed, int level, int first, int second)
    {
        unchecked
        {
            var random = new SplitMix((ulong)seed ^ new SplitMix(((ulong)level << 60) ^ ((ulong)(uint)first << 28) ^ (uint)second).Next());
            var high = (random.Next() & 0xFFFFFFFFFFFF0FFF) | 0x8000;
            var low = (random.Next() & 0x3FFFFFFFFFFFFFFF) | 0x8000000000000000;
            return "2.25." + new UInt128(high, low).ToString(CultureInfo.InvariantCulture);
        }
    }
}
