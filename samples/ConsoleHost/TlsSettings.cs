using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dicom.Migration;
using Dicom.Migration.Dimse;
using Dicom.Migration.Engine;
using Microsoft.Extensions.Configuration;

namespace ConsoleHost;

/// <summary>The section "tls" of an endpoint. What it does not know is an error: a root that is misspelt would trust everybody.</summary>
internal sealed class TlsSettings
{
    private const string SystemRoots = "system";
    private readonly IConfigurationSection _section;

    private TlsSettings(IConfigurationSection section) => _section = section;

    /// <summary>Certificate, key and roots as DIMSE takes them.</summary>
    public DimseTls Dimse => new(new TlsCredentialFiles(_section["certificate"], _section["key"], RootsPath).Load)
    {
        PeerName = _section["name"], Profile = Choice<TlsProfile>("profile"), Revocation = Choice<X509RevocationMode>("revocation"),
    };

    /// <summary>Whether we have a certificate of our own.</summary>
    public bool HasCertificate => _section["certificate"] is not null;

    private string? RootsPath => _section["roots"] is SystemRoots ? null : _section["roots"];

    /// <summary>The section of an endpoint, if it has one.</summary>
    /// <param name="settings">The endpoint.</param> <param name="keys">What may stand in it, beside certificate, key and roots.</param>
    public static TlsSettings? Of(IConfigurationSection? settings, params string[] keys)
    {
        if (settings?.GetSection("tls") is not { } section || !section.Exists()) return null;
        string[] known = ["certificate", "key", "roots", .. keys];
        if (section.Value is not null) throw Wrong(section, $"is no object; it has {string.Join(", ", known)}");
        foreach (var child in section.GetChildren())
        {
            if (!known.Contains(child.Key, StringComparer.Ordinal)) throw Wrong(child, $"is not known; tls has {string.Join(", ", known)}");
            if (string.IsNullOrEmpty(child.Value)) throw Wrong(child, "is empty");
        }

        if (section["roots"] is null) throw Wrong(section, $"names no roots: a PEM file with those who may have signed the peer's certificate, or \"{SystemRoots}\" for whomever this machine trusts");
        if (section["key"] is not null && section["certificate"] is null) throw Wrong(section, "has a key and no certificate");
        return new TlsSettings(section);
    }

    /// <summary>Our certificate with its key.</summary>
    public X509Certificate2 Certificate() => Load(() => X509Certificate2.CreateFromPemFile(_section["certificate"]!, _section["key"]));

    /// <summary>Who may have signed the peer's certificate; <see langword="null"/> for whomever this machine trusts.</summary>
    public X509Certificate2Collection? Roots() => RootsPath is not { } path ? null : Load(() =>
    {
        var roots = new X509Certificate2Collection();
        roots.ImportFromPemFile(path);
        return roots.Count > 0 ? roots : throw new CryptographicException();
    });

    private T Choice<T>(string key) where T : struct, Enum => _section[key] is not { } text ? default
        : Enum.GetNames<T>().Contains(text, StringComparer.Ordinal) ? Enum.Parse<T>(text) : throw Wrong(_section.GetSection(key), $"is none of {string.Join(", ", Enum.GetNames<T>())}");

    private T Load<T>(Func<T> load)
    {
        try
        {
            return load();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw Wrong(_section, "cannot be used: certificate, key or roots cannot be read; they are PEM files, the key not encrypted");
        }
    }

    private static EngineException Wrong(IConfigurationSection section, string why) => new(new Fault(FaultCode.InvalidConfiguration), $"--config: {section.Path} {why}.");
}
