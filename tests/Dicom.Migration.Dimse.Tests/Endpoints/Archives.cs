using Dicom.Migration.Testing;

namespace Dicom.Migration.Dimse.Tests.Endpoints;

/// <summary>Endpoints over a scripted archive.</summary>
internal static class Archives
{
    private const string Me = "ME";

    public static T Reach<T>(T options, int port, DimseRetrieval retrieval) where T : DimsePeerOptions
    {
        (options.Host, options.Port, options.CalledAeTitle, options.CallingAeTitle) = ("127.0.0.1", port, ScriptedPacs.AeTitle, Me);
        (options.Security, options.Retrieval, options.ListenAddress, options.ListenPort) = (DimseSecurity.Plaintext, retrieval, "127.0.0.1", 0);
        options.SettleTimeout = TimeSpan.FromMilliseconds(500);
        return options;
    }

    public static DimseSource Source(ScriptedPacs pacs, DimseRetrieval retrieval = DimseRetrieval.Get, Action<DimseSourceOptions>? configure = null, int? port = null, TimeProvider? time = null)
    {
        var options = Reach(new DimseSourceOptions { FirstDay = new DateOnly(1990, 1, 1) }, port ?? pacs.Port, retrieval);
        configure?.Invoke(options);
        var source = new DimseSource("old", options, time ?? TimeProvider.System);
        if (retrieval is DimseRetrieval.Move) pacs.Destinations[Me] = source.ListenPort;
        return source;
    }

    public static DimseTarget Target(ScriptedPacs pacs, DimseRetrieval retrieval = DimseRetrieval.Get, Action<DimseTargetOptions>? configure = null, int? port = null, TimeProvider? time = null)
    {
        var options = Reach(new DimseTargetOptions { VisibilityTimeout = TimeSpan.Zero }, port ?? pacs.Port, retrieval);
        configure?.Invoke(options);
        var target = new DimseTarget("new", options, time ?? TimeProvider.System);
        if (retrieval is DimseRetrieval.Move || options.AsksForCommitment) pacs.Destinations[Me] = target.ListenPort;
        return target;
    }

    public static ScriptedPacs Filled(int count, long seed = 5)
    {
        var pacs = new ScriptedPacs();
        foreach (var instance in MadeUpInstances.Create(seed, count)) pacs.Add(instance);
        return pacs;
    }
}
