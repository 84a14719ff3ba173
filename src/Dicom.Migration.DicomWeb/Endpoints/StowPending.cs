using System.Buffers;

namespace Dicom.Migration.DicomWeb;

/// <summary>An instance whose data set is held until its request is sent.</summary>
internal sealed class StowPending(DicomWebResource resource, StoredReference reference, ReadOnlyMemory<byte> envelope, byte[] rented, int length) : IDisposable
{
    private readonly TaskCompletionSource<StoreOutcome> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private byte[]? _rented = rented;

    public DicomWebResource Resource => resource;
    public int Length => length;
    public bool IsAnswered => _answer.Task.IsCompleted;
    public StoreReceipt Receipt => new(_answer.Task);
    public ReadOnlySequence<byte> DataSet => new(_rented!, 0, length);
    public StowInstance ToInstance() => StowInstance.FromMemory(resource.SopInstanceUid!, reference.SopClassUid, envelope, DataSet);

    public void Answer(StoreDisposition disposition, Fault? fault) =>
        _answer.TrySetResult(new StoreOutcome(disposition, disposition is StoreDisposition.NotStored ? null : reference, fault));

    public void Dispose()
    {
        if (_rented is not null) ArrayPool<byte>.Shared.Return(_rented);
        _rented = null;
    }
}
