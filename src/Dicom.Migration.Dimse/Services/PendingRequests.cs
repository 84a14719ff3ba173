using System.Collections.Concurrent;
using Dicom.Migration.Dimse.Messages;
using Dicom.Migration.Dimse.UpperLayer;

namespace Dicom.Migration.Dimse.Services;

/// <summary>Requests of ours whose answer is to come, by message ID (PS3.7 §9.1). Of use to several threads at a time.</summary>
/// <param name="firstId">The first ID that is given.</param>
internal sealed class PendingRequests(ushort firstId)
{
    private readonly ConcurrentDictionary<ushort, PendingRequest> _requests = new();
    private int _last = firstId - 1;

    /// <summary>Whether the peer owes one that has a single answer. A query may take its time: what it sends meanwhile is looked at by itself.</summary>
    public bool IsAnswerOwed => !_requests.IsEmpty && _requests.Values.Any(static r => r is PendingAnswer);

    /// <summary>Gives a request its message ID.</summary>
    public ushort Add(PendingRequest request)
    {
        ushort id;
        do
        {
            id = (ushort)Interlocked.Increment(ref _last);
        }
        while (!_requests.TryAdd(id, request)); // a long query may still hold a number when the counter comes round again
        return id;
    }

    /// <summary>Forgets a request; not a later one of the same number.</summary>
    public void Remove(ushort id, PendingRequest request) => _requests.TryRemove(KeyValuePair.Create(id, request));

    /// <summary>The request that a response answers.</summary>
    /// <exception cref="AssociationException">There is none, or it is answered by another command.</exception>
    public PendingRequest AnsweredBy(CommandSet response) =>
        _requests.TryGetValue(response.UInt16(CommandSet.MessageIdBeingRespondedTo), out var request) && request.ResponseField == response.UInt16(CommandSet.Field) ? request
            : throw ItemCursor.Violation(0, "A response answers no request of ours.");

    /// <summary>No answer will come to any of them.</summary>
    public void Fail(Exception cause)
    {
        foreach (var request in _requests.Values) request.Fail(cause);
    }
}
