using System.Net;
using Dicom.Migration.Dimse.Tests.Endpoints;
using Dicom.Migration.Dimse.Tests.Faults;
using Dicom.Migration.Engine;
using Dicom.Migration.Testing;

namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>DCMTK's programs where they are told to misbehave: each way has its fault, and nothing of it counts as Verified.</summary>
public sealed class DcmtkFaultTests : IAsyncDisposable
{
    private const string Secondary = "1.2.840.10008.5.1.4.1.1.7", Verification = "1.2.840.10008.1.1", FindModel = "1.2.840.10008.5.1.4.1.2.2.1", MoveModel = "1.2.840.10008.5.1.4.1.2.2.2", GetModel = "1.2.840.10008.5.1.4.1.2.2.3";
    private static readonly byte[] Study = [.. Elements.Element(0x00080052, "CS", "STUDY"), .. Elements.Element(0x0020000D, "UI", "1.2.3")];
    private static readonly IReadOnlyList<MadeUpInstance> Instances = MadeUpInstances.Create(5, 6);
    private readonly Dcmtk _dcmtk = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _dcmtk.DisposeAsync();

    private static Task<DimseAssociation> ConnectAsync(int port, string called = "ANY", params ContextProposal[] proposals) =>
        DimseAssociation.ConnectAsync("127.0.0.1", port, called, proposals, new DimseClientOptions { Security = DimseSecurity.Plaintext, AeTitle = "ME" }, TimeProvider.System, null, Token);

    private static DimseListener Listen(IDimseHandler handler) =>
        new(new DimseListenerOptions { Security = DimseSecurity.Plaintext, EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }, handler, TimeProvider.System);

    private static ContextProposal Propose(string sopClass) => new(sopClass, [Elements.Explicit]);

    private static Task<DimseStatus> StoreAsync(DimseAssociation association, int number = 1) =>
        association.StoreAsync(Secondary, $"1.2.3.1.{number}", Elements.Explicit, Elements.Body(Elements.Instance(Secondary, $"1.2.3.1.{number}")), Token);

    private string Stored => Directory.CreateDirectory(Path.Combine(_dcmtk.Folder, "stored")).FullName;

    private Task<int> StoreScpAsync(params string[] how)
    {
        var port = Dcmtk.FreePort();
        return _dcmtk.ServeAsync("storescp", port, ["-od", Stored, "+B", .. how, Dcmtk.Text(port)]);
    }

    [Fact]
    public async Task A_storescp_that_refuses_associations_is_a_rejection_and_not_tried_again()
    {
        var port = await StoreScpAsync("--refuse");
        var e = await Assert.ThrowsAsync<AssociationException>(() => ConnectAsync(port, "ANY", Propose(Secondary)));
        Assert.Equal((FaultCode.AssociationRejected, false), (e.Fault.Code, e.Fault.IsTransient));
    }

    [Fact]
    public async Task A_storescp_that_rejects_whoever_has_no_implementation_class_uid_takes_us()
    {
        var port = await StoreScpAsync("--reject");
        await using var association = await ConnectAsync(port, "ANY", Propose(Verification), Propose(Secondary));
        Assert.True((await association.EchoAsync(Token)).IsSuccess);
        Assert.True((await StoreAsync(association)).IsSuccess);
        await association.ReleaseAsync();
        Assert.Single(Directory.GetFiles(Stored));
    }

    [Theory, InlineData("--abort-during"), InlineData("--abort-after")]
    public async Task A_storescp_that_aborts_gives_no_answer_that_could_be_taken_for_success(string how)
    {
        var port = await StoreScpAsync(how);
        await using var association = await ConnectAsync(port, "ANY", Propose(Secondary));
        var e = await Assert.ThrowsAsync<AssociationException>(() => StoreAsync(association));
        Assert.Equal((FaultCode.PeerClosedEarly, true), (e.Fault.Code, e.Fault.IsTransient));
        Assert.True(association.Ended.IsCancellationRequested);
    }

    [Fact]
    public async Task A_storescp_that_sleeps_for_longer_than_is_waited_for_is_given_up()
    {
        var port = await StoreScpAsync("--sleep-during", "30");
        await using var association = await DimseAssociation.ConnectAsync("127.0.0.1", port, "ANY", [Propose(Secondary)],
            new DimseClientOptions { Security = DimseSecurity.Plaintext, IdleTimeout = TimeSpan.FromSeconds(1) }, TimeProvider.System, null, Token);
        var e = await Assert.ThrowsAsync<AssociationException>(() => StoreAsync(association));
        Assert.Equal((FaultCode.PeerTimeout, true), (e.Fault.Code, e.Fault.IsTransient));
    }

