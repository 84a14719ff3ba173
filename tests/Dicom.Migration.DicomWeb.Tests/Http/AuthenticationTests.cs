using System.Net;
using System.Text;
using Dicom.Migration.DicomWeb.Tests.Peers;
using Dicom.Migration.DicomWeb.Tests.Services;
using Dicom.Migration.Testing;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Dicom.Migration.DicomWeb.Tests.Http;

/// <summary>Who asks is said in the Authorization header alone, once and not again and again; a secret is printed nowhere.</summary>
public sealed class AuthenticationTests
{
    private const string Secret = "s3cret-w0rd";
    private static readonly Uri Tokens = new("https://login.test/token");
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nobody_says_nothing_and_others_say_it_in_one_header()
    {
        Assert.Null(await HeaderOfAsync(DicomWebCredential.None));
        Assert.Equal("Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("müller:" + Secret)), await HeaderOfAsync(DicomWebCredential.Basic("müller", static _ => new(Secret))));
        Assert.Equal("Bearer " + Secret, await HeaderOfAsync(DicomWebCredential.Bearer(static _ => new(Secret))));
        Assert.Throws<ArgumentException>(static () => DicomWebCredential.Basic("a:b", static _ => new(Secret)));
    }

    [Theory, InlineData(""), InlineData("a\r\nX-Evil: b"), InlineData("a\0b"), InlineData("tökèn")]
    public async Task A_secret_that_no_header_may_hold_is_refused_and_not_repeated(string secret)
    {
        var e = await Assert.ThrowsAsync<DicomWebException>(() => HeaderOfAsync(DicomWebCredential.Bearer(_ => new(secret))));
        Assert.Equal(FaultCode.InvalidConfiguration, e.Fault.Code);
        if (secret.Length > 0) Assert.DoesNotContain(secret, e.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_fixed_credential_that_is_refused_is_not_tried_again()
    {
        using var pacs = new ScriptedWebPacs { Script = new() { Answers = static _ => new(HttpStatusCode.Unauthorized) } };
        foreach (var credential in new[] { DicomWebCredential.None, DicomWebCredential.Basic("u", static _ => new(Secret)), DicomWebCredential.Bearer(static _ => new(Secret)) })
        {
            pacs.Requests.Clear();
            var e = await Assert.ThrowsAsync<DicomWebException>(() => AskAsync(WebPeers.Client(pacs, credential: credential)));
            Assert.Equal((FaultCode.AccessDenied, 1), (e.Fault.Code, pacs.Requests.Count));
            Assert.False(e.Fault.IsTransient);
            Assert.DoesNotContain(Secret, e + credential.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_hundred_requests_at_once_ask_for_one_token_and_it_is_renewed_before_it_ends()
    {
        using var service = new TokenService();
        var client = service.Client();
        service.Hold = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var asking = Enumerable.Range(0, 100).Select(_ => AskAsync(client)).ToList();
        service.Hold.SetResult();
        await Task.WhenAll(asking);
        Assert.Equal((1, 100), (service.Given, service.Pacs.Requests.Count));
        service.Clock.Advance(TimeSpan.FromSeconds(269)); // of 300
        await AskAsync(client);
        Assert.Equal(1, service.Given);
        service.Clock.Advance(TimeSpan.FromSeconds(2));
        await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => AskAsync(client)));
        Assert.Equal(2, service.Given);
        Assert.All(service.Pacs.Requests, static r => Assert.DoesNotContain("token", r, StringComparison.OrdinalIgnoreCase));
        Assert.Contains($"client_secret={Secret}", service.Forms.First(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_that_is_refused_is_renewed_once_for_all_and_each_request_is_tried_once_more()
    {
        using var service = new TokenService();
        var client = service.Client();
        await AskAsync(client);
        service.Clock.Advance(TimeSpan.FromSeconds(60));
        service.Accepted = "t2";
        await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => AskAsync(client)));
        Assert.Equal(2, service.Given);
        Assert.InRange(service.Pacs.Requests.Count, 102, 201);
    }

    [Fact]
    public async Task A_peer_that_refuses_every_token_starts_no_storm()
    {
        using var service = new TokenService { Accepted = "none" };
        var client = service.Client();
        for (var i = 0; i < 50; i++) Assert.Equal(FaultCode.AccessDenied, (await Assert.ThrowsAsync<DicomWebException>(() => AskAsync(client))).Fault.Code);
        Assert.Equal(1, service.Given);
        Assert.InRange(service.Pacs.Requests.Count, 50, 51);
        service.Clock.Advance(TimeSpan.FromSeconds(11));
        await Assert.ThrowsAsync<DicomWebException>(() => AskAsync(client));
        Assert.Equal(2, service.Given);
    }

    [Theory]
    [InlineData(HttpStatusCode.InternalServerError, "", FaultCode.PeerUnreachable)]
    [InlineData(HttpStatusCode.Unauthorized, "{\"error\":\"invalid_client\"}", FaultCode.AccessDenied)]
    [InlineData(HttpStatusCode.Found, "", FaultCode.AccessDenied)]
    [InlineData(HttpStatusCode.OK, "<html/>", FaultCode.ProtocolViolation)]
    [InlineData(HttpStatusCode.OK, "{}", FaultCode.ProtocolViolation)]
    [InlineData(HttpStatusCode.OK, "{\"access_token\":7}", FaultCode.ProtocolViolation)]
    [InlineData(HttpStatusCode.OK, "{\"access_token\":\"a b\\r\\nc\"}", FaultCode.ProtocolViolation)]
    public async Task A_token_endpoint_that_gives_none_is_asked_once_by_all_who_wait(HttpStatusCode status, string body, FaultCode code)
    {
        using var service = new TokenService { Answer = () => new(status) { Content = new StringContent(body) } };
        var client = service.Client();
        service.Hold = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var asking = Enumerable.Range(0, 20).Select(_ => Assert.ThrowsAsync<DicomWebException>(() => AskAsync(client))).ToList();
        service.Hold.SetResult();
        foreach (var e in await Task.WhenAll(asking))
        {
            Assert.Equal(code, e.Fault.Code);
            Assert.DoesNotContain(Secret, e.ToString(), StringComparison.Ordinal);
        }
        Assert.Equal(1, service.Given);
        Assert.Empty(service.Pacs.Requests);
    }

    [Fact]
    public async Task A_token_endpoint_that_never_answers_is_given_up()
    {
        using var service = new TokenService { Hold = new() };
        var asking = AskAsync(service.Client());
        service.Clock.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(FaultCode.PeerTimeout, (await Assert.ThrowsAsync<DicomWebException>(() => asking)).Fault.Code);
    }

    [Fact]
    public async Task Mutual_tls_lets_in_whoever_has_a_certificate_and_nobody_else()
    {
        using var certificates = new TestCertificates();
        await using var archive = await WebArchive.StartAsync(o =>
        {
            o.ServerCertificate = certificates.Server();
            (o.ClientCertificateMode, o.ClientCertificateValidation) = (ClientCertificateMode.RequireCertificate, (c, _, _) => certificates.IsOurs(c));
        }, MadeUpInstances.Create(3, 2).Select(static i => i.Bytes.ToArray()));
        await using var with = Services(archive.Root, o => (o.ClientCertificate, o.TrustedRoots) = (certificates.Client, certificates.Roots));
        await using var without = Services(archive.Root, o => o.TrustedRoots = certificates.Roots);
        Assert.NotEmpty(await with.GetRequiredKeyedService<IMigrationSource>("old").DiscoverAsync(null, Token).ToListAsync(Token));
        var e = await Assert.ThrowsAsync<SourceUnavailableException>(async () => await without.GetRequiredKeyedService<IMigrationSource>("old").DiscoverAsync(null, Token).ToListAsync(Token));
        Assert.True(e.Fault.Code is FaultCode.TlsRefused or FaultCode.PeerClosedEarly or FaultCode.PeerUnreachable, e.Fault.ToString());
    }

    [Theory]
    [InlineData("https", "text/html", "<h1>400 No required SSL certificate was sent</h1>", FaultCode.TlsRefused)]
    [InlineData("https", "text/html", "<h1>400 The SSL certificate error</h1>", FaultCode.TlsRefused)]
    [InlineData("https", "text/html", "<h1>400 Request Header Or Cookie Too Large</h1>", FaultCode.Refused)]
    [InlineData("https", "application/json", "\"No required SSL certificate was sent\"", FaultCode.Refused)] // of the archive itself, whatever it says
    [InlineData("http", "text/html", "<h1>400 No required SSL certificate was sent</h1>", FaultCode.Refused)]
    public async Task A_page_that_says_that_a_certificate_is_missing_is_of_the_connection_and_of_no_object(string scheme, string type, string page, FaultCode code)
    {
        using var pacs = new ScriptedWebPacs { Script = new() { Answers = _ => new HttpResponseMessage(HttpStatusCode.BadRequest) { Content = new StringContent(page, new System.Net.Http.Headers.MediaTypeHeaderValue(type)) } } };
        var client = WebPeers.Client(pacs, o => o.BaseAddress = new UriBuilder(ScriptedWebPacs.Root) { Scheme = scheme, Port = -1 }.Uri);
        var e = await Assert.ThrowsAsync<DicomWebException>(async () => await client.SearchStudiesAsync(cancellationToken: Token).CountAsync(Token));
        Assert.Equal(code, e.Fault.Code);
    }

    [Theory, InlineData("wrong name"), InlineData("expired"), InlineData("unknown root"), InlineData("plain")]
    public async Task A_server_that_cannot_prove_who_it_is_is_refused_and_gets_no_credential(string wrong)
    {
        using var certificates = new TestCertificates();
        using var others = new TestCertificates();
        await using var archive = wrong is "plain" ? await WebArchive.StartAsync() : await WebArchive.StartAsync(o => o.ServerCertificate = wrong switch
        {
            "wrong name" => certificates.Server(IPAddress.Parse("127.0.0.9")), "expired" => certificates.Server(ends: DateTimeOffset.UtcNow.AddHours(-1)), _ => others.Server(),
        });
        var root = new UriBuilder(archive.Root) { Scheme = "https" }.Uri;
        await using var services = Services(root, o => (o.TrustedRoots, o.Authentication, o.Secret) = (certificates.Roots, DicomWebAuthentication.Bearer, static _ => new(Secret)));
        var e = await Assert.ThrowsAsync<SourceUnavailableException>(async () => await services.GetRequiredKeyedService<IMigrationSource>("old").DiscoverAsync(null, Token).ToListAsync(Token));
        Assert.Equal(FaultCode.TlsRefused, e.Fault.Code);
        Assert.Empty(archive.Headers);
        Assert.DoesNotContain(Secret, e.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Secrets_over_plain_http_and_secrets_twice_or_nowhere_are_refused_at_the_start()
    {
        foreach (var wrong in new Action<DicomWebSourceOptions>[] { o => o.Secret = null, o => o.SecretKey = "k", o => o.BaseAddress = new Uri("http://pacs.test/"), o => o.User = "", o => (o.Authentication, o.TokenEndpoint) = (DicomWebAuthentication.OAuth2, null) })
        {
            using var services = Services(new Uri("https://pacs.test/"), o =>
            {
                (o.Authentication, o.User, o.Secret) = (DicomWebAuthentication.Basic, "u", static _ => new(Secret));
                wrong(o);
            });
            Assert.Throws<OptionsValidationException>(() => services.GetRequiredKeyedService<IMigrationSource>("old"));
        }
    }

    [Fact]
    public async Task A_secret_comes_from_the_configuration_when_it_is_needed()
    {
        await using var archive = await WebArchive.StartAsync(MadeUpInstances.Create(3, 2).Select(static i => i.Bytes.ToArray()));
        await using var services = Services(archive.Root, static o => (o.Authentication, o.SecretKey, o.AllowsSecretsInClear) = (DicomWebAuthentication.Bearer, "Vna:Token", true));
        await services.GetRequiredKeyedService<IMigrationSource>("old").DiscoverAsync(null, Token).ToListAsync(Token);
        Assert.All(archive.Headers, static h => Assert.Equal("Bearer " + Secret, h.Authorization.ToString()));
    }

    private static ServiceProvider Services(Uri root, Action<DicomWebSourceOptions> configure)
    {
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(new HastyTime());
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection([new("Vna:Token", Secret)]).Build());
        services.AddDicomMigration().FromDicomWeb("old", o =>
        {
            o.BaseAddress = root;
            configure(o);
        });
        return services.BuildServiceProvider();
    }

    private static Task<int> AskAsync(DicomWebClient client) => client.SearchStudiesAsync(cancellationToken: Token).CountAsync(Token).AsTask();

    private static async Task<string?> HeaderOfAsync(DicomWebCredential credential)
    {
        using var pacs = new ScriptedWebPacs();
        await AskAsync(WebPeers.Client(pacs, credential: credential));
        return Assert.Single(pacs.RequestHeaders).TryGetValues("Authorization", out var values) ? values.Single() : null;
    }

    /// <summary>Gives out t1, t2, ..., and an archive that takes one of them.</summary>
    private sealed class TokenService : HttpMessageHandler
    {
        public FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        public ScriptedWebPacs Pacs { get; } = new();
        public int Given;
        public string? Accepted { get; set; }
        public TaskCompletionSource? Hold { get; set; }
        public Func<HttpResponseMessage>? Answer { get; set; }
        public System.Collections.Concurrent.ConcurrentQueue<string> Forms { get; } = new();

        public DicomWebClient Client()
        {
            Pacs.Script = new() { Answers = r => Accepted is not null && r.Headers.Authorization?.Parameter != Accepted ? new(HttpStatusCode.Unauthorized) : AttackedClientTests.JsonOf("[]") };
            return WebPeers.Client(Pacs, time: Clock, credential: new OAuth2ClientCredentials(new HttpClient(this, disposeHandler: false), Tokens, "mover", static _ => new(Secret), "dicom", Clock));
        }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var number = Interlocked.Increment(ref Given);
            Forms.Enqueue(await request.Content!.ReadAsStringAsync(cancellationToken));
            if (Hold is { } hold) await hold.Task.WaitAsync(cancellationToken);
            return Answer?.Invoke() ?? new(HttpStatusCode.OK) { Content = new StringContent($$"""{"access_token":"t{{number}}","token_type":"Bearer","expires_in":300}""") };
        }
    }
}
