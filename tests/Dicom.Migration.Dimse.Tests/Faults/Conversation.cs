using System.Buffers;
using System.IO.Pipelines;
using Dicom.Migration.Dimse.Messages;
using Dicom.Migration.Dimse.Tests.Services;
using Dicom.Migration.Dimse.Tests.UpperLayer;
using Dicom.Migration.Dimse.UpperLayer;

namespace Dicom.Migration.Dimse.Tests.Faults;

/// <summary>What the two sides of one association said to each other.</summary>
/// <param name="Requests">By the side that asked for it.</param> <param name="Answers">By the other.</param>
internal sealed record Conversation(byte[] Requests, byte[] Answers)
{
    /// <summary>Those of DCMTK's tools, and those of this SDK with itself.</summary>
    public static async Task<IReadOnlyList<Conversation>> AllAsync(CancellationToken cancellationToken)
    {
        var all = CapturedConversations.Folders.Order(StringComparer.Ordinal)
            .Select(static f => new Conversation(File.ReadAllBytes(Path.Combine(f, "c2s.bin")), File.ReadAllBytes(Path.Combine(f, "s2c.bin")))).ToList();
        const string Ct = "1.2.840.10008.5.1.4.1.1.2", Find = "1.2.840.10008.5.1.4.1.2.2.1", Verification = "1.2.840.10008.1.1";
        var instance = Elements.Instance(Ct, "1.2.3.4");
        all.Add(await HoldAsync([new ContextProposal(Verification, [Elements.Implicit])], static (a, token) => a.EchoAsync(token), cancellationToken));
        all.Add(await HoldAsync([new ContextProposal(Ct, [Elements.Explicit, Elements.Implicit])], (a, token) => a.StoreAsync(Ct, "1.2.3.4", Elements.Explicit, Elements.Body(instance), token), cancellationToken));
        all.Add(await OfALongFragmentAsync(cancellationToken));
        all.Add(await HoldAsync([new ContextProposal(Find, [Elements.Explicit])], static async (a, token) =>
        {
            await foreach (var _ in a.FindAsync(Find, Elements.Element(0x00080052, "CS", "STUDY"), token)) continue;
        }, cancellationToken));
        return all;
    }

    /// <summary>A C-STORE whose data set is one fragment that is never held whole, and the release; all but the last 10 bytes of what is asked are before its end.</summary>
    public static Task<Conversation> OfALongFragmentAsync(CancellationToken cancellationToken)
    {
        const string Ct = "1.2.840.10008.5.1.4.1.1.2";
        byte[] instance = [.. Elements.Instance(Ct, "1.2.3.4"), .. Elements.Element(0x00104000, "LT", new string('0', 60_000))];
        return HoldAsync([new ContextProposal(Ct, [Elements.Explicit])], (a, token) => a.StoreAsync(Ct, "1.2.3.4", Elements.Explicit, Elements.Body(instance), token), cancellationToken);
    }

    /// <summary>The request that opens it, as far as it can be asked for again by this SDK.</summary>
    public AssociateRequest Opening
    {
        get
        {
            var rest = new ReadOnlySequence<byte>(Requests);
            Pdu.TryTake(ref rest, 1 << 20, out var frame);
            return (AssociateRequest)PduParser.Parse(frame);
        }
    }

    /// <summary>The first command, and the context that it is in; <see langword="null"/> if there is none.</summary>
    public (byte ContextId, CommandSet Command)? FirstCommand
    {
        get
        {
            var rest = new ReadOnlySequence<byte>(Requests);
            while (Pdu.TryTake(ref rest, 1 << 20, out var frame))
            {
                if (frame.Type is not PduType.DataTransfer) continue;
                var reader = new PresentationDataReader(frame.Body);
                reader.TryRead();
                return (reader.Current.ContextId, CommandSet.Parse(reader.Current.Fragment.ToArray()));
            }

            return null;
        }
    }

    private static async Task<Conversation> HoldAsync(IReadOnlyList<ContextProposal> proposals, Func<DimseAssociation, CancellationToken, Task> talk, CancellationToken cancellationToken)
    {
        var (requests, answers) = (new Direction(), new Direction());
        await using var listener = new DimseListener(FuzzHandler.Listening, new FuzzHandler(), TimeProvider.System);
        using var artim = new CancellationTokenSource();
        var serving = listener.ServeAsync(new Side(requests, answers), null, "", static () => true, artim);
        await using (var association = await DimseAssociation.OpenAsync(_ => Task.FromResult(new ProtectedStream(new Side(answers, requests), null)), "", "SCP", proposals, FuzzHandler.Asking, TimeProvider.System, null, cancellationToken))
        {
            await talk(association, cancellationToken);
            await association.ReleaseAsync();
        }

        await serving;
        return new Conversation(requests.Said.ToArray(), answers.Said.ToArray());
    }

    private sealed class Direction
    {
        public Pipe Pipe { get; } = new();
        public MemoryStream Said { get; } = new();
    }

    /// <summary>One end of a connection in memory that keeps what is said.</summary>
    private sealed class Side(Direction heard, Direction said) : Stream
    {
        private readonly Stream _heard = heard.Pipe.Reader.AsStream(), _said = said.Pipe.Writer.AsStream();

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => _heard.ReadAsync(buffer, cancellationToken);

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            said.Said.Write(buffer.Span);
            await _said.WriteAsync(buffer, cancellationToken);
        }

        protected override void Dispose(bool disposing)
        {
            said.Pipe.Writer.Complete();
            base.Dispose(disposing);
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Flush()
        {
        }
    }
}
