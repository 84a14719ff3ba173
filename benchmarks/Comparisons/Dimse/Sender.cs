using System.IO.Pipelines;
using Dicom.Migration.DataSets;
using Dicom.Migration.Dimse;

namespace Comparisons.Dimse;

/// <summary>A C-STORE SCU in a process of its own: out of memory, or out of files, which are read and hashed ahead.</summary>
internal static class Sender
{
    /// <summary>The process: warms up against a receiver of its own, sends, and says what it took.</summary>
    public static async Task<int> RunAsync(int port, string called, string source, int count, int lanes, int window, int warmUp, CancellationToken cancellationToken)
    {
        var paths = Directory.Exists(source) ? Directory.GetFiles(source).Order(StringComparer.Ordinal).ToArray() : null;
        StoreObject[] objects = paths is null ? StoreObject.Make(source, Math.Min(count, 100)) : [.. paths.Select(static p => StoreObject.Read(File.ReadAllBytes(p)))];
        if (warmUp > 0)
        {
            await using var listener = Receiver.Listen(new Receiver("discard"));
            await WarmUp.RunAsync(() => SendAsync(listener.EndPoint.Port, "RECEIVER", objects, paths, warmUp, lanes, window, cancellationToken));
        }

        GC.Collect();
        var usage = Usage.Now();
        var sum = await SendAsync(port, called, objects, paths, count, lanes, window, cancellationToken);
        Console.WriteLine(new Figures(count, objects.Length == 0 ? 0 : Enumerable.Range(0, count).Sum(i => (long)objects[i % objects.Length].DataSet.Length), sum, usage.Since()));
        return 0;
    }

    /// <summary>Sends so many, over so many associations at a time, with so many requests outstanding on each.</summary>
    /// <returns>The sum of the digests of what came out of files.</returns>
    public static async Task<ulong> SendAsync(int port, string called, StoreObject[] objects, string[]? paths, int count, int lanes, int window, CancellationToken cancellationToken)
    {
        var (next, sum) = (-1, 0UL);
        using var ahead = paths is null ? null : new ReadAhead(objects, paths, count, lanes * window);
        await Task.WhenAll(Enumerable.Range(0, lanes).Select(_ => Task.Run(LaneAsync, cancellationToken)));
        return sum;

        async Task LaneAsync()
        {
            // It awaits and never blocks, so it may go on where the answer is read.
            var options = new DimseClientOptions { Security = DimseSecurity.Plaintext, AeTitle = "SENDER", OperationsWindow = window, RunsCallerInline = true };
            await using var association = await DimseAssociation.ConnectAsync("127.0.0.1", port, called, StoreObject.Contexts(objects), options, TimeProvider.System, null, cancellationToken);
            await Task.WhenAll(Enumerable.Range(0, association.OperationsWindow).Select(_ => ahead is null ? StoreAsync(association) : StoreFilesAsync(association, ahead)));
            await association.ReleaseAsync();
        }

        async Task StoreAsync(DimseAssociation association)
        {
            for (var i = Interlocked.Increment(ref next); i < count; i = Interlocked.Increment(ref next))
                await StoreOneAsync(association, objects[i % objects.Length], objects[i % objects.Length].Open());
        }

        async Task StoreFilesAsync(DimseAssociation association, ReadAhead files)
        {
            while (await files.Ready.WaitToReadAsync(cancellationToken))
            {
                while (files.Ready.TryRead(out var held))
                {
                    await StoreOneAsync(association, held.Item, held.Open());
                    Interlocked.Add(ref sum, held.Digest);
                    files.Return(held);
                }
            }
        }

        async Task StoreOneAsync(DimseAssociation association, StoreObject item, PipeReader body)
        {
            var status = await association.StoreAsync(item.SopClassUid, item.SopInstanceUid, TransferSyntax.ExplicitVrLittleEndian.Uid, body, cancellationToken);
            if (!status.IsSuccess) throw new InvalidOperationException($"C-STORE ended with {status}.");
        }
    }
}
