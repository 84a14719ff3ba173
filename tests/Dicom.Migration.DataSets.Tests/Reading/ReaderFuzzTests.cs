using System.Globalization;

namespace Dicom.Migration.DataSets.Tests;

/// <summary>The reader alone, so fast that millions of inputs are no matter: nothing but a format fault, and the same tokens, bytes and fault at any cut.</summary>
/// <remarks>DICOM_MIGRATION_FUZZ=N in the environment asks for N inputs, DICOM_MIGRATION_FUZZ_FROM for the number of the first: each is made of its number.</remarks>
public sealed class ReaderFuzzTests
{
    private static readonly long Inputs = Number("DICOM_MIGRATION_FUZZ", 200_000), First = Number("DICOM_MIGRATION_FUZZ_FROM", 0);
    private readonly DataSetReader _reader = new(new DataSetReaderOptions { ImplicitVr = DataSetReaderTests.Dictionary });

    private static long Number(string variable, long otherwise) => Environment.GetEnvironmentVariable(variable) is { } text ? long.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    /// <summary>All that was read, as one number each.</summary>
    private readonly record struct Read(ulong Tokens, ulong Values, int Count, Fault? Fault);

    private Read Try(ReadOnlySpan<byte> input, TransferSyntax syntax, int cut, int step)
    {
        var (tokens, values, count) = (0UL, 0UL, 0);
        _reader.Reset(syntax);
        try
        {
            for (int from = 0, to = cut; ;)
            {
                to = Math.Min(to, input.Length);
                while (_reader.Read(input[from..to], to == input.Length, out var consumed))
                {
                    if (_reader.Token == DataSetToken.Value) foreach (var value in input.Slice(from, consumed)) values = (values * 31) + value + 1;
                    else
                    {
                        tokens = (tokens * 31) + (ulong)HashCode.Combine(_reader.Token, _reader.Tag, _reader.Vr, _reader.Length, _reader.HeaderOffset, _reader.ValueOffset, _reader.Depth, _reader.ElementCount);
                        count++;
                    }
                    from += consumed;
                    // Every header opens at most one level, and each level is closed once: a data set that goes on without input would never end.
                    if (_reader.Position != from || count > input.Length + 2 || _reader.Depth > 128) Assert.Fail("The reader lost its place.");
                }
                if (to == input.Length) break;
                if (to - from > 11) Assert.Fail("The reader asks for more than it needs.");
                to += step;
            }
            Assert.Equal(DataSetToken.End, _reader.Token);
            return new Read(tokens, values, count, null);
        }
        catch (DicomFormatException e)
        {
            if (e.Fault.Offset is null or < 0 || e.Fault.Offset > input.Length) Assert.Fail("The fault lies outside the input.");
            return new Read(tokens, values, count, e.Fault);
        }
    }

    [Fact]
    public void Any_bytes_end_in_the_same_tokens_or_the_same_fault_however_they_are_cut()
    {
        var inputs = new FuzzInputs([.. DataSetReaderTests.Samples().Select(s => (TransferSyntax.FromUid(s.Data.Item1), s.Data.Item2))]);
        var whole = 0L;
        for (var number = First; number < First + Inputs; number++)
        {
            var input = inputs.Make(number, out var syntax);
            var expected = Try(input, syntax, input.Length, 1);
            var cut = Try(input, syntax, inputs.Number(input.Length + 1), inputs.Number(8) == 0 ? 1 : input.Length);
            if (expected != cut) Assert.Fail(string.Create(CultureInfo.InvariantCulture, $"Input {number}: {expected} whole, {cut} in pieces."));
            if (expected.Fault is null) whole++;
        }
        // Inputs that are all refused at their first header would test little.
        Assert.True(whole > Inputs / 10, string.Create(CultureInfo.InvariantCulture, $"only {whole} of {Inputs} were read to their end"));
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"inputs {First} to {First + Inputs - 1}: {whole} read to their end, {Inputs - whole} refused"));
    }
}
