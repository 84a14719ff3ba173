using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Dicom.Migration;
using Dicom.Migration.DataSets;
using Dicom.Migration.Dimse;
using Microsoft.Extensions.Configuration;

namespace ConsoleHost;

/// <summary><c>dimse://</c> and <c>dimses://</c>.</summary>
internal sealed record DimsePeer(DimseEndpoint Address, IConfigurationSection? Settings) : Endpoint
{
    public override void AddAsSource(IMigrationBuilder migration) => migration.FromDimse("source", Configure);

    public override void AddAsTarget(IMigrationBuilder migration) => migration.ToDimse("target", Configure);

    public override async Task ProbeAsync(Screen screen, CancellationToken cancellationToken)
    {
        var options = new DimseTargetOptions();
        Configure(options);
        var probe = await DimseProbe.RunAsync(options, TimeProvider.System, cancellationToken: cancellationToken);
        string[] syntaxes = [.. probe.Matrix.Select(c => c.TransferSyntaxUid).Distinct()];
        screen.Say(string.Create(CultureInfo.InvariantCulture, $"C-ECHO {(probe.Echo is { } echo ? echo.ToString() : "not accepted")}; C-FIND {YesNo(probe.HasFind)}, C-GET {YesNo(probe.HasGet)}, C-MOVE {YesNo(probe.HasMove)}, storage commitment {YesNo(probe.HasCommitment)}"));
        screen.Say(string.Create(CultureInfo.InvariantCulture, $"Longest PDU {(probe.MaxPduLength == 0 ? "without limit" : $"{probe.MaxPduLength} bytes")}; operations window {probe.OperationsWindow}; {(probe.IsAssociationLimit ? "at most" : "at least")} {probe.Associations} associations at a time"));
        if (probe.CertificateEnds is { } end) screen.Say($"TLS, its certificate ends on {CertificateEnd.Of(end)}");
        screen.Event("peer", new JsonObject
        {
            ["certificateEnds"] = CertificateEnd.Date(probe.CertificateEnds), ["certificateDays"] = CertificateEnd.Days(probe.CertificateEnds),
            ["echo"] = probe.Echo?.ToString(), ["find"] = probe.HasFind, ["get"] = probe.HasGet, ["move"] = probe.HasMove, ["commitment"] = probe.HasCommitment,
            ["maxPduLength"] = probe.MaxPduLength, ["operationsWindow"] = probe.OperationsWindow, ["associations"] = probe.Associations, ["isAssociationLimit"] = probe.IsAssociationLimit,
        });
        for (var i = 0; i < syntaxes.Length; i++) screen.Say($"  {Letter(i)} {Name(syntaxes[i])}");
        foreach (var row in probe.Matrix.GroupBy(c => c.SopClassUid).OrderBy(r => Name(r.Key), StringComparer.Ordinal))
        {
            var accepted = row.Where(c => c.IsAccepted).Select(c => c.TransferSyntaxUid).ToHashSet();
            var cells = syntaxes.Aggregate(new StringBuilder(), (line, s) => line.Append(accepted.Contains(s) ? Letter(line.Length) : '.'));
            screen.Say($"{cells}  {Name(row.Key)}");
            screen.Event("sopClass", new JsonObject { ["uid"] = row.Key, ["name"] = Name(row.Key), ["transferSyntaxes"] = new JsonArray([.. accepted.Order(StringComparer.Ordinal).Select(s => JsonValue.Create(s))]) });
        }
    }

    private void Configure(DimsePeerOptions options)
    {
        Settings.Apply(options);
        Address.ApplyTo(options, TlsSettings.Of(Settings, "name", "profile", "revocation")?.Dimse);
    }

    private static string YesNo(bool has) => has ? "yes" : "no";

    private static char Letter(int column) => column < 26 ? (char)('A' + column) : (char)('a' + column - 26);

    private static string Name(string uid) => UidRegistry.TryGet(uid, out var entry) ? entry.Name : uid;
}
