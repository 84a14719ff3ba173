using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Security.Cryptography;
using Dicom.Migration.Dimse;

namespace Comparisons.Dimse;

/// <summary>A C-STORE SCP, in a process of its own or beside a sender: discards what comes, takes its SHA-256, or writes it into files as well.</summary>
/// <param name="work">"discard", "hash" or "disk": hash, and a file each, without fsync, as storescp does.</param>
internal sealed class Receiver(string work) : IDimseHandler
{
    private static readonly string Folder = Path.Join(Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"comparisons-received-{Environment.ProcessId}"));
    private readonly ConcurrentBag<IncrementalHash> _hashes = [];
    private long _objects;
    private long _bytes;
    private ulong _sum;

    public long Objects => Interlocked.Read(ref _objects);

    /// <summary>Objects, bytes and sum of the digests since the last call.</summary>
    public (long Objects, long Bytes, ulong Sum) Take() => (Interlocked.Exchange(ref _objects, 0), Interlocked.Exchange(ref _bytes, 0), Interlocked.Exchange(ref _sum, 0));

    public static DimseListener Listen(IDimseHandler handler) => new(new DimseListenerOptions
    {
        Security = DimseSecurity.Plaintext, EndPoint = new IPEndPoint(IPAddress.Loopback, 0), AeTitle = "RECEIVER", OperationsWindow = 64, RunsHandlerInline = true, // it awaits its body and nothing else
    }, handler, TimeProvider.System);

    /// <summary>The process: says its port, then answers each line with what came since the line before.</summary>
    public static async Task<int> RunAsync(string work, int warmUp, CancellationToken cancellationToken)
    {
        var receiver = new Receiver(work);
        await using (var listener = Listen(receiver))
        {
            await WarmUpAsync(listener.EndPoint.Port, warmUp, cancellationToken);
            Console.WriteLine(listener.EndPoint.Port);
            var usage = Usage.Now();
            while (await Console.In.ReadLineAsync(cancellationToken) is not null)
            {
                var (objects, bytes, sum) = receiver.Take();
                Console.WriteLine(new Figures(objects, bytes, sum, usage.Since()));
                usage = Usage.Now();
            }
        }

        if (Directory.Exists(Folder)) Directory.Delete(Folder, recursive: true);
        return 0;

        async Task WarmUpAsync(int port, int objects, CancellationToken token)
        {
            if (objects == 0) return;
            StoreObject[][] all = [StoreObject.Make("ct", 20), StoreObject.Make("report", 20)];
            await WarmUp.RunAsync(async () =>
            {
                foreach (var some in all) await Sender.SendAsync(port, "RECEIVER", some, null, objects, 1, 1, token);
            });
            receiver.Take();
        }
    }

    public ValueTask<AssociationDecision> OnAssociateAsync(AssociationInfo association, CancellationToken cancellationToken) => ValueTask.FromResult(AssociationDecision.Accept);
    public ContextDecision OnContext(AssociationInfo association, ContextProposal proposal) => ContextDecision.Accept(
        proposal.TransferSyntaxes.Contains("1.2.840.10008.1.2.1") ? "1.2.840.10008.1.2.1" : proposal.TransferSyntaxes[0], ContextRoles.ScuAndScp);

    public async ValueTask<DimseStatus> OnStoreAsync(StoreIndication store, PipeReader body, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(body);
        var hash = work == "discard" ? null : _hashes.TryTake(out var idle) ? idle : IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var file = work == "disk" ? File.OpenHandle(Path.Join(Directory.CreateDirectory(Folder).FullName, store.SopInstanceUid), FileMode.Create, FileAccess.Write) : null;
        var length = 0L;
        while (true)
        {
            var read = await body.ReadAsync(cancellationToken);
            foreach (var memory in read.Buffer)
            {
                hash?.AppendData(memory.Span);
                if (file is not null) RandomAccess.Write(file, memory.Span, length);
                length += memory.Length;
            }

            body.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted) break;
        }

        if (hash is not null) Add(hash);
        Interlocked.Increment(ref _objects);
        Interlocked.Add(ref _bytes, length);
        return DimseStatus.Success;
    }

    private void Add(IncrementalHash hash)
    {
        Span<byte> digest = stackalloc byte[32];
        hash.GetHashAndReset(digest);
        Interlocked.Add(ref _sum, StoreObject.Fold(digest));
        _hashes.Add(hash);
    }
}
