using System.Buffers.Binary;
using System.Text;
using Dicom.Migration.DataSets;
using Dicom.Migration.Dimse.Messages;

namespace Dicom.Migration.Dimse.Services;

/// <summary>Performs a C-GET or C-MOVE: its C-STORE sub-operations, one pending response after each, and the counts (PS3.4 §C.4.2, §C.4.3).</summary>
internal sealed class Retrieval(DimseSession session, Negotiated negotiated, IDimseHandler handler, AcceptedContext context, CommandSet request)
{
    private readonly List<string> _failed = [];
    private int _completed;
    private int _warnings;
    private int _total;
    private int _attempted; // of those that one association is to carry
    private bool _isCancelled;

    private int Remaining => _total - _completed - _warnings - _failed.Count;

    /// <summary>Sends all instances, or as many as it can until it is cancelled. A failed one does not stop the others.</summary>
    public async Task RunAsync(QueryIndication query, StreamedBody identifier, CancellationToken cancellationToken)
    {
        try
        {
            if (request.UInt16(CommandSet.Field) == CommandField.GetRequest) await GetAsync(query, identifier, cancellationToken).ConfigureAwait(false);
            else await MoveAsync(query, identifier, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            _isCancelled = true;
        }
    }

    /// <summary>The last response, and its identifier: the instances that failed (PS3.4 §C.4.2.1.4.2), unless it had to be deflated.</summary>
    public CommandSet LastResponse(out ReadOnlyMemory<byte>? identifier)
    {
        var syntax = TransferSyntax.FromUid(context.TransferSyntax);
        identifier = null;
        if (_failed.Count > 0 && !syntax.IsDeflated) identifier = FailedList(syntax);
        var status = _isCancelled ? DimseStatus.Cancel
            : _failed.Count == 0 && _warnings == 0 ? DimseStatus.Success
            : _failed.Count == _total ? DimseStatus.SubOperationsImpossible : DimseStatus.SubOperationsWithFailures;
        var response = WithCounts(Responses.To(request, status, identifier is not null));
        return _isCancelled ? response.With(CommandSet.Remaining, Count(Remaining)) : response; // PS3.7 Table 9.3-6: in the last response only if cancelled
    }

    private async Task GetAsync(QueryIndication query, StreamedBody identifier, CancellationToken cancellationToken)
    {
        var instances = await handler.OnGetAsync(query, identifier.Reader, cancellationToken).ConfigureAwait(false);
        await LetPassAsync(identifier).ConfigureAwait(false);
        _total = instances.Count;
        foreach (var instance in instances)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await SendAsync(instance, async () =>
            {
                var store = negotiated.Contexts.Values.FirstOrDefault(c => c.Roles.HasFlag(ContextRoles.Scp) && string.Equals(c.AbstractSyntax, instance.SopClassUid, StringComparison.Ordinal)
                    && string.Equals(c.TransferSyntax, instance.TransferSyntaxUid, StringComparison.Ordinal));
                if (store is null) return DimseStatus.SopClassNotSupported;
                var body = await instance.OpenAsync(cancellationToken).ConfigureAwait(false);
                try
                {
                    // Not cancelled half-way: that would cost the association.
                    return (await session.RequestAsync(store, DimseServiceUser.StoreCommand(instance), body, session.Ended).ConfigureAwait(false)).Status;
                }
                finally
                {
                    await body.CompleteAsync().ConfigureAwait(false);
                }
            }).ConfigureAwait(false);
        }
    }

