using System.Net;
using System.Net.Sockets;
using System.Text;
using Dicom.Migration.Dimse.Tests.UpperLayer;
using Dicom.Migration.Dimse.UpperLayer;

namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>PS3.7 Annex D, PS3.8 §7.1: what is asked for, what is granted, and what a refusal says.</summary>
public class NegotiationTests
{
    private const string Ct = "1.2.840.10008.5.1.4.1.1.2";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static DimseListener Listen(IDimseHandler handler, DimseListenerOptions? options = null) =>
        new((options ?? new DimseListenerOptions { Security = DimseSecurity.Plaintext }) with { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }, handler, TimeProvider.System);

    private static Task<DimseAssociation> ConnectAsync(DimseListener listener, DimseClientOptions options, params ContextProposal[] proposals) =>
        DimseAssociation.ConnectAsync("127.0.0.1", listener.EndPoint.Port, "SCP", proposals, options, TimeProvider.System, null, Token);

    [Fact]
    public async Task A_refused_context_says_why()
    {
        var archive = new SmallArchive
        {
            Context = p => p.AbstractSyntax switch
            {
                "1.2.1" => ContextDecision.UserRejection, "1.2.2" => ContextDecision.NoReason, "1.2.3" => ContextDecision.AbstractSyntaxNotSupported,
                "1.2.4" => ContextDecision.TransferSyntaxesNotSupported, "1.2.5" => ContextDecision.Accept("1.2.840.10008.1.2.4.50"), _ => ContextDecision.Accept(Elements.Explicit),
            },
        };
        await using var listener = Listen(archive);
        var contexts = Enumerable.Range(1, 6).Select(i => new ProposedContext((byte)(2 * i - 1), $"1.2.{i}", [Elements.Implicit, Elements.Explicit])).ToList();
        var accept = await AskAsync(listener, new AssociateRequest("SCP", "A", Associate.DicomApplicationContext, contexts, []));
        Assert.Equal([1, 2, 3, 4, 4, 0], accept.Contexts.Select(c => (int)c.Result)); // 5: accepted with one that was not proposed
        Assert.Equal(Elements.Explicit, accept.Contexts[5].TransferSyntax);
    }

    [Theory]
    [InlineData(ContextRoles.Scu, ContextRoles.ScuAndScp, ContextRoles.Scu)]
    [InlineData(ContextRoles.Scp, ContextRoles.ScuAndScp, ContextRoles.Scp)]
    [InlineData(ContextRoles.ScuAndScp, ContextRoles.ScuAndScp, ContextRoles.ScuAndScp)]
    [InlineData(ContextRoles.ScuAndScp, ContextRoles.Scu, ContextRoles.Scu)]
    [InlineData(ContextRoles.Scp, ContextRoles.Scu, ContextRoles.None)]
    public async Task No_more_roles_are_granted_than_were_asked_for_and_are_allowed(ContextRoles asked, ContextRoles allowed, ContextRoles granted)
    {
        await using var listener = Listen(new SmallArchive { Context = p => ContextDecision.Accept(p.TransferSyntaxes[0], allowed) });
        await using var association = await ConnectAsync(listener, new DimseClientOptions { Security = DimseSecurity.Plaintext }, new ContextProposal(Ct, [Elements.Explicit]) { Roles = asked });
        Assert.Equal(granted, Assert.Single(association.Contexts).Roles);
    }

    public static TheoryData<UserIdentityKind, string, string, string> Identities => new()
    {
        { UserIdentityKind.UserName, "somebody", "", "" },
        { UserIdentityKind.UserNameAndPasscode, "somebody", "something", "" },
        { UserIdentityKind.Kerberos, "a ticket", "", "a server ticket" },
        { UserIdentityKind.Saml, "<Assertion/>", "", "<Response/>" },
        { UserIdentityKind.JsonWebToken, new string('j', 60_000), "", "a token" },
    };

