using System.Text;
using System.Text.Json;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Engine.Tests.Flow;

/// <summary>L3: a header is proven by the metadata that the target gives of the object, and by nothing less.</summary>
public sealed class MetadataEvidenceTests : IDisposable
{
    private readonly RunBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Theory, InlineData(EvidenceLevel.L3), InlineData(EvidenceLevel.L4)]
    public async Task A_target_that_gives_metadata_and_no_objects_is_asked_for_metadata_whatever_more_is_wanted(EvidenceLevel wanted)
    {
        var target = new ScriptedTarget { Levels = [EvidenceLevel.L3, EvidenceLevel.L1] };
        var account = await _bench.RunAsync(RunBench.Many(20), target, _bench.Options with { Evidence = wanted });
        Assert.Equal((true, 20L), (account.IsClosed, account.Count(EvidenceLevel.L3)));
    }

    [Theory, InlineData(EvidenceLevel.L4, EvidenceLevel.L4), InlineData(EvidenceLevel.L3, EvidenceLevel.L3), InlineData(EvidenceLevel.L2, EvidenceLevel.L1)]
    public async Task The_wanted_level_decides_where_the_target_serves_it_and_the_highest_below_where_it_does_not(EvidenceLevel wanted, EvidenceLevel reached)
    {
        var target = new ScriptedTarget { Levels = [EvidenceLevel.L4, EvidenceLevel.L3, EvidenceLevel.L1] };
        Assert.Equal(3, (await _bench.RunAsync(RunBench.Many(3), target, _bench.Options with { Evidence = wanted })).Count(reached));
    }

    [Fact]
    public async Task A_changed_header_is_found_out_by_its_tag_and_changed_pixels_are_not_what_l3_proves()
    {
        var source = new ScriptedSource(("a", [ScriptedSource.Object(1, (byte)'a')]), ("b", [ScriptedSource.Large(2, 64)]), ("c", [ScriptedSource.Object(3, (byte)'a')]));
        var target = new ScriptedTarget
        {
            Levels = [EvidenceLevel.L3],
            Keep = (uid, bytes) => uid == "1.2.3.1001" ? ScriptedSource.Object(1, (byte)'b') : uid == "1.2.3.1002" ? [.. bytes[..^1], (byte)(bytes[^1] ^ 1)] : bytes,
        };
        var account = await _bench.RunAsync(source, target, _bench.Options with { Evidence = EvidenceLevel.L3 });
        Assert.Equal((2L, 1L), (account.Count(EvidenceLevel.L3), account.Count(FaultCode.UnexplainedDifference)));
        Assert.Equal(new Fault(FaultCode.UnexplainedDifference, new DicomTag(0x00100010)), (await _bench.FindAsync("1.2.3.1001")).Single().Current.Fault);
    }

    [Theory]
    [InlineData("", FaultCode.UnreadableAtTarget, 0)]
    [InlineData("[]", FaultCode.UnreadableAtTarget, 0)]
    [InlineData("[{\"", FaultCode.UnreadableAtTarget, 0)]
    [InlineData("{}", FaultCode.UnexplainedDifference, 0x00080016)]
    [InlineData("by reference", FaultCode.NotCompared, 0x00100010)]
    [InlineData("with an address of its own", FaultCode.UnexplainedDifference, 0x00081190)]
    public async Task What_the_metadata_does_not_show_is_never_verified(string shown, FaultCode code, uint tag)
    {
        const string Name = "\"00100010\":{\"vr\":\"PN\"";
        byte[] Describe(byte[] held)
        {
            var json = Encoding.UTF8.GetString(Json(held));
            return Encoding.UTF8.GetBytes(shown switch
            {
                "by reference" => json.Replace(Name + ",\"Value\":[{\"Alphabetic\":\"Ma\"}]}", Name + ",\"BulkDataURI\":\"bulk/1\"}", StringComparison.Ordinal),
                "with an address of its own" => json.Replace(Name, "\"00081190\":{\"vr\":\"UR\",\"Value\":[\"http://x/\"]}," + Name, StringComparison.Ordinal),
                _ => shown,
            });
        }
        var account = await _bench.RunAsync(new ScriptedSource(("a", [ScriptedSource.Object(1, (byte)'a')])), new ScriptedTarget { Levels = [EvidenceLevel.L3, EvidenceLevel.L1], Describe = Describe });
        Assert.Equal((true, 0L), (account.IsClosed, account.Count(InstanceState.Verified)));
        var fault = (await _bench.FindAsync("1.2.3.1001")).Single().Current.Fault!.Value;
        Assert.Equal((code, tag), (fault.Code, fault.Tag?.Value ?? 0));
    }

    [Fact]
    public async Task What_is_not_there_is_missing_at_l3_too()
    {
        var account = await _bench.RunAsync(RunBench.Many(3), new ScriptedTarget { Levels = [EvidenceLevel.L3], Keep = static (_, _) => null });
        Assert.Equal((0L, 3L), (account.Count(InstanceState.Verified), account.Count(FaultCode.MissingAtTarget)));
    }

    [Fact]
    public async Task Bodies_that_wait_for_their_metadata_stay_within_the_budget_and_in_the_spool()
    {
        // Each is a third of the budget or goes through a file: a run ends only if what is verified gives back what it holds.
        var source = new ScriptedSource([.. Enumerable.Range(1, 40).Select(static i => (FormattableString.Invariant($"{i:D4}"), new object[] { ScriptedSource.Large(i, i % 4 == 0 ? 2 << 20 : 300_000) }))]);
        var options = _bench.Options with { ByteBudget = 1 << 20, LargestInMemory = 512 << 10, Evidence = EvidenceLevel.L3 };
        var account = await _bench.RunAsync(source, new ScriptedTarget { Levels = [EvidenceLevel.L4, EvidenceLevel.L3] }, options);
        Assert.Equal((true, 40L), (account.IsClosed, account.Count(EvidenceLevel.L3)));
        Assert.Empty(Directory.Exists(options.SpoolFolder) ? Directory.EnumerateFiles(options.SpoolFolder) : []);
    }

    [Fact]
    public async Task A_header_beyond_the_limit_is_not_compared()
    {
        var account = await _bench.RunAsync(RunBench.Many(2), new ScriptedTarget { Levels = [EvidenceLevel.L3] }, _bench.Options with { LongestHeader = 32 });
        Assert.Equal((0L, 2L), (account.Count(InstanceState.Verified), account.Count(FaultCode.NotCompared)));
    }

    [Fact]
    public async Task Two_objects_under_one_uid_are_told_apart_by_their_bytes_alone()
    {
        var source = new ScriptedSource(("a", [ScriptedSource.Large(1, 64)]), ("b", [ScriptedSource.Large(1, 66)]));
        var account = await _bench.RunAsync(source, new ScriptedTarget { Levels = [EvidenceLevel.L3] });
        Assert.Equal((1L, 1L), (account.Count(EvidenceLevel.L3), account.Count(FaultCode.UidConflict)));
    }

    /// <summary>DICOM JSON of a data set without its pixels.</summary>
    internal static byte[] Json(byte[] dataSet)
    {
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json)) new DicomJsonWriter(writer).Write(DataSet.ReadHeader(new MemoryStream(dataSet), TransferSyntax.ExplicitVrLittleEndian));
        return json.ToArray();
    }
}
