using static Dicom.Migration.InstanceState;

namespace Dicom.Migration.Engine.Tests.Ledger;

public sealed class InstanceTransitionsTests
{
    /// <summary>The table again, written the other way round: by the state that is entered.</summary>
    private static readonly Dictionary<InstanceState, InstanceState[]> Before = new()
    {
        [Discovered] = [Excluded, Excepted, Superseded],
        [Sending] = [Discovered, Sending, Acknowledged, Unknown, Excepted],
        [Acknowledged] = [Sending, Unknown],
        [Unknown] = [Sending, Acknowledged, Unknown, Verified, Excepted],
        [Verified] = [Discovered, Acknowledged, Unknown, Verified, Excepted],
        [Excluded] = [Discovered, Excepted],
        [Excepted] = [Discovered, Sending, Acknowledged, Unknown, Verified, Excepted],
        [Superseded] = [Discovered, Sending, Acknowledged, Unknown, Verified, Excluded, Excepted],
    };

    [Fact]
    public void Allows_exactly_the_transitions_of_the_table()
    {
        foreach (var from in Enum.GetValues<InstanceState>())
            foreach (var to in Enum.GetValues<InstanceState>())
                Assert.True(Before[to].Contains(from) == InstanceTransitions.IsLegal(from, to), $"{from} to {to}");
    }

    [Fact]
    public void Never_calls_an_instance_verified_that_was_only_being_sent() => Assert.False(InstanceTransitions.IsLegal(Sending, Verified));

    [Fact]
    public void Knows_no_other_states()
    {
        Assert.False(InstanceTransitions.IsLegal((InstanceState)8, Sending));
        Assert.False(InstanceTransitions.IsLegal(Sending, (InstanceState)(-1)));
        Assert.Equal(InstanceTransitions.Terminal, Enum.GetValues<InstanceState>().Where(InstanceTransitions.IsTerminal));
    }

    [Fact]
    public void Reaches_a_terminal_state_from_every_state()
    {
        foreach (var from in Enum.GetValues<InstanceState>())
            Assert.True(InstanceTransitions.IsTerminal(from) || InstanceTransitions.Terminal.Any(to => InstanceTransitions.IsLegal(from, to)), $"{from}");
    }
}
