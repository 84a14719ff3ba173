namespace Dicom.Migration.Dimse.UpperLayer;

/// <summary>States of an association, with the numbers of PS3.8 §9.2.1.</summary>
internal enum State
{
    Sta1 = 1, Sta2, Sta3, Sta4, Sta5, Sta6, Sta7, Sta8, Sta9, Sta10, Sta11, Sta12, Sta13,
}

/// <summary>Events, in the order of PS3.8 Table 9-10.</summary>
internal enum Event
{
    /// <summary>A-ASSOCIATE request primitive.</summary>
    Evt1 = 1,
    /// <summary>Transport connection confirmed.</summary>
    Evt2,
    /// <summary>A-ASSOCIATE-AC received.</summary>
    Evt3,
    /// <summary>A-ASSOCIATE-RJ received.</summary>
    Evt4,
    /// <summary>Transport connection indicated.</summary>
    Evt5,
    /// <summary>A-ASSOCIATE-RQ received.</summary>
    Evt6,
    /// <summary>A-ASSOCIATE response primitive, accept.</summary>
    Evt7,
    /// <summary>A-ASSOCIATE response primitive, reject.</summary>
    Evt8,
    /// <summary>P-DATA request primitive.</summary>
    Evt9,
    /// <summary>P-DATA-TF received.</summary>
    Evt10,
    /// <summary>A-RELEASE request primitive.</summary>
    Evt11,
    /// <summary>A-RELEASE-RQ received.</summary>
    Evt12,
    /// <summary>A-RELEASE-RP received.</summary>
    Evt13,
    /// <summary>A-RELEASE response primitive.</summary>
    Evt14,
    /// <summary>A-ABORT request primitive.</summary>
    Evt15,
    /// <summary>A-ABORT received.</summary>
    Evt16,
    /// <summary>Transport connection closed.</summary>
    Evt17,
    /// <summary>ARTIM expired.</summary>
    Evt18,
    /// <summary>Unrecognised or invalid PDU received.</summary>
    Evt19,
}

/// <summary>Actions, with the numbers of PS3.8 Tables 9-6 to 9-9.</summary>
internal enum UpperLayerAction
{
    AE1, AE2, AE3, AE4, AE5, AE6, AE7, AE8, DT1, DT2, AR1, AR2, AR3, AR4, AR5, AR6, AR7, AR8, AR9, AR10, AA1, AA2, AA3, AA4, AA5, AA6, AA7, AA8,
}

/// <summary>What to do, and the state it leads to.</summary>
internal readonly record struct Transition(UpperLayerAction Action, State Next);

/// <summary>PS3.8 Table 9-10 as a function of nothing but its arguments.</summary>
internal static class StateMachine
{
    /// <summary>The transition, or <see langword="null"/> where the table is empty: the local caller asked for what cannot be.</summary>
    /// <param name="state">The state the association is in.</param>
    /// <param name="happened">What happened.</param>
    /// <param name="isRequestor">Whether this side requested the association: decides AR-8.</param>
    /// <param name="isAcceptable">Whether the provider lets the A-ASSOCIATE-RQ through to the user: decides AE-6.</param>
    public static Transition? Next(State state, Event happened, bool isRequestor, bool isAcceptable = true) => happened switch
    {
        Event.Evt1 => state is State.Sta1 ? new(UpperLayerAction.AE1, State.Sta4) : null,
        Event.Evt2 => state is State.Sta4 ? new(UpperLayerAction.AE2, State.Sta5) : null,
        Event.Evt3 => state is State.Sta5 ? new(UpperLayerAction.AE3, State.Sta6) : Unexpected(state),
        Event.Evt4 => state is State.Sta5 ? new(UpperLayerAction.AE4, State.Sta1) : Unexpected(state),
        Event.Evt5 => state is State.Sta1 ? new(UpperLayerAction.AE5, State.Sta2) : null,
        Event.Evt6 => state switch
        {
            State.Sta2 => new(UpperLayerAction.AE6, isAcceptable ? State.Sta3 : State.Sta13),
            State.Sta13 => new(UpperLayerAction.AA7, State.Sta13),
            _ => Unexpected(state),
        },
        Event.Evt7 => state is State.Sta3 ? new(UpperLayerAction.AE7, State.Sta6) : null,
        Event.Evt8 => state is State.Sta3 ? new(UpperLayerAction.AE8, State.Sta13) : null,
        Event.Evt9 => state switch
        {
            State.Sta6 => new(UpperLayerAction.DT1, State.Sta6),
            State.Sta8 => new(UpperLayerAction.AR7, State.Sta8),
            _ => null,
        },
        Event.Evt10 => state switch
        {
            State.Sta6 => new(UpperLayerAction.DT2, State.Sta6),
            State.Sta7 => new(UpperLayerAction.AR6, State.Sta7),
            _ => Unexpected(state),
        },
        Event.Evt11 => state is State.Sta6 ? new(UpperLayerAction.AR1, State.Sta7) : null,
        Event.Evt12 => state switch
        {
            State.Sta6 => new(UpperLayerAction.AR2, State.Sta8),
            State.Sta7 => new(UpperLayerAction.AR8, isRequestor ? State.Sta9 : State.Sta10),
            _ => Unexpected(state),
        },
        Event.Evt13 => state switch
        {
            State.Sta7 or State.Sta11 => new(UpperLayerAction.AR3, State.Sta1),
            State.Sta10 => new(UpperLayerAction.AR10, State.Sta12),
            _ => Unexpected(state),
        },
        Event.Evt14 => state switch
        {
            State.Sta8 or State.Sta12 => new(UpperLayerAction.AR4, State.Sta13),
            State.Sta9 => new(UpperLayerAction.AR9, State.Sta11),
            _ => null,
        },
        Event.Evt15 => state switch
        {
            State.Sta4 => new(UpperLayerAction.AA2, State.Sta1),
            State.Sta3 or (>= State.Sta5 and <= State.Sta12) => new(UpperLayerAction.AA1, State.Sta13),
            _ => null,
        },
        Event.Evt16 => state switch
        {
            State.Sta2 or State.Sta13 => new(UpperLayerAction.AA2, State.Sta1),
            State.Sta3 or (>= State.Sta5 and <= State.Sta12) => new(UpperLayerAction.AA3, State.Sta1),
            _ => null,
        },
        Event.Evt17 => state switch
        {
            State.Sta2 => new(UpperLayerAction.AA5, State.Sta1),
            State.Sta13 => new(UpperLayerAction.AR5, State.Sta1),
            >= State.Sta3 and <= State.Sta12 => new(UpperLayerAction.AA4, State.Sta1),
            _ => null,
        },
        Event.Evt18 => state is State.Sta2 or State.Sta13 ? new(UpperLayerAction.AA2, State.Sta1) : null,
        Event.Evt19 => state is State.Sta13 ? new(UpperLayerAction.AA7, State.Sta13) : Unexpected(state),
        _ => throw new ArgumentOutOfRangeException(nameof(happened)),
    };

    private static Transition? Unexpected(State state) => state switch
    {
        State.Sta2 => new(UpperLayerAction.AA1, State.Sta13),
        State.Sta13 => new(UpperLayerAction.AA6, State.Sta13),
        State.Sta3 or (>= State.Sta5 and <= State.Sta12) => new(UpperLayerAction.AA8, State.Sta13),
        _ => null,
    };
}
