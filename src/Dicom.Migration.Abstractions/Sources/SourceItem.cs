namespace Dicom.Migration;

/// <summary>One thing that reading a unit gave: a <see cref="SourceInstance"/> or a <see cref="SourceFinding"/>, nothing else.</summary>
public abstract class SourceItem : IAsyncDisposable
{
    private protected SourceItem(string place)
    {
        ArgumentNullException.ThrowIfNull(place);
        Place = place;
    }

    /// <summary>Where in the unit it stands: an entry of a container, a SOP Instance UID; empty if the unit is one file. For the ledger, not for logs.</summary>
    public string Place { get; }

    /// <summary>Lets go of what the item holds; more than once does no harm.</summary>
    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }
}
