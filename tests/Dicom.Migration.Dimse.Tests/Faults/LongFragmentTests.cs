using Dicom.Migration.Dimse.Tests.Services;
using Microsoft.Extensions.Time.Testing;

namespace Dicom.Migration.Dimse.Tests.Faults;

/// <summary>A fragment that is handed on while it comes has no more time than one that is held until it is whole.</summary>
public sealed class LongFragmentTests
{
    private const int Missing = 30_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_long_PDU_that_is_not_here_within_the_idle_timeout_ends_the_association_however_it_dribbles()
    {
        await using var talk = await TalkAsync();
        for (var quarter = 1; quarter <= 3; quarter++) await talk.PassAsync(1);
        Assert.False(talk.Serving.IsCompleted);
        await talk.PassAsync(1);
        Assert.Equal(FaultCode.PeerTimeout, (await Assert.ThrowsAsync<AssociationException>(() => talk.Serving.WaitAsync(TimeSpan.FromMinutes(1), Token))).Fault.Code);
        Assert.False(talk.Handler.Read.IsCompletedSuccessfully); // half a data set never looks whole
    }

    [Fact]
    public async Task A_long_PDU_that_is_here_in_time_is_taken_however_it_dribbles()
    {
        await using var talk = await TalkAsync();
        for (var quarter = 1; quarter <= 3; quarter++) await talk.PassAsync(Missing / 3);
        Assert.True(await talk.Handler.Read.WaitAsync(TimeSpan.FromMinutes(1), Token) > 60_000);
    }

    private static async Task<Talk> TalkAsync()
    {
        var requests = (await Conversation.OfALongFragmentAsync(Token)).Requests;
        var talk = new Talk(requests.AsMemory(requests.Length - 10 - Missing));
        talk.Stream.Give(requests.AsMemory(0, requests.Length - 10 - Missing), isLast: false);
        await talk.Stream.Starved;
        return talk;
    }

    private sealed class Talk : IAsyncDisposable
    {
        private readonly FakeTimeProvider _time = new();
        private readonly CancellationTokenSource _artim = new();
        private readonly DimseListener _listener;

        public Talk(ReadOnlyMemory<byte> rest)
        {
            Rest = rest;
            _listener = new DimseListener(FuzzHandler.Listening, Handler, _time);
            Serving = _listener.ServeAsync(Stream, null, "", static () => true, _artim);
        }

        public FedStream Stream { get; } = new(65_536);
        public Keeper Handler { get; } = new();
        public Task Serving { get; }
        public ReadOnlyMemory<byte> Rest { get; private set; }

        /// <summary>A quarter of the idle timeout passes, and then the peer says so many bytes more.</summary>
        public async Task PassAsync(int count)
        {
            _time.Advance(FuzzHandler.Listening.IdleTimeout / 4);
            Stream.Give(Rest[..count], isLast: false);
            Rest = Rest[count..];
            await Task.WhenAny(Stream.Starved, Serving);
        }

        public async ValueTask DisposeAsync()
        {
            Stream.Give(default, isLast: true);
            await Serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await Stream.DisposeAsync();
            await _listener.DisposeAsync();
            _artim.Dispose();
        }
    }

    private sealed class Keeper : IDimseHandler
    {
        private readonly TaskCompletionSource<long> _read = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>The length of the data set, once it is here.</summary>
        public Task<long> Read => _read.Task;

        public ValueTask<AssociationDecision> OnAssociateAsync(AssociationInfo association, CancellationToken cancellationToken) => ValueTask.FromResult(AssociationDecision.Accept);
        public ContextDecision OnContext(AssociationInfo association, ContextProposal proposal) => ContextDecision.Accept(proposal.TransferSyntaxes[0], proposal.Roles);

        public async ValueTask<DimseStatus> OnStoreAsync(StoreIndication store, System.IO.Pipelines.PipeReader body, CancellationToken cancellationToken)
        {
            try
            {
                _read.TrySetResult((await Elements.ReadAllAsync(body, cancellationToken)).Length);
            }
            catch (Exception e)
            {
                _read.TrySetException(e);
                throw;
            }

            return DimseStatus.Success;
        }
    }
}
