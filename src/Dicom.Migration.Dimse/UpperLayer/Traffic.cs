using System.Diagnostics.Metrics;

namespace Dicom.Migration.Dimse.UpperLayer;

/// <summary>Bytes of PDUs in either direction, before TLS, for a collector of metrics: instrument <c>dicom.dimse.bytes</c>.</summary>
internal static class Traffic
{
    /// <summary>The meter of all that this package counts.</summary>
    public static Meter Meter { get; } = new("Dicom.Migration.Dimse");

    private static readonly Counter<long> Bytes = Meter.CreateCounter<long>("dicom.dimse.bytes", "By", "Bytes of PDUs, before TLS.");

    /// <summary>Whether anybody collects: if nobody does, it costs nothing.</summary>
    public static bool IsCounted => Bytes.Enabled;

    public static void Sent(ReadOnlyMemory<byte> bytes, List<ReadOnlyMemory<byte>>? pieces)
    {
        long length = bytes.Length;
        foreach (var piece in pieces ?? []) length += piece.Length;
        Bytes.Add(length, new KeyValuePair<string, object?>("direction", "sent"));
    }

    public static void Received(long bytes) => Bytes.Add(bytes, new KeyValuePair<string, object?>("direction", "received"));
}
