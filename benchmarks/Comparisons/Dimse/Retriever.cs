using Dicom.Migration.DataSets;
using Dicom.Migration.Dimse;
using System.Net;

namespace Comparisons.Dimse;

/// <summary>A C-GET or C-MOVE SCU in a process of its own, over one association at a time.</summary>
internal static class Retriever
{
    private const string Get = "1.2.840.10008.5.1.4.1.2.2.3", Move = "1.2.840.10008.5.1.4.1.2.2.2";

    /// <summary>Retrieves the studies of so many objects, and says what it took.</summary>
    public static async Task<int> RunAsync(int port, string called, bool isMove, int listen, string size, int count, int warmUp, CancellationToken cancellationToken)
    {
        var objects = StoreObject.Make(size, count);
        var receiver = new Receiver("hash");
        await using var listener = new DimseListener(new DimseListenerOptions { Security = DimseSecurity.Plaintext, EndPoint = new IPEndPoint(IPAddress.Loopback, listen), AeTitle = "RECEIVER" }, receiver, TimeProvider.System);
        if (warmUp > 0) await Sender.SendAsync(listener.EndPoint.Port, "RECEIVER", objects, null, warmUp, 1, 1, cancellationToken);
        receiver.Take();
        GC.Collect();
        var usage = Usage.Now();
        var model = isMove ? Move : Get;
        var syntax = TransferSyntax.ExplicitVrLittleEndian;
        ContextProposal[] contexts = [new(model, [TransferSyntax.ImplicitVrLittleEndian.Uid]), .. isMove ? [] : StoreObject.Contexts(objects).Select(static c => c with { Roles = ContextRoles.Scp })];
        await using var association = await DimseAssociation.ConnectAsync("127.0.0.1", port, called, contexts,
            new DimseClientOptions { Security = DimseSecurity.Plaintext, AeTitle = "RECEIVER" }, TimeProvider.System, isMove ? null : receiver, cancellationToken);
        foreach (var study in objects.Select(static o => o.StudyInstanceUid).Distinct())
        {
            var identifier = new DataSet(syntax);
            identifier.Set(new DicomTag(0x00080052), "STUDY");
            identifier.Set(new DicomTag(0x0020000D), study);
            var keys = identifier.ToArray(TransferSyntax.ImplicitVrLittleEndian);
            var responses = isMove ? association.MoveAsync(model, "RECEIVER", keys, cancellationToken) : association.GetAsync(model, keys, cancellationToken);
            await foreach (var response in responses)
                if (!response.Status.IsPending && !response.Status.IsSuccess) throw new InvalidOperationException($"The retrieval ended with {response}.");
        }

        await association.ReleaseAsync();
        var taken = usage.Since();
        var (received, bytes, sum) = receiver.Take();
        Console.WriteLine(new Figures(received, bytes, sum, taken));
        return 0;
    }
}
