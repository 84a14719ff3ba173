using System.Buffers;
using Dicom.Migration.Dimse.Messages;
using Dicom.Migration.Dimse.Services;
using Dicom.Migration.Dimse.UpperLayer;
using Microsoft.Extensions.Time.Testing;

namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>PS3.8 Annex E: the order of fragments; and the rate at which they have to come.</summary>
public class MessageReceiverTests
{
    private static readonly AcceptedContext Context = new(1, "1.2.3", Elements.Explicit);
    private readonly FakeTimeProvider _time = new();
    private readonly Body _body = new();
    private readonly MessageReceiver _receiver;
    private ReadOnlyMemory<byte> _rest;
    private Action? _onRest;

    public MessageReceiverTests()
    {
        var negotiated = new Negotiated(new AssociationInfo("B", "A", ""), false, new Dictionary<byte, AcceptedContext> { [1] = Context, [3] = Context with { Id = 3 } }, 16_384, 1, 1);
        var options = new DimseListenerOptions { Security = DimseSecurity.Plaintext, IdleTimeout = TimeSpan.FromSeconds(60), MinimumRate = 1_000 };
        _receiver = new MessageReceiver(negotiated, options, _time, (_, _, _) => ValueTask.FromResult<IncomingBody?>(_body), ReadRestAsync);
    }

    private static byte[] Command { get; } = new CommandSet().With(CommandSet.Field, CommandField.StoreRequest).With(CommandSet.DataSetType, 0).Encode();

    [Fact]
    public async Task A_data_set_slower_than_the_minimum_rate_is_given_up()
    {
        await TakeAsync(1, true, true, Command);
        await TakeAsync(1, false, false, new byte[5_000]);
        _time.Advance(TimeSpan.FromSeconds(65)); // 60 are for nothing, and 5,000 bytes are enough for 5 more
        await TakeAsync(1, false, false, new byte[100]);
        _time.Advance(TimeSpan.FromSeconds(1));
        var e = await Assert.ThrowsAsync<AssociationException>(() => TakeAsync(1, false, false, new byte[100]));
        Assert.Equal(FaultCode.PeerTimeout, e.Fault.Code);
    }

    [Fact]
    public async Task The_time_that_the_handler_takes_is_not_the_peers()
    {
        await TakeAsync(1, true, true, Command);
        _body.OnAppend = () => _time.Advance(TimeSpan.FromHours(1));
        await TakeAsync(1, false, false, new byte[100]);
        await TakeAsync(1, false, true, new byte[100]);
        Assert.Equal(200, _body.Length);
        Assert.True(_body.IsComplete);
    }

    [Theory]
    [InlineData(1, true, 3, true)] // two commands mixed
    [InlineData(5, true, 5, true)] // a context that was not accepted
    [InlineData(1, false, 1, false)] // a data set without a command
    public async Task Fragments_out_of_order_are_refused(byte first, bool isCommand, byte second, bool isSecondCommand)
    {
        var e = await Assert.ThrowsAsync<AssociationException>(async () =>
        {
            await TakeAsync(first, isCommand, false, Command);
            await TakeAsync(second, isSecondCommand, true, Command);
        });
        Assert.Equal(FaultCode.ProtocolViolation, e.Fault.Code);
    }

    [Theory]
    [InlineData(1, true)] // a command inside a data set
    [InlineData(3, false)] // a data set in another context than its command
    public async Task A_data_set_is_interrupted_by_nothing(byte context, bool isCommand)
    {
        await TakeAsync(1, true, true, Command);
        await TakeAsync(1, false, false, [1, 2]);
        await Assert.ThrowsAsync<AssociationException>(() => TakeAsync(context, isCommand, true, Command));
    }

    [Fact]
    public async Task An_endless_command_is_refused()
    {
        await TakeAsync(1, true, false, new byte[CommandSet.MaxLength]);
        var e = await Assert.ThrowsAsync<AssociationException>(() => TakeAsync(1, true, false, new byte[2]));
        Assert.Equal(FaultCode.MessageTooLong, e.Fault.Code);
    }

    [Fact]
    public async Task What_is_missing_of_a_fragment_is_read_to_where_it_belongs()
    {
        await TakeAsync(1, true, true, Command);
        await TakeAsync(1, false, true, [1, 2, 3, 4, 5, 6, 7], missing: 4);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], _body.Taken);
        Assert.Equal(7, _body.Length);
        Assert.True(_body.IsComplete);
    }

    [Fact]
    public async Task A_missing_part_that_comes_too_slowly_is_given_up()
    {
        await TakeAsync(1, true, true, Command);
        _onRest = () => _time.Advance(TimeSpan.FromSeconds(62));
        var e = await Assert.ThrowsAsync<AssociationException>(() => TakeAsync(1, false, true, new byte[100], missing: 90));
        Assert.Equal(FaultCode.PeerTimeout, e.Fault.Code);
        Assert.False(_body.IsComplete);
    }

    private async Task TakeAsync(byte context, bool isCommand, bool isLast, byte[] fragment, int missing = 0)
    {
        var pdu = new byte[12 + fragment.Length];
        PduWriter.WriteDataHeader(pdu, context, isCommand, isLast, fragment.Length);
        fragment.CopyTo(pdu, 12);
        _rest = pdu.AsMemory(pdu.Length - missing);
        await _receiver.TakeAsync(new PduFrame(PduType.DataTransfer, new ReadOnlySequence<byte>(pdu, 6, pdu.Length - 6 - missing), missing), TestContext.Current.CancellationToken);
    }

    private ValueTask<int> ReadRestAsync(Memory<byte> memory, bool isAnew, bool isLast, CancellationToken cancellationToken)
    {
        _onRest?.Invoke();
        _rest[..1].CopyTo(memory);
        _rest = _rest[1..];
        return ValueTask.FromResult(1);
    }

    private sealed class Body() : IncomingBody(1, long.MaxValue)
    {
        private readonly byte[] _room = new byte[3];

        public Action? OnAppend { get; set; }
        public bool IsComplete { get; private set; }
        public List<byte> Taken { get; } = [];

        public override ValueTask AppendAsync(ReadOnlySequence<byte> fragment, int missing, CancellationToken cancellationToken)
        {
            OnAppend?.Invoke();
            Taken.AddRange(fragment.ToArray());
            return ValueTask.CompletedTask;
        }

        public override Memory<byte> GetMemory(int missing) => _room;

        public override ValueTask AdvanceAsync(int count, int missing, CancellationToken cancellationToken)
        {
            Taken.AddRange(_room.AsSpan(0, count));
            return ValueTask.CompletedTask;
        }

        public override ValueTask CompleteAsync(CancellationToken cancellationToken)
        {
            IsComplete = true;
            return ValueTask.CompletedTask;
        }

        public override void Fail(Exception cause) => IsComplete = false;
    }
}