    [Fact]
    public async Task A_storescp_that_takes_Implicit_VR_alone_refuses_the_context_and_no_object_is_sent_otherwise()
    {
        var port = await StoreScpAsync("+xi");
        await using var association = await ConnectAsync(port, "ANY", Propose(Secondary), new(Verification, [Elements.Implicit]));
        Assert.Equal(Verification, Assert.Single(association.Contexts).AbstractSyntax);
        var e = await Assert.ThrowsAsync<AssociationException>(() => StoreAsync(association));
        Assert.Equal(FaultCode.NotNegotiable, e.Fault.Code);
        Assert.True((await association.EchoAsync(Token)).IsSuccess); // and the association is as good as before
        await association.ReleaseAsync();
        Assert.Empty(Directory.GetFiles(Stored));
    }

    [Theory, InlineData(EvidenceLevel.L1), InlineData(EvidenceLevel.L2), InlineData(EvidenceLevel.L4)]
    public async Task What_a_storescp_has_thrown_away_and_called_a_success_is_Verified_at_no_level(EvidenceLevel level)
    {
        var port = await StoreScpAsync("--ignore", "+xa", "-pm");
        using var migration = new Endpoints.Migration();
        await using var target = Target(port);
        // It answers neither C-FIND, C-GET nor storage commitment: nothing can be found out, and nothing is claimed.
        var e = await Assert.ThrowsAsync<TargetUnavailableException>(() => migration.RunAsync(new HeldSource(Instances), target, level, lanes: 1));
        Assert.Equal(FaultCode.NotNegotiable, e.Fault.Code);
        Assert.Empty(Directory.GetFiles(Stored));
        var held = await migration.InstancesAsync();
        Assert.DoesNotContain(held, static i => i.Current.State is InstanceState.Acknowledged || InstanceTransitions.IsTerminal(i.Current.State)); // it is found out before anything is sent
    }

    [Theory, InlineData(EvidenceLevel.L1), InlineData(EvidenceLevel.L4)]
    public async Task What_a_dcmqrscp_has_thrown_away_and_called_a_success_is_missing_each(EvidenceLevel level)
    {
        var port = await ArchiveAsync("--ignore");
        using var migration = new Endpoints.Migration();
        var options = Archives.Reach(new DimseTargetOptions { VisibilityTimeout = TimeSpan.Zero }, port, DimseRetrieval.Get);
        options.CalledAeTitle = "QR";
        await using var target = new DimseTarget("new", options, TimeProvider.System);
        var native = Instances.Where(static i => !i.TransferSyntax.IsEncapsulated && !i.TransferSyntax.IsDeflated).ToList();
        Assert.NotEmpty(native);
        var account = await migration.RunAsync(new HeldSource(native), target, level, lanes: 1);
        Assert.Equal((true, 0, native.Count), (account.IsClosed, (int)account.Count(InstanceState.Verified), (int)account.Count(FaultCode.MissingAtTarget)));
    }

    [Fact]
    public async Task A_dcmqrscp_that_refuses_associations_ends_a_run_that_would_read_it()
    {
        var port = await ArchiveAsync("--refuse");
        using var migration = new Endpoints.Migration();
        await using var source = new DimseSource("old", Archives.Reach(new DimseSourceOptions(), port, DimseRetrieval.Get), TimeProvider.System);
        await using var target = new ScriptedPacs();
        await using var writing = Archives.Target(target);
        var e = await Assert.ThrowsAsync<SourceUnavailableException>(() => migration.RunAsync(source, writing));
        Assert.Equal(FaultCode.AssociationRejected, e.Fault.Code);
    }

    [Theory, InlineData("--abort-during"), InlineData("--abort-after"), InlineData("--refuse")]
    public async Task What_is_sent_to_a_storescp_that_breaks_off_is_Verified_at_no_level(string how)
    {
        var port = await StoreScpAsync(how, "+xa");
        using var migration = new Endpoints.Migration();
        await using var target = Target(port);
        await Assert.ThrowsAsync<TargetUnavailableException>(() => migration.RunAsync(new HeldSource(Instances), target, lanes: 1));
        Assert.DoesNotContain(await migration.InstancesAsync(), static i => i.Current.State is InstanceState.Verified or InstanceState.Acknowledged);
    }

