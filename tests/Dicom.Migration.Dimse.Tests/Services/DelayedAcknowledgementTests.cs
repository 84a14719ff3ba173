using System.Diagnostics;
using System.IO.Pipelines;
using System.Net;

namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>Peers as they are shipped: Nagle's algorithm is on, and they write a message in two pieces. The second waits for our acknowledgement of the first, which a system delays by
/// 40 ms. Fifty messages cost two seconds then, and less than one where each is acknowledged at once.</summary>
/// <remarks>What is timed is one association, and the quickest of three times counts: a busy machine slows one down, a delayed acknowledgement all. No other test runs at the same time.</remarks>
[Collection(nameof(Alone))]
public sealed class DelayedAcknowledgementTests : IAsyncDisposable
{
    private const string Secondary = "1.2.840.10008.5.1.4.1.1.7", Verification = "1.2.840.10008.1.1";
    private const int Messages = 50, Tries = 3;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);
    private readonly Dcmtk _dcmtk = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _dcmtk.DisposeAsync();

    [Fact]
    public async Task Fifty_C_ECHOs_to_a_stock_storescp_wait_for_no_delayed_acknowledgement()
    {
        await using var association = await ToStoreScpAsync();
        await MeasureAsync(async _ => Assert.True((await association.EchoAsync(Token)).IsSuccess));
        await association.ReleaseAsync();
    }

    [Theory, InlineData(0), InlineData(100_000)]
    public async Task Fifty_C_STOREs_to_a_stock_storescp_wait_for_no_delayed_acknowledgement(int pixels)
    {
        await using var association = await ToStoreScpAsync();
        await MeasureAsync(async i => Assert.True((await association.StoreAsync(Secondary, $"1.2.3.1.{i + 1}", Elements.Explicit, Elements.Body(Instance(i, pixels)), Token)).IsSuccess));
        await association.ReleaseAsync();
    }

    [Theory, InlineData("storescu"), InlineData("dcmsend")]
    public async Task Fifty_C_STOREs_of_a_stock_client_wait_for_no_delayed_acknowledgement(string tool)
    {
        var files = Enumerable.Range(0, Messages).Select(i => _dcmtk.Write($"{i}.dcm", Secondary, $"1.2.3.1.{i + 1}", Instance(i, 0))).ToArray();
        await MeasureAsync(async () =>
        {
            var handler = new Timed();
            await using var listener = new DimseListener(new DimseListenerOptions { Security = DimseSecurity.Plaintext, EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }, handler, TimeProvider.System);
            var (code, output) = await _dcmtk.RunAsync(tool, [.. tool is "storescu" ? ["-xe"] : Array.Empty<string>(), "-aec", "SCP", "127.0.0.1", Dcmtk.Text(listener.EndPoint.Port), .. files]);
            Assert.True(code == 0, output);
            Assert.Equal(Messages, handler.Stored);
            return handler.Between;
        });
    }

    private static byte[] Instance(int number, int pixels) => [.. Elements.Instance(Secondary, $"1.2.3.1.{number + 1}"), .. pixels == 0 ? [] : Elements.LongElement(0x7FE00010, "OW", new byte[pixels])];

    private static Task MeasureAsync(Func<int, Task> send) => MeasureAsync(async () =>
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < Messages; i++) await send(i);
        return Stopwatch.GetElapsedTime(start);
    });

    private static async Task MeasureAsync(Func<Task<TimeSpan>> measure)
    {
        var took = TimeSpan.MaxValue;
        for (var i = 0; i < Tries && took >= Limit; i++) took = await measure();
        Assert.True(took < Limit, FormattableString.Invariant($"{Messages} took {took.TotalMilliseconds:F0} ms, and no less the times before"));
    }

    private async Task<DimseAssociation> ToStoreScpAsync()
    {
        var port = Dcmtk.FreePort();
        await _dcmtk.ServeAsync("storescp", port, "--ignore", Dcmtk.Text(port));
        return await DimseAssociation.ConnectAsync("127.0.0.1", port, "ANY", [new(Verification, [Elements.Implicit]), new(Secondary, [Elements.Explicit])],
            new DimseClientOptions { Security = DimseSecurity.Plaintext, AeTitle = "ME" }, TimeProvider.System, null, Token);
    }

    /// <summary>Counts, and measures from the first object that is whole to the last: a client starts no faster for us.</summary>
    private sealed class Timed : IDimseHandler
    {
        private long _first, _last;

        public int Stored { get; private set; }
        public TimeSpan Between => Stopwatch.GetElapsedTime(_first, _last);

        public ValueTask<AssociationDecision> OnAssociateAsync(AssociationInfo association, CancellationToken cancellationToken) => ValueTask.FromResult(AssociationDecision.Accept);

        public ContextDecision OnContext(AssociationInfo association, ContextProposal proposal) => ContextDecision.Accept(proposal.TransferSyntaxes[0], proposal.Roles);

        public async ValueTask<DimseStatus> OnStoreAsync(StoreIndication store, PipeReader body, CancellationToken cancellationToken)
        {
            await body.CopyToAsync(Stream.Null, cancellationToken);
            _last = Stopwatch.GetTimestamp();
            if (Stored++ == 0) _first = _last;
            return DimseStatus.Success;
        }
    }
}