    [Theory]
    [MemberData(nameof(Identities))]
    public async Task A_user_identity_is_given_and_confirmed(UserIdentityKind kind, string primary, string secondary, string response)
    {
        var archive = new SmallArchive { Decide = _ => AssociationDecision.Accept with { IdentityResponse = Encoding.UTF8.GetBytes(response) } };
        await using var listener = Listen(archive);
        var options = new DimseClientOptions { Security = DimseSecurity.Plaintext, Identity = new UserIdentity(kind, Encoding.UTF8.GetBytes(primary), Encoding.UTF8.GetBytes(secondary)) };
        await using var association = await ConnectAsync(listener, options, new ContextProposal(Ct, [Elements.Explicit]));
        Assert.Equal(response, Encoding.UTF8.GetString(association.IdentityResponse!.Value.Span));
        var identity = archive.Info!.Identity!;
        Assert.Equal((kind, primary, secondary), (identity.Kind, Encoding.UTF8.GetString(identity.Primary.Span), Encoding.UTF8.GetString(identity.Secondary.Span)));
        Assert.DoesNotContain(primary, archive.Info.ToString() + identity, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_that_does_not_confirm_the_identity_is_left()
    {
        await using var listener = Listen(new SmallArchive());
        var identity = new UserIdentity(UserIdentityKind.UserName, "somebody"u8.ToArray());
        var e = await Assert.ThrowsAsync<AssociationException>(() => ConnectAsync(listener, new DimseClientOptions { Security = DimseSecurity.Plaintext, Identity = identity }, new ContextProposal(Ct, [Elements.Explicit])));
        Assert.Equal(FaultCode.AssociationRejected, e.Fault.Code);
        await using var silent = await ConnectAsync(listener, new DimseClientOptions { Security = DimseSecurity.Plaintext, Identity = identity with { WantsResponse = false } }, new ContextProposal(Ct, [Elements.Explicit]));
        Assert.Null(silent.IdentityResponse);
    }

    [Fact]
    public async Task An_identity_that_is_wrong_is_rejected()
    {
        await using var listener = Listen(new SmallArchive { Decide = i => i.Identity is null ? AssociationDecision.NoReason : AssociationDecision.TemporaryCongestion });
        var context = new ContextProposal(Ct, [Elements.Explicit]);
        Assert.Equal(FaultCode.AssociationRejected, (await Assert.ThrowsAsync<AssociationException>(() => ConnectAsync(listener, new DimseClientOptions { Security = DimseSecurity.Plaintext }, context))).Fault.Code);
        var options = new DimseClientOptions { Security = DimseSecurity.Plaintext, Identity = new UserIdentity(UserIdentityKind.UserName, "a"u8.ToArray()) };
        Assert.Equal(FaultCode.PeerBusy, (await Assert.ThrowsAsync<AssociationException>(() => ConnectAsync(listener, options, context))).Fault.Code);
    }

    [Fact]
    public async Task Extended_negotiation_reaches_the_handler_and_its_answer_comes_back()
    {
        var archive = new SmallArchive { Decide = _ => AssociationDecision.Accept with { Extended = [new ExtendedNegotiation(Ct, new byte[] { 1, 0 })] } };
        await using var listener = Listen(archive);
        var options = new DimseClientOptions { Security = DimseSecurity.Plaintext, Extended = [new ExtendedNegotiation(Ct, new byte[] { 1, 1 })], CommonExtended = [new CommonExtendedNegotiation(Ct, "1.2.840.10008.4.2", ["1.2.3", "1.2.4"])] };
        await using var association = await ConnectAsync(listener, options, new ContextProposal(Ct, [Elements.Explicit]));
        Assert.Equal([1, 1], Assert.Single(archive.Info!.Extended).Information.ToArray());
        var common = Assert.Single(archive.Info.CommonExtended);
        Assert.Equal(("1.2.840.10008.4.2", 2), (common.ServiceClassUid, common.RelatedSopClassUids.Count));
        Assert.Equal([1, 0], Assert.Single(association.Extended).Information.ToArray());
    }

    [Theory]
    [InlineData(0, 0, 8, 8)] // 0: no limit
    [InlineData(3, 5, 3, 5)]
    [InlineData(64, 1, 8, 1)]
    public async Task The_smaller_operations_window_holds(ushort invoked, ushort performed, ushort grantedInvoked, ushort grantedPerformed)
    {
        await using var listener = Listen(new SmallArchive(), new DimseListenerOptions { Security = DimseSecurity.Plaintext, OperationsWindow = 8 });
        var accept = await AskAsync(listener, new AssociateRequest("SCP", "A", Associate.DicomApplicationContext, [new ProposedContext(1, Ct, [Elements.Explicit])],
            [new AsynchronousOperationsWindow(invoked, performed)]));
        Assert.Equal(new AsynchronousOperationsWindow(grantedInvoked, grantedPerformed), accept.Find<AsynchronousOperationsWindow>());
    }

    [Fact]
    public async Task A_handler_that_throws_while_it_is_asked_costs_that_association_alone()
    {
        await using var listener = Listen(new SmallArchive { Context = p => p.AbstractSyntax is "1.2.9" ? throw new InvalidOperationException() : ContextDecision.Accept(Elements.Explicit) });
        await using var good = await ConnectAsync(listener, new DimseClientOptions { Security = DimseSecurity.Plaintext }, new ContextProposal(Ct, [Elements.Explicit]));
        await Assert.ThrowsAsync<AssociationException>(() => ConnectAsync(listener, new DimseClientOptions { Security = DimseSecurity.Plaintext }, new ContextProposal("1.2.9", [Elements.Explicit])));
        Assert.True((await good.StoreAsync(Ct, "1.2.3", Elements.Explicit, Elements.Body([]), Token)).IsSuccess);
    }

    [Fact]
    public void An_inventory_that_needs_more_than_128_contexts_is_divided_among_associations()
    {
        var contexts = Enumerable.Range(1, 50).SelectMany(c => Enumerable.Range(1, 7).Select(t => new ContextProposal($"1.2.{c}", [$"1.3.{t}"]))).ToList();
        var echo = new ContextProposal("1.2.840.10008.1.1", [Elements.Implicit]);
        var plans = ContextPlanner.Plan([.. contexts, .. contexts], echo);
        Assert.Equal(3, plans.Count); // 18 classes of 7 contexts each are 126, and one for the echo
        Assert.All(plans, p => Assert.True(p.Count <= 128 && p[0] == echo));
        Assert.Equal(contexts, plans.SelectMany(p => p.Skip(1)));
        Assert.All(contexts.GroupBy(c => c.AbstractSyntax), g => Assert.Single(plans, p => p.Contains(g.First())));
        Assert.Equal([128, 72], ContextPlanner.Plan(Enumerable.Range(1, 200).Select(t => new ContextProposal("1.2", [$"1.3.{t}"])).ToList()).Select(p => p.Count));
    }

    private static async Task<AssociateAccept> AskAsync(DimseListener listener, AssociateRequest request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(listener.EndPoint, Token);
        var stream = client.GetStream();
        await stream.WriteAsync(Pdus.Encode(request), Token);
        var header = new byte[6];
        await stream.ReadExactlyAsync(header, Token);
        var body = new byte[(header[4] << 8) | header[5]];
        await stream.ReadExactlyAsync(body, Token);
        return (AssociateAccept)PduParser.Parse(new PduFrame((PduType)header[0], new(body)));
    }
}