    private async Task MoveAsync(QueryIndication query, StreamedBody identifier, CancellationToken cancellationToken)
    {
        var plan = await handler.OnMoveAsync(query, identifier.Reader, cancellationToken).ConfigureAwait(false);
        await LetPassAsync(identifier).ConfigureAwait(false);
        _total = plan.Instances.Count;
        var kinds = plan.Instances.Select(i => (i.SopClassUid, i.TransferSyntaxUid)).Distinct().Select(k => new ContextProposal(k.SopClassUid, [k.TransferSyntaxUid]));
        foreach (var contexts in ContextPlanner.Plan(kinds.ToList()))
        {
            var now = contexts.Select(c => (c.AbstractSyntax, c.TransferSyntaxes[0])).ToHashSet();
            var instances = plan.Instances.Where(i => now.Contains((i.SopClassUid, i.TransferSyntaxUid))).ToList();
            _attempted = 0;
            try
            {
                var destination = await plan.ConnectAsync(contexts, cancellationToken).ConfigureAwait(false);
                await using var owned = destination.ConfigureAwait(false);
                await MoveAsync(destination, instances, cancellationToken).ConfigureAwait(false);
                await destination.ReleaseAsync().ConfigureAwait(false);
            }
            catch (AssociationException)
            {
                // The destination is not there, or went away: what was not sent has failed.
                foreach (var instance in instances.Skip(_attempted)) _failed.Add(instance.SopInstanceUid);
            }
        }
    }

    private async Task MoveAsync(DimseAssociation destination, List<OutgoingInstance> instances, CancellationToken cancellationToken)
    {
        var originator = new MoveOriginator(negotiated.Info.CallingAeTitle, request.UInt16(CommandSet.MessageId));
        foreach (var instance in instances)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _attempted++;
            await SendAsync(instance, () => destination.StoreAsync(instance, originator, session.Ended)).ConfigureAwait(false);
        }
    }

    /// <summary>What the handler has not read of its identifier: nothing is sent before the last fragment is here, and no sub-operation's answer is read.</summary>
    private static async Task LetPassAsync(StreamedBody identifier)
    {
        await identifier.Reader.CompleteAsync().ConfigureAwait(false);
        await identifier.WhenHere.ConfigureAwait(false);
    }

    private async Task SendAsync(OutgoingInstance instance, Func<Task<DimseStatus>> storeAsync)
    {
        DimseStatus status;
        try
        {
            status = await storeAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is MigrationException or IOException)
        {
            status = DimseStatus.ProcessingFailure; // one that cannot be opened or sent does not stop the others
        }

        if (status.IsSuccess) _completed++;
        else if (status.IsWarning) _warnings++;
        else _failed.Add(instance.SopInstanceUid);
        var pending = WithCounts(Responses.To(request, DimseStatus.Pending, hasDataSet: false)).With(CommandSet.Remaining, Count(Remaining));
        await session.SendAsync(context, pending, null).ConfigureAwait(false);
    }

    private CommandSet WithCounts(CommandSet response) => response.With(CommandSet.Completed, Count(_completed)).With(CommandSet.Failed, Count(_failed.Count)).With(CommandSet.Warning, Count(_warnings));

    private static ushort Count(int count) => (ushort)Math.Min(count, ushort.MaxValue);

    /// <summary>(0008,0058) Failed SOP Instance UID List, alone in its data set.</summary>
    private byte[] FailedList(TransferSyntax syntax)
    {
        const int Longest = 65_534; // the 16-bit length of VR UI (PS3.5 §7.1.2): more do not fit, and the counts say so
        var text = new StringBuilder();
        foreach (var uid in _failed)
        {
            if (text.Length + 1 + uid.Length > Longest) break;
            if (text.Length > 0) text.Append('\\');
            text.Append(uid);
        }

        if (text.Length % 2 != 0) text.Append('\0');
        var value = Encoding.Latin1.GetBytes(text.ToString());
        var output = new byte[8 + value.Length];
        WriteUInt16(output, 0x0008);
        WriteUInt16(output.AsSpan(2), 0x0058);
        if (syntax.IsExplicitVr)
        {
            "UI"u8.CopyTo(output.AsSpan(4));
            WriteUInt16(output.AsSpan(6), (ushort)value.Length);
        }
        else
        {
            BinaryPrimitives.WriteInt32LittleEndian(output.AsSpan(4), value.Length);
        }

        value.CopyTo(output, 8);
        return output;

        void WriteUInt16(Span<byte> to, ushort number)
        {
            if (syntax.IsBigEndian) BinaryPrimitives.WriteUInt16BigEndian(to, number);
            else BinaryPrimitives.WriteUInt16LittleEndian(to, number);
        }
    }
}
