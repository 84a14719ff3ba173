using System.Security.Cryptography;
using static Dicom.Migration.Dimse.Tests.Services.TlsPeers;

namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>Certificates, keys and roots in files: renewed, half written, swapped, or not to be read at all.</summary>
public sealed class TlsCredentialTests(TestPki pki) : IClassFixture<TestPki>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dimse-tests.").FullName;
    private readonly SmallArchive _archive = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_renewed_certificate_is_in_force_at_the_next_handshake()
    {
        var (certificate, key, roots) = pki.WriteFiles(_folder, "expired");
        await using var listener = Listen(_archive, new DimseTls(new TlsCredentialFiles(certificate, key, roots).Load));
        await RefusedAsync(listener.EndPoint.Port, new DimseTls(() => pki.Good()));
        File.WriteAllText(key, "half written");
        await RefusedAsync(listener.EndPoint.Port, new DimseTls(() => pki.Good())); // the old one, as the new one cannot be used
        pki.WriteFiles(_folder, "");
        await using var association = await ConnectAsync(listener, new DimseTls(() => pki.Good()));
        Assert.True((await association.EchoAsync(Token)).IsSuccess);
    }

    [Fact]
    public async Task A_client_takes_a_renewed_certificate_too()
    {
        var (certificate, key, roots) = pki.WriteFiles(_folder, "expired");
        var tls = new DimseTls(new TlsCredentialFiles(certificate, key, roots).Load);
        await using var listener = Listen(_archive, new DimseTls(() => pki.Good()));
        await Assert.ThrowsAsync<AssociationException>(() => ConnectAsync(listener, tls));
        Assert.Equal(FaultCode.TlsRefused, await _archive.RefusalAsync());
        pki.WriteFiles(_folder, "");
        await using var association = await ConnectAsync(listener, tls);
        Assert.True((await association.EchoAsync(Token)).IsSuccess);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Roots_that_are_changed_are_in_force_at_the_next_handshake_of_either_side(bool isListener)
    {
        using var other = new TestPki();
        var (certificate, key, roots) = pki.WriteFiles(_folder, "");
        var fromFiles = new DimseTls(new TlsCredentialFiles(certificate, key, roots).Load);
        var fixedOnes = new DimseTls(() => pki.Good());
        await using var listener = Listen(_archive, isListener ? fromFiles : fixedOnes);
        var client = isListener ? fixedOnes : fromFiles;
        await using (var association = await ConnectAsync(listener, client)) Assert.True((await association.EchoAsync(Token)).IsSuccess);
        await File.WriteAllTextAsync(roots, other.Root.ExportCertificatePem(), Token);
        await Assert.ThrowsAsync<AssociationException>(() => ConnectAsync(listener, client)); // nobody whom it trusts any more
        if (isListener) Assert.Equal(FaultCode.TlsRefused, await _archive.RefusalAsync());
        await File.WriteAllTextAsync(roots, other.Root.ExportCertificatePem() + "\n" + pki.Root.ExportCertificatePem(), Token);
        await using (var association = await ConnectAsync(listener, client)) Assert.True((await association.EchoAsync(Token)).IsSuccess);
    }

    [Theory]
    [InlineData("roots", "empty"), InlineData("roots", "cut off"), InlineData("roots", "one and a half"), InlineData("roots", "half a line"), InlineData("roots", "gone"), InlineData("roots", "a folder")]
    [InlineData("certificate", "empty"), InlineData("certificate", "cut off"), InlineData("certificate", "one and a half"), InlineData("certificate", "gone"), InlineData("certificate", "another's")]
    [InlineData("key", "empty"), InlineData("key", "cut off"), InlineData("key", "gone"), InlineData("key", "another's")]
    public void A_file_that_cannot_be_used_leaves_in_force_what_was_read_and_is_no_beginning(string file, string how)
    {
        var paths = pki.WriteFiles(_folder, "");
        var files = new TlsCredentialFiles(paths.Certificate, paths.Key, paths.Roots);
        var good = files.Load();
        var path = file switch { "roots" => paths.Roots, "certificate" => paths.Certificate, _ => paths.Key };
        var text = File.ReadAllText(path);
        Break(path, text, how);
        Assert.Same(good, files.Load());
        Assert.Single(files.Load().TrustRoots!);
        var e = Assert.Throws<AssociationException>(() => Listen(_archive, new DimseTls(new TlsCredentialFiles(paths.Certificate, paths.Key, paths.Roots).Load)));
        Assert.Equal(FaultCode.InvalidConfiguration, e.Fault.Code);
        Assert.DoesNotContain(_folder, e.ToString(), StringComparison.Ordinal);

        if (Directory.Exists(path)) Directory.Delete(path);
        File.WriteAllText(path, text);
        Assert.Equal(good.Certificate!.Thumbprint, files.Load().Certificate!.Thumbprint);
    }

    [Fact]
    public void A_link_that_is_turned_to_other_files_is_seen_though_nothing_else_changes()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a right there.");
        // As Kubernetes mounts a secret: roots.pem is a link to ..data/roots.pem, and ..data one to a folder by the time.
        var (stamp, folders) = (new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc), new[] { "..1", "..2" });
        using var other = new TestPki();
        foreach (var (folder, root) in folders.Zip([pki.Root, other.Root]))
        {
            var file = Path.Combine(Directory.CreateDirectory(Path.Combine(_folder, folder)).FullName, "roots.pem");
            File.WriteAllText(file, root.ExportCertificatePem().PadRight(4_096)); // of one length, and of one time
            File.SetLastWriteTimeUtc(file, stamp);
        }

        var data = Path.Combine(_folder, "..data");
        Directory.CreateSymbolicLink(data, folders[0]);
        var roots = Path.Combine(_folder, "roots.pem");
        File.CreateSymbolicLink(roots, Path.Combine("..data", "roots.pem"));
        var files = new TlsCredentialFiles(null, null, roots);
        Assert.Equal(pki.Root.Thumbprint, Assert.Single(files.Load().TrustRoots!).Thumbprint);
        File.Delete(data);
        Directory.CreateSymbolicLink(data, folders[1]);
        Assert.Equal(other.Root.Thumbprint, Assert.Single(files.Load().TrustRoots!).Thumbprint);
        Assert.Same(files.Load(), files.Load()); // and read once
    }

    [Fact]
    public async Task Credentials_that_cannot_be_read_are_not_the_peer_s_fault()
    {
        await using var listener = Listen(_archive, new DimseTls(() => pki.Good()));
        Func<TlsCredentials>[] unreadable =
        [
            new TlsCredentialFiles("not-there.pem", "not-there.key", null).Load, () => throw new UnauthorizedAccessException(), () => throw new CryptographicException(), () => throw new IOException(),
            () => pki.Good() with { TrustRoots = [] }, () => pki.Good() with { Certificate = pki.Root }, // without its key
        ];
        foreach (var credentials in unreadable)
            Assert.Equal(FaultCode.InvalidConfiguration, (await Assert.ThrowsAsync<AssociationException>(() => ConnectAsync(listener, new DimseTls(credentials)))).Fault.Code);
        Assert.Null(_archive.Info);
        Assert.Throws<AssociationException>(() => Listen(_archive, new DimseTls(() => pki.Good() with { Certificate = null })));
    }

    [Fact]
    public void Credentials_that_cannot_be_read_are_found_when_the_host_starts()
    {
        var options = new DimseSourceOptions { Host = "h", CalledAeTitle = "A", Security = new DimseTls(new TlsCredentialFiles("not-there.pem", "not-there.key", null).Load) };
        Assert.Contains("cannot be read", string.Join(' ', new DimseSourceOptionsValidator().Validate(null, options).Failures ?? []), StringComparison.Ordinal);
        options.Security = new DimseTls(() => pki.Good());
        Assert.True(new DimseSourceOptionsValidator().Validate(null, options).Succeeded);
    }

    private void Break(string path, string text, string how)
    {
        if (how is "gone" or "a folder") File.Delete(path);
        if (how is "a folder") Directory.CreateDirectory(path);
        if (how is "another's")
        {
            var folder = Directory.CreateDirectory(Path.Combine(_folder, "other")).FullName;
            pki.WriteFiles(folder, "");
            text = File.ReadAllText(Path.Combine(folder, Path.GetFileName(path)));
        }

        if (how is "gone" or "a folder") return;
        File.WriteAllText(path, how switch
        {
            "empty" => "", "cut off" => text[..(text.Length / 2)], "one and a half" => text + "\n" + text[..(text.Length / 2)], "half a line" => text + "\n-----BEGIN CERTIFICATE-----", _ => text,
        });
    }
}
