using System.Globalization;
using System.Text;
using Dicom.Migration.DicomWeb.Multipart;

namespace Dicom.Migration.DicomWeb.Tests.Multipart;

/// <summary>Mutated multipart bodies throw a <see cref="DicomWebException"/> and nothing else, and give the same however they are cut.
/// DICOM_MIGRATION_FUZZ=N in the environment asks for N inputs.</summary>
public sealed class MultipartFuzzTests(ITestOutputHelper output)
{
    private static readonly long Inputs = long.Parse(Environment.GetEnvironmentVariable("DICOM_MIGRATION_FUZZ") ?? "20000", CultureInfo.InvariantCulture);
    private static readonly byte[][] Pieces = Array.ConvertAll(["\r\n--abc", "\r\n--abc\r\n", "\r\n--abc--", "--", "\r\n", "\r", "\n", "\r\n\r\n", ":", " ", "A: b\r\n", "\0", "\u00ff"], Encoding.Latin1.GetBytes);

    [Fact]
    public async Task Nothing_but_a_fault_comes_of_any_body_and_cuts_change_nothing()
    {
        var sample = MultipartSample.Write("abc", [[1, 2, 3], [], "\r\n--ab"u8.ToArray(), new byte[40]]);
        var (read, watch) = (0, System.Diagnostics.Stopwatch.StartNew());
        for (var i = 0L; i < Inputs; i++)
        {
            var random = new Random((int)i);
            var bytes = new List<byte>(sample);
            for (var n = random.Next(1, 5); n > 0; n--)
            {
                var at = random.Next(bytes.Count + 1);
                switch (random.Next(4))
                {
                    case 0: bytes.InsertRange(at, Pieces[random.Next(Pieces.Length)]); break;
                    case 1: bytes.RemoveRange(at, Math.Min(random.Next(12), bytes.Count - at)); break;
                    case 2 when at < bytes.Count: bytes[at] = (byte)random.Next(256); break;
                    default: bytes.RemoveRange(at, random.Next(8) == 0 ? bytes.Count - at : 0); break;
                }
            }
            var whole = await OutcomeAsync([.. bytes], int.MaxValue);
            Assert.Equal(whole, await OutcomeAsync([.. bytes], random.Next(1, 20)));
            if (!whole.EndsWith('!')) read++;
        }
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Inputs} bodies in {watch.Elapsed.TotalSeconds:0} s, {Inputs / watch.Elapsed.TotalSeconds:0} a second; {read} were read; peak {System.Diagnostics.Process.GetCurrentProcess().PeakWorkingSet64 / 1_048_576} MiB"));
        Assert.True(read > Inputs / 50, $"{read} of {Inputs} were read");
    }

    private static async Task<string> OutcomeAsync(byte[] bytes, int piece)
    {
        var outcome = new StringBuilder();
        var reader = new MultipartReader(MultipartSample.InPieces(bytes, Math.Min(piece, 4_096)), "abc", new MultipartLimits { MaxHeaderLength = 64, MaxParts = 5 });
        try
        {
            while (await reader.ReadPartAsync(TestContext.Current.CancellationToken) is { } part)
            {
                using var content = new MemoryStream();
                await part.Body.CopyToAsync(content, TestContext.Current.CancellationToken);
                outcome.Append(Convert.ToHexString(content.ToArray())).Append(';');
            }
        }
        catch (DicomWebException e)
        {
            outcome.Clear().Append(e.Fault.Code).Append('!'); // what came before a fault depends on the cuts
        }
        return outcome.ToString();
    }
}
