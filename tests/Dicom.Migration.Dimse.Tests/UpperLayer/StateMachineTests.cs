using Dicom.Migration.Dimse.UpperLayer;

namespace Dicom.Migration.Dimse.Tests.UpperLayer;

/// <summary>PS3.8 Table 9-10, typed cell by cell: one row an event, one column a state.</summary>
public class StateMachineTests
{
    private static readonly string[] Table =
    [
        //        Sta1 Sta2 Sta3 Sta4 Sta5 Sta6 Sta7 Sta8 Sta9 Sta10 Sta11 Sta12 Sta13
        /* 1 */  "AE1  -    -    -    -    -    -    -    -    -    -    -    -",
        /* 2 */  "-    -    -    AE2  -    -    -    -    -    -    -    -    -",
        /* 3 */  "-    AA1  AA8  -    AE3  AA8  AA8  AA8  AA8  AA8  AA8  AA8  AA6",
        /* 4 */  "-    AA1  AA8  -    AE4  AA8  AA8  AA8  AA8  AA8  AA8  AA8  AA6",
        /* 5 */  "AE5  -    -    -    -    -    -    -    -    -    -    -    -",
        /* 6 */  "-    AE6  AA8  -    AA8  AA8  AA8  AA8  AA8  AA8  AA8  AA8  AA7",
        /* 7 */  "-    -    AE7  -    -    -    -    -    -    -    -    -    -",
        /* 8 */  "-    -    AE8  -    -    -    -    -    -    -    -    -    -",
        /* 9 */  "-    -    -    -    -    DT1  -    AR7  -    -    -    -    -",
        /* 10 */ "-    AA1  AA8  -    AA8  DT2  AR6  AA8  AA8  AA8  AA8  AA8  AA6",
        /* 11 */ "-    -    -    -    -    AR1  -    -    -    -    -    -    -",
        /* 12 */ "-    AA1  AA8  -    AA8  AR2  AR8  AA8  AA8  AA8  AA8  AA8  AA6",
        /* 13 */ "-    AA1  AA8  -    AA8  AA8  AR3  AA8  AA8  AR10 AR3  AA8  AA6",
        /* 14 */ "-    -    -    -    -    -    -    AR4  AR9  -    -    AR4  -",
        /* 15 */ "-    -    AA1  AA2  AA1  AA1  AA1  AA1  AA1  AA1  AA1  AA1  -",
        /* 16 */ "-    AA2  AA3  -    AA3  AA3  AA3  AA3  AA3  AA3  AA3  AA3  AA2",
        /* 17 */ "-    AA5  AA4  AA4  AA4  AA4  AA4  AA4  AA4  AA4  AA4  AA4  AR5",
        /* 18 */ "-    AA2  -    -    -    -    -    -    -    -    -    -    AA2",
        /* 19 */ "-    AA1  AA8  -    AA8  AA8  AA8  AA8  AA8  AA8  AA8  AA8  AA7",
    ];

    // PS3.8 Tables 9-6 to 9-9: the state each action leads to. Two depend on more (AE-6, AR-8) and have tests of their own.
    private static readonly Dictionary<string, int> NextStates = new(StringComparer.Ordinal)
    {
        ["AE1"] = 4, ["AE2"] = 5, ["AE3"] = 6, ["AE4"] = 1, ["AE5"] = 2, ["AE6"] = 3, ["AE7"] = 6, ["AE8"] = 13,
        ["DT1"] = 6, ["DT2"] = 6,
        ["AR1"] = 7, ["AR2"] = 8, ["AR3"] = 1, ["AR4"] = 13, ["AR5"] = 1, ["AR6"] = 7, ["AR7"] = 8, ["AR8"] = 9, ["AR9"] = 11, ["AR10"] = 12,
        ["AA1"] = 13, ["AA2"] = 1, ["AA3"] = 1, ["AA4"] = 1, ["AA5"] = 1, ["AA6"] = 13, ["AA7"] = 13, ["AA8"] = 13,
    };

    public static IEnumerable<TheoryDataRow<int, int, string>> Cells() =>
        from row in Enumerable.Range(1, 19)
        from column in Table[row - 1].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select((text, i) => (text, i))
        select new TheoryDataRow<int, int, string>(row, column.i + 1, column.text);

    [Fact]
    public void The_table_is_whole() => Assert.Equal(19 * 13, Cells().Count());

    [Theory]
    [MemberData(nameof(Cells))]
    public void A_cell_is_as_in_the_standard(int happened, int state, string action)
    {
        var transition = StateMachine.Next((State)state, (Event)happened, isRequestor: true);
        Assert.Equal(action, transition?.Action.ToString() ?? "-");
        if (transition is { } found) Assert.Equal(NextStates[action], (int)found.Next);
    }

    [Fact]
    public void A_refused_request_waits_for_the_transport_to_close() =>
        Assert.Equal(State.Sta13, StateMachine.Next(State.Sta2, Event.Evt6, isRequestor: false, isAcceptable: false)!.Value.Next);

    [Fact]
    public void An_acceptor_in_a_release_collision_goes_to_Sta10() =>
        Assert.Equal(State.Sta10, StateMachine.Next(State.Sta7, Event.Evt12, isRequestor: false)!.Value.Next);
}
