using System.IO.Pipelines;
using Xunit;

namespace Dicom.Migration.Testing;

/// <summary>Made-up instances on their way into a target that is checked.</summary>
internal static class ContractObjects
{
    public static ReadOnlyMemory<byte> DataSet(MadeUpInstance instance) => instance.Bytes[instance.DataSetOffset..];

    public static OutgoingInstance Outgoing(MadeUpInstance instance, MadeUpInstance? named = null, PipeReader? body = null, long? length = null, (string Instance, string Series, string Study)? uids = null) => new()
    {
        StudyInstanceUid = uids?.Study ?? (named ?? instance).StudyInstanceUid,
        SeriesInstanceUid = uids?.Series ?? (named ?? instance).SeriesInstanceUid,
        SopClassUid = instance.SopClassUid,
        SopInstanceUid = uids?.Instance ?? (named ?? instance).SopInstanceUid,
        TransferSyntax = instance.TransferSyntax,
        Body = body ?? new WatchedBody(DataSet(instance)),
        Length = length ?? (body is null ? DataSet(instance).Length : null),
        Envelope = uids is null && named is null ? instance.Bytes[..instance.DataSetOffset] : default,
    };

    /// <summary>Stores in one session, and gives the answers in the order of the instances.</summary>
    public static Task<List<StoreOutcome>> StoreAsync(IMigrationTarget target, IReadOnlyList<MadeUpInstance> instances) => StoreAsync(target, [.. instances.Select(static i => Outgoing(i))]);

    public static async Task<List<StoreOutcome>> StoreAsync(IMigrationTarget target, IReadOnlyList<OutgoingInstance> instances)
    {
        var session = await target.OpenSessionAsync(TestContext.Current.CancellationToken).ConfigureAwait(false);
        await using (session.ConfigureAwait(false))
        {
            var receipts = new List<StoreReceipt>();
            foreach (var instance in instances) receipts.Add(await session.StoreAsync(instance, TestContext.Current.CancellationToken).ConfigureAwait(false));
            await session.FlushAsync(TestContext.Current.CancellationToken).ConfigureAwait(false);
            Assert.All(receipts, static receipt => Assert.True(receipt.Acknowledged.IsCompletedSuccessfully, "A flush brings every receipt to its answer."));
            return [.. await Task.WhenAll(receipts.Select(static r => r.Acknowledged)).ConfigureAwait(false)];
        }
    }
}
