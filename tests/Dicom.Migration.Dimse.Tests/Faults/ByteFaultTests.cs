using System.Globalization;
using Dicom.Migration.Testing;

namespace Dicom.Migration.Dimse.Tests.Faults;

/// <summary>A connection that ends at any byte, and bits that turn on the way of a run without TLS: never a hang, never an exception that is not the SDK's, and nothing Verified at other content.</summary>
/// <remarks>DICOM_MIGRATION_FLIPS=N in the environment asks for N places in each direction; otherwise a spread share. What turns between a source and this side is not seen by
/// anyone who reads it once over plaintext: such a run has to end, and no more.</remarks>
public sealed class ByteFaultTests
{
    private static readonly int Places = int.Parse(Environment.GetEnvironmentVariable("DICOM_MIGRATION_FLIPS") ?? "2", CultureInfo.InvariantCulture);
    private static readonly IReadOnlyList<MadeUpInstance> Instances =
        [.. Enumerable.Range(0, 2).Select(static i => MadeUpInstances.Create(3, new MadeUpRecipe(MadeUpKind.CtImage), i))];

    [Theory, InlineData(0), InlineData(1), InlineData(3)]
    public async Task A_connection_that_ends_at_any_byte_loses_nothing(int number)
    {
        foreach (var fault in await FaultsAsync((Route)number, WireFaultKind.CutAtByte))
        {
            var (account, _, isDone) = await Run((Route)number).RunAsync(fault);
            Assert.True(isDone, $"{fault} did not happen");
            Assert.True(account.Count(EvidenceLevel.L4) == Instances.Count, $"{fault}: {string.Join(", ", account.Lines)}");
        }
    }

    [Theory, InlineData(0), InlineData(1), InlineData(3)]
    public async Task A_connection_that_falls_silent_in_mid_object_is_given_up_and_nothing_is_lost(int number)
    {
        var untouched = Run((Route)number);
        await untouched.RunAsync(null);
        var way = (Route)number is Route.Get ? Way.Back : Way.There;
        var place = untouched.Heard[(int)way].AsSpan().LastIndexOf(Instances[1].Bytes.Span[^64..]);
        var (account, _, isDone) = await Run((Route)number).RunAsync(new WireFault(WireFaultKind.Stall, way, place));
        Assert.Equal((true, Instances.Count), (isDone, (int)account.Count(EvidenceLevel.L4)));
    }

    [Theory, InlineData(0), InlineData(1), InlineData(2), InlineData(3)]
    public async Task A_bit_that_turns_anywhere_ends_in_an_account_that_is_closed_and_true(int number)
    {
        foreach (var fault in await FaultsAsync((Route)number, WireFaultKind.Flip))
        {
            var (_, _, isDone) = await Run((Route)number, (Route)number is Route.Store).RunAsync(fault);
            Assert.True(isDone, $"{fault} did not happen");
        }
    }

    [Theory]
    [InlineData(true, 0, 1)] // stored so: the target holds other content
    [InlineData(false, 1, 0)] // in what was read back: read once more, it is what was sent
    public async Task A_bit_that_turns_inside_pixel_data_is_found_by_verification(bool onTheWayThere, int verified, int different)
    {
        var way = onTheWayThere ? Way.There : Way.Back;
        var one = new FaultyRun(Route.Store, [Instances[0]]);
        await one.RunAsync(null);
        var place = one.Heard[(int)way].AsSpan().LastIndexOf(Instances[0].Bytes.Span[^64..]);
        Assert.True(place > 0);
        var (account, _, isDone) = await one.RunAsync(new WireFault(WireFaultKind.Flip, way, place + 17, 3));
        Assert.True(isDone);
        Assert.Equal((verified, different, true), ((int)account.Count(InstanceState.Verified), (int)account.Count(FaultCode.UnexplainedDifference), account.IsClosed));
    }

    private static FaultyRun Run(Route route, bool isWireTrue = true) => new(route, Instances) { Silence = TimeSpan.FromMilliseconds(750), IsWireTrue = isWireTrue };

    /// <summary>Places spread over all bytes of a run without a fault; each with another bit.</summary>
    private static async Task<List<WireFault>> FaultsAsync(Route route, WireFaultKind kind)
    {
        var untouched = Run(route);
        await untouched.RunAsync(null);
        return [.. from way in (Way[])[Way.There, Way.Back]
                   let bytes = untouched.Bytes[(int)way]
                   from i in Enumerable.Range(0, (int)Math.Min(Places, bytes))
                   select new WireFault(kind, way, (long)((i + 0.37) * bytes / Math.Min(Places, bytes)), i % 8)];
    }
}
