using System.Security.Cryptography;
using Dicom.Migration.Dimse.Tests.Endpoints;
using Dicom.Migration.Engine;
using Dicom.Migration.Testing;

namespace Dicom.Migration.Dimse.Tests.Faults;

/// <summary>How the engine is joined to the archives, and where the proxy stands.</summary>
internal enum Route
{
    /// <summary>Objects are stored into an archive behind the proxy, which is asked what it holds over it, too.</summary>
    Store,
    /// <summary>Objects are read by C-GET from an archive behind the proxy.</summary>
    Get,
    /// <summary>Objects are read by C-MOVE; the proxy stands before the archive.</summary>
    MoveRequest,
    /// <summary>Objects are read by C-MOVE; the proxy stands before our listener.</summary>
    MoveReturn,
}

/// <summary>A whole migration with one fault on its way, run again until its account is closed, and what has to be so at its end.</summary>
internal sealed class FaultyRun(Route route, IReadOnlyList<MadeUpInstance> instances)
{
    private const int MostRuns = 4;

    /// <summary>PDUs and bytes that pass without a fault.</summary>
    public long[] Pdus { get; } = new long[2];
    public long[] Bytes { get; } = new long[2];
    /// <summary>All bytes that passed in the last run.</summary>
    public byte[][] Heard { get; } = [[], []];
    /// <summary>Whether what was read of the source is what it sent: then what is Verified must be it.</summary>
    public bool IsWireTrue { get; init; } = true;
    /// <summary>Longest silence that both endpoints bear.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Runs it, and checks: closed, each object once, none Verified whose bytes the target does not hold, none twice.</summary>
    /// <returns>Its account, the runs it took, and whether the fault happened.</returns>
    public async Task<(LedgerAccount Account, int Runs, bool IsDone)> RunAsync(WireFault? fault)
    {
        await using var old = new ScriptedPacs();
        await using var other = new ScriptedPacs();
        if (route is not Route.Store)
            foreach (var instance in instances) old.Add(instance);
        DimseSource? source = null;
        var destination = 0;
        await using var proxy = new FaultyProxy(() => route switch { Route.Store => other.Port, Route.MoveReturn => Volatile.Read(ref destination), _ => old.Port }, fault);
        if (route is not Route.Store)
        {
            source = Archives.Source(old, route is Route.Get ? DimseRetrieval.Get : DimseRetrieval.Move, Configure, route is Route.MoveReturn ? null : proxy.Port);
            destination = route is Route.Get ? 0 : source.ListenPort;
            if (route is Route.MoveReturn) old.Destinations["ME"] = proxy.Port;
        }

        await using var owned = source;
        await using var target = Archives.Target(other, DimseRetrieval.Get, Configure, route is Route.Store ? proxy.Port : null);
        using var migration = new Endpoints.Migration();
        IMigrationSource from = source is null ? new HeldSource(instances) : source;
        for (var run = 1; ; run++)
        {
            LedgerAccount? account = null;
            try
            {
                account = await migration.RunAsync(from, target, lanes: 1);
            }
            catch (MigrationException) when (run < MostRuns)
            {
                // the run was given up: what it has done is on record
            }

            if (account is not { IsClosed: true } && run < MostRuns) continue;
            Assert.True(account?.IsClosed, $"{fault}: not closed after {run} runs");
            await CheckAsync(migration, other, fault);
            for (var way = 0; way < 2; way++) (Pdus[way], Bytes[way], Heard[way]) = (proxy.Pdus((Way)way), proxy.Bytes((Way)way), proxy.Heard((Way)way));
            return (account!, run, proxy.IsDone);
        }

        void Configure(DimsePeerOptions options)
        {
            (options.IdleTimeout, options.StallTimeout, options.ArtimTimeout) = (Silence, Silence, Silence);
            options.SettleTimeout = TimeSpan.FromMilliseconds(200);
        }
    }

    private async Task CheckAsync(Endpoints.Migration migration, ScriptedPacs other, WireFault? fault)
    {
        var held = other.Instances;
        Assert.Equal(held.Count, held.Select(static i => i.SopInstanceUid).Distinct(StringComparer.Ordinal).Count());
        var content = held.ToDictionary(static i => i.SopInstanceUid, static i => Convert.ToHexString(SHA256.HashData(i.Bytes.Span)), StringComparer.Ordinal);
        var sent = instances.ToDictionary(static i => i.SopInstanceUid, static i => Convert.ToHexString(SHA256.HashData(i.Bytes.Span[i.DataSetOffset..])), StringComparer.Ordinal);
        var ends = await migration.InstancesAsync();
        foreach (var end in ends)
        {
            Assert.True(InstanceTransitions.IsTerminal(end.Current.State), $"{fault}: {end.Current.State}");
            if (end.Current.State is not InstanceState.Verified) continue;
            Assert.True(content.TryGetValue(end.Identity.SopInstanceUid, out var here), $"{fault}: Verified, and not in the target");
            if (IsWireTrue) Assert.True(sent.GetValueOrDefault(end.Identity.SopInstanceUid) == here, $"{fault}: Verified at other content");
        }

        if (!IsWireTrue) return;

        // Each object has one line of its own, or one that says that it did not come.
        var named = ends.Where(e => sent.ContainsKey(e.Identity.SopInstanceUid)).Select(static e => e.Identity.SopInstanceUid).ToList();
        Assert.Equal(named.Count, named.Distinct(StringComparer.Ordinal).Count());
        Assert.True(ends.Count >= instances.Count, $"{fault}: {ends.Count} of {instances.Count} accounted for");
    }
}
