using System.Buffers;
using System.Globalization;

namespace Dicom.Migration.DataSets.Tests;

/// <summary>Prefix, canonical digest and patch, each alone and so fast that millions of inputs are no matter: nothing but a format fault, and what is promised of each.</summary>
/// <remarks>DICOM_MIGRATION_FUZZ=N in the environment asks for N inputs of each, DICOM_MIGRATION_FUZZ_FROM for the number of the first: each is made of its number.</remarks>
public sealed class PartsFuzzTests
{
    private static readonly long Inputs = Number("DICOM_MIGRATION_FUZZ", 20_000), First = Number("DICOM_MIGRATION_FUZZ_FROM", 0);
    private static readonly uint[] FileTags = [0x00020000, 0x00020000, 0x00020001, 0x00020002, 0x00020003, 0x00020010, 0x00020010, 0x00020102, 0x00080016, 0x00081115, 0x44494340, 0xFFFEE000];
    private static readonly DicomTag Creator = new(0x0009, 0x0010), InItem = new(0x0010, 0x0021);
    private static readonly ItemStep[] Step = [new(new DicomTag(0x0008, 0x1115), 0)];

    private static long Number(string variable, long otherwise) => Environment.GetEnvironmentVariable(variable) is { } text ? long.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    private static (TransferSyntax, byte[])[] Samples => [.. DataSetReaderTests.Samples().Select(s => (TransferSyntax.FromUid(s.Data.Item1), s.Data.Item2))];

    [Fact]
    public void A_prefix_is_the_start_of_the_file_however_much_of_it_is_there() => Try(new FuzzInputs([.. Files()], FileTags), static (inputs, number) =>
    {
        var input = inputs.Make(number, out _);
        var (whole, fault) = Prefix(input, isFinal: true);
        var (cut, cutFault) = Prefix(input[..inputs.Number(input.Length + 1)], isFinal: false);
        if (whole is not null)
        {
            whole.ReadClaims();
            if (!input.StartsWith(whole.Preamble.Span) || !input[whole.Preamble.Length..].StartsWith(whole.FileMeta.Span)) Fail(number, "is not what the prefix keeps");
        }
        // What is said of a part of the file is said for good.
        if (cutFault is not null && cutFault != fault) Fail(number, string.Create(CultureInfo.InvariantCulture, $"has {cutFault} when cut, {fault} whole"));
        if (cut is not null && (whole is null || (cut.Length, cut.TransferSyntax, cut.Assumptions, cut.DeclaredTransferSyntaxUid) != (whole.Length, whole.TransferSyntax, whole.Assumptions, whole.DeclaredTransferSyntaxUid)))
            Fail(number, "has another prefix when cut");
        return whole is not null;
    });

    [Fact]
    public void A_digest_is_the_same_or_the_same_fault_however_the_data_set_is_cut()
    {
        using var digest = new CanonicalDigest(DataSetReaderTests.Dictionary);
        Try(new FuzzInputs(Samples), (inputs, number) =>
        {
            var input = inputs.Make(number, out var syntax);
            var (whole, fault) = Digest(digest, input, syntax, input.Length, 1);
            var (cut, cutFault) = Digest(digest, input, syntax, inputs.Number(input.Length + 1), inputs.Number(8) == 0 ? 1 : input.Length);
            if (fault != cutFault || !whole.AsSpan().SequenceEqual(cut)) Fail(number, string.Create(CultureInfo.InvariantCulture, $"has another digest when cut, or {cutFault} and not {fault}"));
            return whole is not null;
        });
    }

    [Fact]
    public void A_patch_changes_what_it_says_and_is_undone_without_a_trace()
    {
        var reader = new DataSetReader(new DataSetReaderOptions { ImplicitVr = DataSetReaderTests.Dictionary });
        Try(new FuzzInputs(Samples), (inputs, number) =>
        {
            var input = inputs.Make(number, out var syntax);
            ItemStep[] path = inputs.Number(2) == 0 ? Step : [];
            var tag = path.Length == 0 ? Creator : InItem;
            if (Patched(input, syntax, ElementPatch.Add(tag, DicomVr.LO, new byte[2 * inputs.Number(8)], path), number) is not { } added) return false;
            if (Elements(reader, input, syntax) is { } before && Elements(reader, added, syntax) != before + 1) Fail(number, "has not one element more");
            if (Patched(added, syntax, ElementPatch.Replace(tag, DicomVr.LO, "B "u8.ToArray(), path), number) is not { } replaced) Fail(number, "has not what was added");
            else if (Patched(replaced, syntax, ElementPatch.Remove(tag, path), number) is not { } undone || !input.SequenceEqual(undone)) Fail(number, "is another when the patch is undone");
            return true;
        });
    }

