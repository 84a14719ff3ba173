using System.Globalization;
using Dicom.Migration.Testing;

namespace Dicom.Migration.Dimse.Tests.Faults;

/// <summary>The connection is cut behind a PDU of a run of 50 objects, in either direction: the run, or the next one, ends with each of them Verified, and none lost, double or counted in vain.</summary>
/// <remarks>DICOM_MIGRATION_CUTS=all in the environment asks for every PDU; otherwise eight in each direction, spread evenly.</remarks>
public sealed class CutSweepTests
{
    private const int Count = 50, Share = 8;
    private static readonly bool IsAll = Environment.GetEnvironmentVariable("DICOM_MIGRATION_CUTS") == "all";
    private static readonly IReadOnlyList<MadeUpInstance> Instances = MadeUpInstances.Create(11, Count);

    [Theory, InlineData(0), InlineData(1), InlineData(2), InlineData(3)]
    public async Task A_connection_that_is_cut_behind_any_pdu_loses_doubles_and_miscounts_nothing(int number)
    {
        var sweep = new FaultyRun((Route)number, Instances);
        var (untouched, _, _) = await sweep.RunAsync(null);
        Assert.Equal(Count, untouched.Count(EvidenceLevel.L4));
        var (pdus, runs, cuts) = ((long[])sweep.Pdus.Clone(), new int[5], 0);
        foreach (var way in (Way[])[Way.There, Way.Back])
        {
            var step = IsAll ? 1 : Math.Max(1, (double)pdus[(int)way] / Share);
            for (var position = IsAll ? 1 : 1 + step / 3; position <= pdus[(int)way]; position += step)
            {
                var fault = new WireFault(WireFaultKind.CutBehindPdu, way, (long)position, (int)position % 2);
                var (account, needed, isDone) = await sweep.RunAsync(fault);
                Assert.True(isDone, $"{fault} did not happen");
                Assert.True(account.Count(EvidenceLevel.L4) == Count && account.Discovered == Count,
                    $"{fault}: {string.Join(", ", account.Lines.Select(static l => $"{l.Instances} {l.State} {l.Fault}"))}");
                runs[needed]++;
                cuts++;
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{(Route)number}: {pdus[0]} PDUs there, {pdus[1]} back; {cuts} cuts; closed by run 1: {runs[1]}, 2: {runs[2]}, 3: {runs[3]}, 4: {runs[4]}"));
    }
}
