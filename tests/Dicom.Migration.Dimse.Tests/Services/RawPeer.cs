using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Dicom.Migration.Dimse.Messages;
using Dicom.Migration.Dimse.Tests.UpperLayer;
using Dicom.Migration.Dimse.UpperLayer;

namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>A peer that says whatever a test wants, on either side of an association.</summary>
internal sealed class RawPeer : IDisposable
{
    private readonly NetworkStream _stream;

    private RawPeer(NetworkStream stream) => _stream = stream;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Asks for an association, which has to be accepted.</summary>
    public static async Task<RawPeer> AskAsync(IPEndPoint to, IReadOnlyList<ProposedContext> contexts, params UserItem[] items)
    {
        var peer = await ConnectAsync(to);
        await peer.SendAsync(Pdus.Encode(new AssociateRequest("SCP", "A", Associate.DicomApplicationContext, contexts, items)));
        Assert.Equal(PduType.AssociateAccept, (await peer.ReadPduAsync())?.Type);
        return peer;
    }

    /// <summary>Takes the next connection, and accepts all that is proposed on it.</summary>
    public static Task<RawPeer> AcceptAsync(TcpListener listener, params UserItem[] items) => AcceptAsync(listener, request => new AssociateAccept(request.CalledAeTitle, request.CallingAeTitle,
        Associate.DicomApplicationContext, [.. request.Contexts.Select(static c => new ContextResult(c.Id, 0, c.TransferSyntaxes[0]))], [new MaximumLength(131_072), .. items]));

    /// <summary>Takes the next connection, and answers what it asks for.</summary>
    public static async Task<RawPeer> AcceptAsync(TcpListener listener, Func<AssociateRequest, AssociateAccept> answer)
    {
        var peer = new RawPeer(new NetworkStream(await listener.AcceptSocketAsync(Token), ownsSocket: true));
        var frame = await peer.ReadPduAsync();
        var request = (AssociateRequest)PduParser.Parse(frame!.Value);
        await peer.SendAsync(Pdus.Encode(answer(request)));
        return peer;
    }

    /// <summary>Connects, and says nothing yet.</summary>
    public static async Task<RawPeer> ConnectAsync(IPEndPoint to)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(to, Token);
        return new RawPeer(new NetworkStream(socket, ownsSocket: true));
    }

    public async Task SendAsync(params byte[][] pdus)
    {
        foreach (var pdu in pdus) await _stream.WriteAsync(pdu, Token);
    }

    public Task SayAsync(byte contextId, CommandSet command, params byte[][] dataSet) =>
        SendAsync([Pdus.Value(contextId, true, true, command.Encode()), .. dataSet.Select((f, i) => Pdus.Value(contextId, false, i == dataSet.Length - 1, f))]);

    /// <summary>The next message; its data set, if it has one, is dropped.</summary>
    /// <returns><see langword="null"/> if the other side aborts or closes instead.</returns>
    public async Task<CommandSet?> HearAsync()
    {
        var command = new ArrayBufferWriter<byte>();
        CommandSet? heard = null;
        while (true)
        {
            if (await ReadPduAsync() is not { Type: PduType.DataTransfer } frame) return null;
            var reader = new PresentationDataReader(frame.Body);
            while (reader.TryRead())
            {
                if (!reader.Current.IsCommand)
                {
                    if (reader.Current.IsLast) return heard;
                    continue;
                }

                foreach (var memory in reader.Current.Fragment) command.Write(memory.Span);
                if (!reader.Current.IsLast) continue;
                heard = CommandSet.Parse(command.WrittenSpan);
                if (!heard.HasDataSet) return heard;
            }
        }
    }

    /// <summary>Reads until the other side aborts, and closes.</summary>
    /// <returns>The source and the reason of its A-ABORT; <see langword="null"/> if it closes without.</returns>
    public async Task<(byte Source, byte Reason)?> AbortedAsync()
    {
        while (await ReadPduAsync() is { } frame)
            if (frame.Type is PduType.Abort) return (frame.Body.ToArray()[2], frame.Body.ToArray()[3]);
        return null;
    }

    /// <summary>The kind of the next PDU; <see langword="null"/> if the other side closes.</summary>
    public async Task<PduType?> HearPduAsync() => (await ReadPduAsync())?.Type;

    public void EndSending() => _stream.Socket.Shutdown(SocketShutdown.Send);

    public void Dispose() => _stream.Dispose();

    /// <returns><see langword="null"/> if the other side closes.</returns>
    public async Task<PduFrame?> ReadPduAsync()
    {
        try
        {
            var header = new byte[6];
            await _stream.ReadExactlyAsync(header, Token);
            var body = new byte[BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(2))];
            await _stream.ReadExactlyAsync(body, Token);
            return new PduFrame((PduType)header[0], new ReadOnlySequence<byte>(body));
        }
        catch (IOException)
        {
            return null; // closed, or reset
        }
    }
}
