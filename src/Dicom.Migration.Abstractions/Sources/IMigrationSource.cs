namespace Dicom.Migration;

/// <summary>A place that instances are migrated from. Read only by type: no member writes. Different units may be read at the same time.</summary>
public interface IMigrationSource
{
    /// <summary>Names the source in configuration, logs and the ledger; unique in one migration.</summary>
    public string Name { get; }

    /// <summary>Says which archive this is, as kind and address, such as <c>folder:/archive</c>; no credentials. A ledger is bound to it.</summary>
    public string Address { get; }

    /// <summary>Lists the units there are to move, opening none.</summary>
    /// <param name="after">Where an earlier run got to, or <see langword="null"/> to start afresh.</param>
    /// <param name="cancellationToken">Ends the listing.</param>
    /// <remarks>A unit may be listed twice; none is left out. The ledger drops repeats by <see cref="SourceUnit.Key"/>, not the source.
    /// Each run lists: what is done is read again if its <see cref="SourceUnit.Stamp"/> or its number of instances is another.</remarks>
    /// <exception cref="SourceUnavailableException">The source cannot be reached; its fault says whether to try again.</exception>
    public IAsyncEnumerable<SourceUnit> DiscoverAsync(SourceCursor? after, CancellationToken cancellationToken);

    /// <summary>Reads one unit's instances, in whatever order they arrive.</summary>
    /// <param name="unit">As listed by this source, in this run or an earlier one.</param>
    /// <param name="cancellationToken">Ends the reading; what was handed out is disposed by its holder all the same.</param>
    /// <returns>Instances and findings. An instance is read to its end, or disposed, before the next is asked for; until then the source
    /// is read no further: that is how backpressure reaches the peer. What cannot be read is a finding, and the next follows.</returns>
    /// <remarks>May deliver fewer or other instances than the unit expects: whoever reads compares, as a peer that pushes (C-MOVE) gives no order and no end.</remarks>
    /// <exception cref="SourceUnavailableException">The source is gone as a whole; the unit is to be read again from its start.</exception>
    public IAsyncEnumerable<SourceItem> ReadAsync(SourceUnit unit, CancellationToken cancellationToken);
}
