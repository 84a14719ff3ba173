using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Dicom.Migration.Testing;

namespace Dicom.Migration.DicomWeb.Tests.Peers;

/// <summary>A scripted archive behind a socket of its own, for what web servers hide: answers without length and chunks, and connections that end.</summary>
internal sealed class SocketPacs : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly HttpMessageInvoker _pacs;
    private readonly Task _accepting;
    private int _opened;

    public SocketPacs(ScriptedWebPacs pacs)
    {
        (Pacs, _pacs) = (pacs, new HttpMessageInvoker(pacs, disposeHandler: false));
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public ScriptedWebPacs Pacs { get; }
    public Uri Root => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/dicom-web/");
    /// <summary>Connections so far.</summary>
    public int Opened => _opened;
    /// <summary>Requests on one connection, the next of which it takes in and answers by closing, as a server does whose idle time has just run out.</summary>
    public int RequestsPerConnection { get; set; } = int.MaxValue;

    public DicomWebClient Client()
    {
        var options = new DicomWebSourceOptions { BaseAddress = Root };
        return new DicomWebClient(new HttpClient(DicomWebHandler.Create()) { Timeout = Timeout.InfiniteTimeSpan }, options, TimeProvider.System);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await Task.WhenAll([_accepting, .. _connections]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        _pacs.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var socket = await _listener.AcceptSocketAsync(_stop.Token);
            Interlocked.Increment(ref _opened);
            _connections.Add(Task.Run(() => ServeAsync(socket)));
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        var reader = PipeReader.Create(stream);
        for (var served = 0; await ReadAsync(reader) is { } request; served++)
        {
            if (served >= RequestsPerConnection) return;
            using var answer = await _pacs.SendAsync(request, _stop.Token);
            if (!await WriteAsync(stream, answer)) return;
        }
    }

    private async Task<HttpRequestMessage?> ReadAsync(PipeReader reader)
    {
        var lines = new List<string>();
        while (await LineAsync(reader) is { } line && line.Length > 0) lines.Add(line);
        if (lines.Count == 0) return null;
        var start = lines[0].Split(' ');
        var request = new HttpRequestMessage(new HttpMethod(start[0]), new Uri(Root, start[1]));
        var (content, type, body) = (-1, "", new ArrayBufferWriter<byte>());
        foreach (var header in lines.Skip(1).Select(static l => l.Split(':', 2)))
        {
            if (header[0].Equals("Content-Length", StringComparison.OrdinalIgnoreCase)) content = int.Parse(header[1], CultureInfo.InvariantCulture);
            else if (header[0].Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase)) content = int.MaxValue;
            else if (header[0].Equals("Content-Type", StringComparison.OrdinalIgnoreCase)) type = header[1].Trim();
            else request.Headers.TryAddWithoutValidation(header[0], header[1].Trim());
        }
        if (content < 0) return request;
        if (content < int.MaxValue) await TakeAsync(reader, content, body);
        else
        {
            while (int.Parse((await LineAsync(reader))!, NumberStyles.HexNumber, CultureInfo.InvariantCulture) is var chunk and > 0)
            {
                await TakeAsync(reader, chunk, body);
                await LineAsync(reader);
            }
            await LineAsync(reader);
        }
        request.Content = new ByteArrayContent(body.WrittenSpan.ToArray());
        request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        return request;
    }

    private async Task<bool> WriteAsync(Stream stream, HttpResponseMessage answer)
    {
        var (length, isOpenEnded) = (answer.Content.Headers.ContentLength, answer.Headers.ConnectionClose is true);
        var head = new StringBuilder().Append(CultureInfo.InvariantCulture, $"HTTP/1.1 {(int)answer.StatusCode} X\r\n");
        foreach (var header in answer.Headers.Concat(answer.Content.Headers).Where(static h => h.Key is not "Content-Length"))
            foreach (var value in header.Value) head.Append(CultureInfo.InvariantCulture, $"{header.Key}: {value}\r\n");
        head.Append(isOpenEnded ? "" : length is { } known ? string.Create(CultureInfo.InvariantCulture, $"Content-Length: {known}\r\n") : "Transfer-Encoding: chunked\r\n").Append("\r\n");
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head.ToString()), _stop.Token);
        var body = await answer.Content.ReadAsStreamAsync(_stop.Token);
        var buffer = new byte[4_096];
        try
        {
            while (await body.ReadAsync(buffer, _stop.Token) is var read and > 0)
            {
                if (!isOpenEnded && length is null) await stream.WriteAsync(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{read:x}\r\n")), _stop.Token);
                await stream.WriteAsync(buffer.AsMemory(0, read), _stop.Token);
                if (!isOpenEnded && length is null) await stream.WriteAsync("\r\n"u8.ToArray(), _stop.Token);
            }
        }
        catch (HttpIOException) { return false; } // the connection ends in the middle
        if (!isOpenEnded && length is null) await stream.WriteAsync("0\r\n\r\n"u8.ToArray(), _stop.Token);
        return !isOpenEnded;
    }

    private async Task<string?> LineAsync(PipeReader reader)
    {
        while (true)
        {
            var read = await reader.ReadAsync(_stop.Token);
            var sequence = new SequenceReader<byte>(read.Buffer);
            if (sequence.TryReadTo(out ReadOnlySequence<byte> line, "\r\n"u8))
            {
                var text = Encoding.ASCII.GetString(line);
                reader.AdvanceTo(sequence.Position);
                return text;
            }
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (read.IsCompleted) return null;
        }
    }

    private async Task TakeAsync(PipeReader reader, int count, ArrayBufferWriter<byte> body)
    {
        if (count == 0) return;
        var read = await reader.ReadAtLeastAsync(count, _stop.Token);
        if (read.Buffer.Length < count) throw new EndOfStreamException();
        foreach (var memory in read.Buffer.Slice(0, count)) body.Write(memory.Span);
        reader.AdvanceTo(read.Buffer.GetPosition(count));
    }
}
