namespace Dicom.Migration.FileSystem.Archives;

/// <summary>What one container may hold and unpack to.</summary>
/// <param name="MaxEntries">Most entries.</param>
/// <param name="MaxRatio">Most bytes out for one byte of the container; 32 MiB are always allowed.</param>
internal sealed record ContainerLimits(int MaxEntries, int MaxRatio)
{
    public long Allowed(long bytes) => Math.Max(33_554_432, bytes > long.MaxValue / MaxRatio ? long.MaxValue : bytes * MaxRatio);
}
