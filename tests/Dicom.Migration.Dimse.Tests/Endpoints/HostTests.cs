using Dicom.Migration.Dimse.Tests.Services;
using Dicom.Migration.Engine;
using Dicom.Migration.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Dicom.Migration.Dimse.Tests.Endpoints;

/// <summary>A host that names two archives and runs.</summary>
public sealed class HostTests(TestPki pki) : IClassFixture<TestPki>, IDisposable
{
    private const int Count = 8;
    private readonly string _folder = Directory.CreateTempSubdirectory("dimse-host.").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_host_that_reads_like_a_sentence_moves_one_archive_into_another()
    {
        await using var old = Archives.Filled(Count);
        await using var other = new ScriptedPacs();
        await using var host = Compose(o => Archives.Reach(o, old.Port, DimseRetrieval.Get), o => Archives.Reach(o, other.Port, DimseRetrieval.Get));
        await RunAsync(host, old, other);
    }

    [Theory, InlineData(DimseRetrieval.Get), InlineData(DimseRetrieval.Move)]
    public async Task Archives_that_are_named_by_dimses_are_read_and_written_with_certificates_on_both_sides(DimseRetrieval retrieval)
    {
        var tls = new DimseTls(() => pki.Good());
        await using var old = new ScriptedPacs(security: tls);
        foreach (var instance in MadeUpInstances.Create(5, Count)) old.Add(instance);
        await using var other = new ScriptedPacs(security: tls);
        await using var host = Compose(o => Reach(o, old.Port), o => Reach(o, other.Port));
        if (retrieval is DimseRetrieval.Move)
        {
            old.Destinations["ME"] = Assert.IsType<DimseSource>(host.GetRequiredKeyedService<IMigrationSource>("old")).ListenPort;
            other.Destinations["ME"] = Assert.IsType<DimseTarget>(host.GetRequiredKeyedService<IMigrationTarget>("new")).ListenPort;
        }

        await RunAsync(host, old, other);
        Assert.StartsWith("dimses://", host.GetRequiredKeyedService<IMigrationSource>("old").Address, StringComparison.Ordinal);

        void Reach(DimsePeerOptions options, int port)
        {
            DimseEndpoint.Parse($"dimses://PACS@127.0.0.1:{port}?calling=ME&retrieve={(retrieval is DimseRetrieval.Get ? "get" : "move")}&listen=0").ApplyTo(options, tls);
            (options.ListenAddress, options.SettleTimeout) = ("127.0.0.1", TimeSpan.FromMilliseconds(500));
        }
    }

    [Fact]
    public async Task A_side_without_a_certificate_moves_nothing()
    {
        await using var old = new ScriptedPacs(security: new DimseTls(() => pki.Good()));
        foreach (var instance in MadeUpInstances.Create(5, Count)) old.Add(instance);
        await using var other = new ScriptedPacs();
        await using var host = Compose(o => Archives.Reach(o, old.Port, DimseRetrieval.Get).Security = new DimseTls(() => pki.Good() with { Certificate = null }), o => Archives.Reach(o, other.Port, DimseRetrieval.Get));
        await Assert.ThrowsAsync<SourceUnavailableException>(() => host.GetRequiredService<MigrationRunner>().RunAsync(null, Token));
        Assert.Empty(other.Instances);
    }

    [Fact]
    public async Task All_errors_of_the_options_are_told_when_the_host_starts()
    {
        await using var host = Compose(static o => (o.Host, o.CalledAeTitle, o.IdleTimeout) = ("h", "FAR TOO LONG A TITLE", TimeSpan.Zero), static o => o.OperationsWindow = 0);
        var e = Assert.ThrowsAny<Exception>(() => host.GetRequiredService<IStartupValidator>().Validate());
        foreach (var name in (string[])[nameof(DimsePeerOptions.CalledAeTitle), nameof(DimsePeerOptions.IdleTimeout), nameof(DimseTargetOptions.OperationsWindow), nameof(DimsePeerOptions.Security)])
            Assert.Contains(name, e.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(DimseRetrieval.Move, DimseRetrieval.Move, false, 11_112, "0.0.0.0", true)]
    [InlineData(DimseRetrieval.Move, DimseRetrieval.Get, true, 11_112, "127.0.0.1", true)] // storage commitment
    [InlineData(DimseRetrieval.Move, DimseRetrieval.Get, false, 11_112, "0.0.0.0", false)] // the target sends nothing of its own
    [InlineData(DimseRetrieval.Get, DimseRetrieval.Move, false, 11_112, "0.0.0.0", false)]
    [InlineData(DimseRetrieval.Move, DimseRetrieval.Move, false, 11_113, "0.0.0.0", false)]
    [InlineData(DimseRetrieval.Move, DimseRetrieval.Move, false, 0, "0.0.0.0", false)]
    public async Task Two_archives_that_report_to_one_port_are_told_when_the_host_starts(DimseRetrieval source, DimseRetrieval target, bool asksForCommitment, int port, string address, bool isTold)
    {
        await using var host = Compose(o => Set(o, source, 11_112), o =>
        {
            Set(o, target, port);
            (o.AsksForCommitment, o.ListenAddress) = (asksForCommitment, address);
        });
        var validate = host.GetRequiredService<IStartupValidator>().Validate;
        if (isTold) Assert.Contains(nameof(DimsePeerOptions.ListenPort), Assert.ThrowsAny<OptionsValidationException>(validate).Message, StringComparison.Ordinal);
        else validate();

        static void Set(DimsePeerOptions options, DimseRetrieval retrieval, int port) =>
            (options.Host, options.CalledAeTitle, options.Security, options.Retrieval, options.ListenPort) = ("h", "A", DimseSecurity.Plaintext, retrieval, port);
    }

    private static async Task RunAsync(ServiceProvider host, ScriptedPacs old, ScriptedPacs other)
    {
        host.GetRequiredService<IStartupValidator>().Validate();
        var account = await host.GetRequiredService<MigrationRunner>().RunAsync(null, Token);
        Assert.Equal((true, Count), (account.IsClosed, (int)account.Count(EvidenceLevel.L4)));
        Assert.True(old.Instances.OrderBy(static i => i.SopInstanceUid, StringComparer.Ordinal).Select(static i => Convert.ToHexString(i.Bytes.Span))
            .SequenceEqual(other.Instances.OrderBy(static i => i.SopInstanceUid, StringComparer.Ordinal).Select(static i => Convert.ToHexString(i.Bytes.Span))));
    }

    private ServiceProvider Compose(Action<DimseSourceOptions> source, Action<DimseTargetOptions> target)
    {
        var services = new ServiceCollection();
        services.AddDicomMigration()
            .FromDimse("old", source)
            .ToDimse("new", target)
            .UseSqliteLedger(Path.Join(_folder, "migration.db"), static o => o with { FirstRetryDelay = TimeSpan.FromMilliseconds(20) });
        return services.BuildServiceProvider();
    }
}
