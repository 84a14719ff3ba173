using System.Diagnostics;
using System.Globalization;

namespace Comparisons.Dimse;

/// <summary>What a process used in a stretch of time.</summary>
/// <param name="Wall">In seconds.</param> <param name="Cpu">User and system time, in seconds.</param> <param name="Allocated">Managed memory, in bytes.</param>
/// <param name="Resident">Largest resident set so far, in bytes.</param>
internal readonly record struct Usage(double Wall, double Cpu, long Allocated, long Resident)
{
    public static Usage Now() => new(Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency, Environment.CpuUsage.TotalTime.TotalSeconds,
        GC.GetTotalAllocatedBytes(precise: true), Process.GetCurrentProcess().PeakWorkingSet64);

    public Usage Since()
    {
        var now = Now();
        return new Usage(now.Wall - Wall, now.Cpu - Cpu, now.Allocated - Allocated, now.Resident - Resident);
    }
}

/// <summary>What a worker did, as one line of text.</summary>
/// <param name="Objects">Objects.</param> <param name="Bytes">Bytes of their data sets.</param> <param name="Sum">Sum of their digests; 0 if none were taken.</param> <param name="Usage">What it took.</param>
internal sealed record Figures(long Objects, long Bytes, ulong Sum, Usage Usage)
{
    public override string ToString() => string.Join(' ', new IFormattable[] { Objects, Bytes, Sum, Usage.Wall, Usage.Cpu, Usage.Allocated, Usage.Resident }
        .Select(static f => f.ToString(null, CultureInfo.InvariantCulture)));

    public static Figures Parse(string line)
    {
        var fields = line.Split(' ');
        double[] numbers = [.. fields.Select(static f => double.Parse(f, CultureInfo.InvariantCulture))];
        return new Figures((long)numbers[0], (long)numbers[1], ulong.Parse(fields[2], CultureInfo.InvariantCulture), new Usage(numbers[3], numbers[4], (long)numbers[5], (long)numbers[6]));
    }
}
