using System.IO.Compression;
using System.IO.Pipelines;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Engine;

/// <summary>What the rules made of an object.</summary>
/// <param name="Body">What is sent: the spooled object itself, or a changed one, which is the caller's then.</param>
/// <param name="End">Set if it goes no further.</param>
internal readonly record struct Judgement(SpooledObject Body, LedgerOutcome? End);

/// <summary>Lets every rule judge an object, one after the other: each sees what the one before it has made.</summary>
/// <param name="source">Name of the source.</param>
/// <param name="rules">In the order in which they judge.</param>
/// <param name="longestHeader">In bytes.</param>
/// <param name="at">The time that changes are dated with: that of the migration and not of the attempt, so that a second attempt makes the same bytes.</param>
internal sealed class RuleBook(string source, IReadOnlyList<IMigrationRule> rules, int longestHeader, DateTimeOffset at)
{
    private const string ModifyingSystem = "Dicom.Migration";
    private static readonly DicomTag OriginalAttributesSequence = new(0x0400, 0x0561);

    public async Task<Judgement> JudgeAsync(UnitInHand unit, SpooledObject original, TransferSyntax syntax, long headerLength, Spool spool, CancellationToken cancellationToken)
    {
        if (rules.Count == 0) return new Judgement(original, null);
        var body = original;
        try
        {
            foreach (var rule in rules)
            {
                if (headerLength > longestHeader) return End(body, InstanceState.Excepted, new Fault(FaultCode.ValueTooLong));
                var header = ReadHeader(body, syntax, (int)headerLength);
                var subject = new RuleSubject { Source = source, Unit = unit.ToSource(), TransferSyntax = Inflated(syntax), Header = new(header, 0, (int)Math.Min(headerLength, header.Length)) };
                switch (await rule.JudgeAsync(subject, cancellationToken).ConfigureAwait(false))
                {
                    case RuleVerdict.Excluded excluded:
                        return End(body, InstanceState.Excluded, rule: excluded.RuleId);
                    case RuleVerdict.Changed changed:
                        var plan = PatchPlan.Create(header, Inflated(syntax), WithRecord(changed, header.AsMemory(0, (int)headerLength), Inflated(syntax), at));
                        var patched = await ApplyAsync(plan, body, syntax, spool, cancellationToken).ConfigureAwait(false);
                        if (body != original) body.Dispose();
                        (body, headerLength) = (patched, headerLength + plan.LengthChange);
                        break;
                }
            }
            return new Judgement(body, null);
        }
        catch (DicomFormatException e)
        {
            return End(body, InstanceState.Excepted, e.Fault); // a patch that does not fit this object
        }
        catch (Exception e) when (e is not (OperationCanceledException or MigrationException or IOException))
        {
            return End(body, InstanceState.Excepted, new Fault(FaultCode.Unexpected)); // a rule's own mistake costs the object, not the run
        }
        catch
        {
            if (body != original) body.Dispose();
            throw;
        }

        Judgement End(SpooledObject reached, InstanceState state, Fault? fault = null, string? rule = null)
        {
            if (reached != original) reached.Dispose();
            return new Judgement(original, new LedgerOutcome(state) { Fault = fault, Rule = rule });
        }
    }

    private static IReadOnlyList<ElementPatch> WithRecord(RuleVerdict.Changed changed, ReadOnlyMemory<byte> header, TransferSyntax syntax, DateTimeOffset at) =>
        changed.Patches.Any(static patch => patch.Tag == OriginalAttributesSequence || patch.Path.Any(static step => step.Sequence == OriginalAttributesSequence)) ? changed.Patches
        : [.. changed.Patches, OriginalAttributes.Record(DataSet.Read(header, syntax), changed.Patches, ModifyingSystem, changed.Reason, at)];

    // PS3.5 §A.5: a deflated data set is Explicit VR Little Endian inside.
    private static TransferSyntax Inflated(TransferSyntax syntax) => syntax.IsDeflated ? TransferSyntax.ExplicitVrLittleEndian : syntax;

    private static byte[] ReadHeader(SpooledObject body, TransferSyntax syntax, int length)
    {
        // The planner wants to see that an element follows the last change: 12 bytes are the longest header (PS3.5 §7.1.2).
        var header = new byte[length + 12];
        using var stream = Open(body, syntax);
        return header[..stream.ReadAtLeast(header, header.Length, throwOnEndOfStream: false)];
    }

    private static Stream Open(SpooledObject body, TransferSyntax syntax) =>
        syntax.IsDeflated ? new DeflateStream(body.OpenStream(), CompressionMode.Decompress) : body.OpenStream();

    private static async Task<SpooledObject> ApplyAsync(PatchPlan plan, SpooledObject body, TransferSyntax syntax, Spool spool, CancellationToken cancellationToken)
    {
        var pipe = new Pipe();
        var writing = WriteAsync();
        try
        {
            return await spool.TakeAsync(pipe.Reader, syntax.IsDeflated ? null : body.Length + plan.LengthChange, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await pipe.Reader.CompleteAsync().ConfigureAwait(false);
            await writing.ConfigureAwait(false);
        }

        async Task WriteAsync()
        {
            Exception? error = null;
            try
            {
                using var from = Open(body, syntax);
                var to = syntax.IsDeflated ? new DeflateStream(pipe.Writer.AsStream(leaveOpen: true), CompressionLevel.Optimal) : pipe.Writer.AsStream(leaveOpen: true);
                await using (to.ConfigureAwait(false)) await plan.CopyAsync(from, to, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) { error = e; } // the reading side throws it
            await pipe.Writer.CompleteAsync(error).ConfigureAwait(false);
        }
    }
}