    [Fact]
    public async Task A_findscu_that_cancels_after_three_matches_stops_a_query_without_an_end()
    {
        var archive = new SmallArchive { FindsForEver = true };
        for (var i = 1; i <= 5; i++) archive.Instances[$"1.2.3.1.{i}"] = Elements.Instance(Secondary, $"1.2.3.1.{i}");
        await using var listener = Listen(archive);
        var (code, output) = await _dcmtk.RunAsync("findscu", "-S", "-v", "--cancel", "3", "-aec", "SCP", "-k", "0008,0052=STUDY", "-k", "0020,000D=1.2.3", "127.0.0.1", Dcmtk.Text(listener.EndPoint.Port));
        Assert.True(code == 0, output);
        Assert.Contains("Cancel", output, StringComparison.OrdinalIgnoreCase);
        await archive.Cancelled.Task.WaitAsync(Token);
    }

    [Fact]
    public async Task A_dcmqrscp_whose_query_is_left_is_sent_a_C_CANCEL_and_answers_what_is_asked_next()
    {
        const int Held = 300, Read = 3;
        var port = await ArchiveAsync();
        await using var association = await ConnectAsync(port, "QR", Propose(FindModel), Propose(Secondary), Propose(Verification));
        for (var i = 1; i <= Held; i++) Assert.True((await StoreAsync(association, i)).IsSuccess);
        byte[] images = [.. Elements.Element(0x00080018, "UI", ""), .. Elements.Element(0x00080052, "CS", "IMAGE"), .. Elements.Element(0x0020000D, "UI", "1.2.3"), .. Elements.Element(0x0020000E, "UI", "1.2.3.1")];
        Assert.Equal(Held + 1, await association.FindAsync(FindModel, images, Token).CountAsync(Token)); // with the outcome: there is much to be cancelled
        var matches = 0;
        await foreach (var response in association.FindAsync(FindModel, images, Token))
        {
            Assert.True(response.Status.IsPending);
            if (++matches == Read) break;
        }

        Assert.True((await association.EchoAsync(Token)).IsSuccess);
        var studies = await association.FindAsync(FindModel, Study, Token).ToListAsync(Token);
        Assert.True(studies[^1].Status.IsSuccess);
        Assert.Equal(2, studies.Count);
        await association.ReleaseAsync();
        var log = await File.ReadAllTextAsync(Path.Combine(_dcmtk.Folder, "log"), Token);
        Assert.Contains("Cancel", log, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_movescu_that_cancels_stops_our_C_MOVE_and_is_told_so()
    {
        const int Held = 2_000;
        var destination = new SmallArchive();
        await using var third = Listen(destination);
        var archive = new SmallArchive
        {
            Context = static p => ContextDecision.Accept(p.TransferSyntaxes.Contains(Elements.Explicit, StringComparer.Ordinal) ? Elements.Explicit : p.TransferSyntaxes[0], p.Roles),
            Destinations = (title, contexts, token) => ConnectAsync(third.EndPoint.Port, title, [.. contexts]),
        };
        for (var i = 1; i <= Held; i++) archive.Instances[$"1.2.3.1.{i}"] = Elements.Instance(Secondary, $"1.2.3.1.{i}");
        await using var listener = Listen(archive);
        var (_, output) = await _dcmtk.RunAsync("movescu", "-S", "-d", "--cancel", "1", "-aec", "SCP", "-aem", "DEST", "-k", "0008,0052=STUDY", "-k", "0020,000D=1.2.3", "127.0.0.1", Dcmtk.Text(listener.EndPoint.Port));
        Assert.Contains("0xfe00", output, StringComparison.Ordinal);
        Assert.InRange(destination.Instances.Count, 1, Held - 1);
        Assert.Equal(0, (await _dcmtk.RunAsync("echoscu", "-aec", "SCP", "127.0.0.1", Dcmtk.Text(listener.EndPoint.Port))).ExitCode);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_dcmqrscp_whose_C_GET_or_C_MOVE_is_left_sends_no_more(bool isGet)
    {
        const int Held = 300;
        var (got, moved) = (new SmallArchive(), new SmallArchive());
        await using var mine = Listen(moved);
        var port = await ArchiveAsync(mine.EndPoint.Port);
        await using var association = await DimseAssociation.ConnectAsync("127.0.0.1", port, "QR",
            [Propose(isGet ? GetModel : MoveModel), Propose(Verification), new(Secondary, [Elements.Explicit]) { Roles = ContextRoles.ScuAndScp }],
            new DimseClientOptions { Security = DimseSecurity.Plaintext, AeTitle = "ME" }, TimeProvider.System, got, Token);
        for (var i = 1; i <= Held; i++) Assert.True((await StoreAsync(association, i)).IsSuccess);
        await foreach (var response in isGet ? association.GetAsync(GetModel, Study, Token) : association.MoveAsync(MoveModel, "DEST", Study, Token))
        {
            Assert.True(response.Status.IsPending);
            break;
        }

        Assert.True((await association.EchoAsync(Token)).IsSuccess); // answered behind the last word on what was left
        Assert.InRange((isGet ? got : moved).Instances.Count, 1, Held - 1);
        await association.ReleaseAsync();
    }

    [Theory, InlineData("echoscu"), InlineData("storescu"), InlineData("findscu")]
    public async Task A_client_that_aborts_in_place_of_a_release_leaves_what_was_stored_and_the_listener_goes_on(string tool)
    {
        var archive = new SmallArchive();
        await using var listener = Listen(archive);
        var port = Dcmtk.Text(listener.EndPoint.Port);
        string[] what = tool switch
        {
            "storescu" => ["-xe", "127.0.0.1", port, _dcmtk.Write("a", Secondary, "1.2.3.1.1", Elements.Instance(Secondary, "1.2.3.1.1"))],
            "findscu" => ["-S", "-k", "0008,0052=STUDY", "127.0.0.1", port],
            _ => ["127.0.0.1", port],
        };
        var (code, output) = await _dcmtk.RunAsync(tool, ["--abort", "-aec", "SCP", .. what]);
        Assert.True(code == 0, output);
        var ended = (await archive.Opened.Task.WaitAsync(Token)).Ended;
        await Task.Delay(Timeout.Infinite, ended).WaitAsync(TimeSpan.FromSeconds(30), Token).ContinueWith(static t => Assert.True(t.IsCanceled), Token, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        Assert.Equal(tool is "storescu" ? 1 : 0, archive.Instances.Count);
        Assert.Equal(0, (await _dcmtk.RunAsync("echoscu", "-aec", "SCP", "127.0.0.1", port)).ExitCode);
    }

    [Fact]
    public async Task An_echoscu_that_proposes_128_contexts_of_38_transfer_syntaxes_is_answered()
    {
        var archive = new SmallArchive();
        await using var listener = Listen(archive);
        var (code, output) = await _dcmtk.RunAsync("echoscu", "-v", "-aec", "SCP", "-ppc", "128", "-pts", "38", "127.0.0.1", Dcmtk.Text(listener.EndPoint.Port));
        Assert.True(code == 0, output);
        Assert.Equal(128, (await archive.Opened.Task.WaitAsync(Token)).Contexts.Count);
    }

    private static DimseTarget Target(int port) => new("new", Archives.Reach(new DimseTargetOptions { VisibilityTimeout = TimeSpan.Zero, AsksForCommitment = true }, port, DimseRetrieval.Get), TimeProvider.System);

    private Task<int> ArchiveAsync(params string[] how) => ArchiveAsync(0, how);

    private async Task<int> ArchiveAsync(int destination, params string[] how)
    {
        var port = Dcmtk.FreePort();
        var database = Directory.CreateDirectory(Path.Combine(_dcmtk.Folder, "db")).FullName;
        var config = Path.Combine(_dcmtk.Folder, "config");
        await File.WriteAllTextAsync(config, $"""
            NetworkTCPPort  = {port}
            MaxPDUSize      = 16384
            MaxAssociations = 16
            HostTable BEGIN
            me = (DEST, 127.0.0.1, {destination})
            HostTable END
            VendorTable BEGIN
            VendorTable END
            AETable BEGIN
            QR {database} RW (500, 1024mb) ANY
            AETable END

            """, Token);
        var log = Path.Combine(_dcmtk.Folder, "log.cfg");
        await File.WriteAllTextAsync(log, $"""
            log4cplus.rootLogger = DEBUG, file
            log4cplus.appender.file = log4cplus::FileAppender
            log4cplus.appender.file.File = {Path.Combine(_dcmtk.Folder, "log")}
            log4cplus.appender.file.ImmediateFlush = true
            log4cplus.appender.file.layout = log4cplus::PatternLayout
            log4cplus.appender.file.layout.ConversionPattern = %m%n

            """, Token);
        return await _dcmtk.ServeAsync("dcmqrscp", port, ["-c", config, "-lc", log, .. how]);
    }
}