    private static void Try(FuzzInputs inputs, Func<FuzzInputs, long, bool> one)
    {
        var taken = 0L;
        for (var number = First; number < First + Inputs; number++)
        {
            try { if (one(inputs, number)) taken++; }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException) { Fail(number, "throws " + e); }
        }
        // Inputs that are all refused at their first header would test little.
        Assert.True(taken > Inputs / 20, string.Create(CultureInfo.InvariantCulture, $"only {taken} of {Inputs} were taken"));
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"inputs {First} to {First + Inputs - 1}: {taken} taken, {Inputs - taken} refused"));
    }

    private static (Part10Prefix? Prefix, Fault? Fault) Prefix(ReadOnlySpan<byte> input, bool isFinal)
    {
        try { return (Part10Prefix.Read(input, isFinal), null); }
        catch (DicomFormatException e) { return (null, e.Fault); }
    }

    private static (byte[]? Digest, Fault? Fault) Digest(CanonicalDigest digest, ReadOnlySpan<byte> input, TransferSyntax syntax, int cut, int step)
    {
        try
        {
            digest.Reset(syntax);
            for (int from = 0, to = cut; ; to = Math.Min(to + step, input.Length))
            {
                from += digest.Append(input[from..to], to == input.Length);
                if (to == input.Length) return (digest.Finish(), null);
            }
        }
        catch (DicomFormatException e) { return (null, e.Fault); }
    }

    private static byte[]? Patched(ReadOnlySpan<byte> input, TransferSyntax syntax, ElementPatch patch, long number)
    {
        try
        {
            var plan = PatchPlan.Create(input, syntax, [patch]);
            var output = new ArrayBufferWriter<byte>(input.Length + 32);
            plan.Apply(input, output);
            if (output.WrittenCount != input.Length + plan.LengthChange) Fail(number, "has another length than was planned");
            return output.WrittenSpan.ToArray();
        }
        catch (DicomFormatException) { return null; }
    }

    /// <returns>How many elements there are on all levels; <see langword="null"/> if it is no data set.</returns>
    private static long? Elements(DataSetReader reader, ReadOnlySpan<byte> input, TransferSyntax syntax)
    {
        try
        {
            reader.Reset(syntax);
            for (var at = 0; reader.Read(input[at..], isFinal: true, out var consumed); at += consumed) { }
            return reader.ElementCount;
        }
        catch (DicomFormatException) { return null; }
    }

    private static void Fail(long number, string what) => Assert.Fail(string.Create(CultureInfo.InvariantCulture, $"Input {number} {what}."));

    /// <summary>Files as PS3.10 §7.1 asks, and as they are found: without preamble, meta or group length, and the meta in every encoding.</summary>
    private static IEnumerable<(TransferSyntax, byte[])> Files()
    {
        foreach (var (syntax, dataSet) in Samples)
            foreach (var (isExplicit, isBigEndian) in new[] { (true, false), (true, false), (true, true), (false, false) })
            {
                var rest = new Bytes(isExplicit, isBigEndian).Element(0x00020001, "OB", [0, 1]).Text(0x00020002, "UI", "1.2\0").Text(0x00020003, "UI", "1.2.3\0").Text(0x00020010, "UI", syntax.Uid + (syntax.Uid.Length % 2 == 0 ? "" : "\0")).ToArray();
                byte[] meta = [.. new Bytes(isExplicit, isBigEndian).Header(0x00020000, "UL", 4).U32((uint)rest.Length).ToArray(), .. rest];
                yield return (syntax, [.. new byte[128], .. "DICM"u8, .. meta, .. dataSet]);
                yield return (syntax, [.. "DICM"u8, .. rest, .. dataSet]);
                yield return (syntax, [.. meta, .. dataSet]);
            }
    }
}
