using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Security.Cryptography;
using Dicom.Migration.DataSets;
using Dicom.Migration.Dimse;

namespace Comparisons.Dimse;

/// <summary>Passes on each object over an association of its own, while it still comes in: holds no more than a piece of it.</summary>
internal sealed class Relay(int port) : IDimseHandler
{
    private const string MultiFrame = "1.2.840.10008.5.1.4.1.1.7.2", Jpeg2000 = "1.2.840.10008.1.2.4.90";

    public static async Task<int> RunAsync(int port, CancellationToken cancellationToken)
    {
        await using var listener = Receiver.Listen(new Relay(port));
        var warmUp = StoreObject.Make("ct", 20).Select(static o => o with { SopClassUid = MultiFrame }).ToArray();
        await Sender.SendAsync(listener.EndPoint.Port, "RECEIVER", warmUp, null, 200, 1, 1, cancellationToken);
        using var process = Process.GetCurrentProcess();
        var before = process.WorkingSet64;
        Console.WriteLine(listener.EndPoint.Port);
        var usage = Usage.Now();
        await Console.In.ReadLineAsync(cancellationToken);
        process.Refresh();
        Console.WriteLine(new Figures(1, 0, 0, usage.Since() with { Resident = process.PeakWorkingSet64 - before }));
        await Console.In.ReadLineAsync(cancellationToken);
        return 0;
    }

    /// <summary>Sends one multi-frame object of so many GiB: encapsulated, in frames of 1 MiB, made while they are sent.</summary>
    public static async Task<int> SendAsync(int port, int gib, CancellationToken cancellationToken)
    {
        var usage = Usage.Now();
        await using var association = await ConnectAsync(port, cancellationToken);
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1 << 20, resumeWriterThreshold: 1 << 19, minimumSegmentSize: 65_536));
        var writing = WriteAsync(pipe.Writer, gib, cancellationToken);
        var status = await association.StoreAsync(MultiFrame, "2.25.1", Jpeg2000, pipe.Reader, cancellationToken);
        await pipe.Reader.CompleteAsync();
        var (length, sum) = await writing;
        await association.ReleaseAsync();
        if (!status.IsSuccess) throw new InvalidOperationException($"C-STORE ended with {status}.");
        Console.WriteLine(new Figures(1, length, sum, usage.Since()));
        return 0;
    }

    public ValueTask<AssociationDecision> OnAssociateAsync(AssociationInfo association, CancellationToken cancellationToken) => ValueTask.FromResult(AssociationDecision.Accept);
    public ContextDecision OnContext(AssociationInfo association, ContextProposal proposal) => ContextDecision.Accept(proposal.TransferSyntaxes[0]);

    public async ValueTask<DimseStatus> OnStoreAsync(StoreIndication store, PipeReader body, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        await using var association = await ConnectAsync(port, cancellationToken);
        var status = await association.StoreAsync(store.SopClassUid, store.SopInstanceUid, store.Context.TransferSyntax, body, cancellationToken);
        await association.ReleaseAsync();
        return status;
    }

    private static Task<DimseAssociation> ConnectAsync(int port, CancellationToken cancellationToken) => DimseAssociation.ConnectAsync("127.0.0.1", port, "RECEIVER",
        [new ContextProposal(MultiFrame, [Jpeg2000]), new ContextProposal(MultiFrame, [TransferSyntax.ExplicitVrLittleEndian.Uid])], new DimseClientOptions { Security = DimseSecurity.Plaintext }, TimeProvider.System, null, cancellationToken);

    private static async Task<(long Length, ulong Sum)> WriteAsync(PipeWriter output, int gib, CancellationToken cancellationToken)
    {
        var dataSet = new DataSet(TransferSyntax.ExplicitVrLittleEndian);
        dataSet.Set(new DicomTag(0x00080016), MultiFrame);
        dataSet.Set(new DicomTag(0x00080018), "2.25.1");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var length = 0L;
        await PutAsync(dataSet.ToArray());
        await PutAsync([0xE0, 0x7F, 0x10, 0x00, (byte)'O', (byte)'B', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0, 0]);
        var frame = new byte[8 + (1 << 20)];
        new Random(1).NextBytes(frame);
        new byte[] { 0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0x10, 0 }.CopyTo(frame, 0);
        for (var i = 0; i < gib * 1_024; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(8), i); // no two alike
            await PutAsync(frame);
        }

        await PutAsync([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
        await output.CompleteAsync();
        return (length, StoreObject.Fold(hash.GetHashAndReset()));

        async Task PutAsync(byte[] bytes)
        {
            hash.AppendData(bytes);
            length += bytes.Length;
            await output.WriteAsync(bytes, cancellationToken);
        }
    }
}
