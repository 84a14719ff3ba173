using System.Buffers;
using System.Globalization;
using Dicom.Migration.Dimse.Messages;
using Dicom.Migration.Dimse.Services;
using Dicom.Migration.Dimse.Tests.Services;
using Dicom.Migration.Dimse.Tests.UpperLayer;
using Dicom.Migration.Dimse.UpperLayer;
using Microsoft.Extensions.Time.Testing;

namespace Dicom.Migration.Dimse.Tests.Faults;

/// <summary>Changed conversations, in memory: whatever a peer says ends in an answer or in an exception of the SDK, after a bounded number of reads, with bounded memory.</summary>
/// <remarks>DICOM_MIGRATION_FUZZ=N in the environment asks for N inputs of each kind, DICOM_MIGRATION_FUZZ_FROM for the number of the first: each is made of its number.
/// No clock runs, so no timeout ends anything. Memory is that of the process: no other test runs at the same time.</remarks>
[Collection(nameof(Alone))]
public sealed class ConversationFuzzTests
{
    private const int LeastAllocated = 1 << 20, AllocatedPerByte = 64, MostOnAverage = 128 << 10;
    private static readonly TimeSpan Hang = TimeSpan.FromMinutes(1);
    private static readonly long? Asked = Number("DICOM_MIGRATION_FUZZ");
    private static readonly long First = Number("DICOM_MIGRATION_FUZZ_FROM") ?? 0;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static long? Number(string variable) => Environment.GetEnvironmentVariable(variable) is { } text ? long.Parse(text, CultureInfo.InvariantCulture) : null;

    [Fact]
    public async Task Any_bytes_are_pdus_commands_and_proposals_or_an_exception_of_the_SDK_and_cost_little_memory()
    {
        var conversations = await Conversation.AllAsync(Token);
        var openings = conversations.Select(static c => c.Opening).ToList();
        var mutator = Mutator([.. conversations.Select(static c => c.Requests), .. conversations.Select(static c => c.Answers)]);
        var (count, whole) = (Asked ?? 60_000, 0L);
        for (var number = First; number < First + count; number++)
        {
            var input = mutator.Make(number);
            var before = GC.GetAllocatedBytesForCurrentThread();
            var read = Read(new ReadOnlySequence<byte>(input), openings[mutator.Sample % openings.Count]);
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            if (allocated > LeastAllocated / 4 + (long)AllocatedPerByte * input.Length) Fail(number, $"{allocated} bytes allocated for {input.Length}");
            var bytes = input.ToArray();
            if (bytes.Length > 1 && read != Read(Pdus.Cut(bytes, 1 + mutator.Number(bytes.Length - 1)), openings[mutator.Sample % openings.Count])) Fail(number, "it is read otherwise in two pieces");
            if (read.Fault is null) whole++;
            else if (mutator.IsWhole && read.Fault is not FaultCode.AssociationRejected) Fail(number, $"nothing was changed, and it is refused: {read.Fault}");
        }

        Tell(count, whole);
    }

    [Fact]
    public async Task Whatever_a_requestor_says_a_listener_ends_the_association_and_no_more()
    {
        var mutator = Mutator([.. (await Conversation.AllAsync(Token)).Select(static c => c.Requests)]);
        await using var listener = new DimseListener(FuzzHandler.Listening, new FuzzHandler(), new FakeTimeProvider());
        await RunAsync(mutator, async (input, stream) =>
        {
            using var artim = new CancellationTokenSource();
            var serving = listener.ServeAsync(stream, null, "", static () => true, artim);
            var from = 0;
            foreach (var turn in mutator.Turns)
            {
                var said = stream.Said;
                stream.Give(input[from..turn], isLast: turn == input.Length);
                from = turn;
                await SoonAsync(() => serving.IsCompleted || stream.Said > said);
            }

            await serving;
        });
    }

    [Fact]
    public async Task Whatever_an_acceptor_says_a_request_ends_in_an_answer_or_an_exception_of_the_SDK()
    {
        var conversations = (await Conversation.AllAsync(Token)).Where(static c => c.Opening.Contexts.Select(static (p, i) => p.Id == 2 * i + 1).All(static isOurs => isOurs)).ToList();
        var known = conversations.ConvertAll(static c => (c.Opening, c.FirstCommand));
        var mutator = Mutator([.. conversations.Select(static c => c.Answers)]);
        await RunAsync(mutator, async (input, stream) =>
        {
            var (opening, first) = known[mutator.Sample];
            var opened = mutator.Turns[0];
            var last = mutator.Turns.Count > 2 ? mutator.Turns[^2] : input.Length;
            var proposals = opening.Contexts.Select(p => new ContextProposal(p.AbstractSyntax, p.TransferSyntaxes)
            {
                Roles = opening.UserItems.OfType<RoleSelection>().Any(r => r.SopClassUid == p.AbstractSyntax && r.ScpRole == 1) ? ContextRoles.Scp : ContextRoles.Scu,
            }).ToList();
            stream.Give(input[..opened], isLast: opened == input.Length);
            var associating = DimseAssociation.OpenAsync(_ => Task.FromResult(new ProtectedStream(stream, null)), "", "SCP", proposals,
                FuzzHandler.Asking with { FirstMessageId = first?.Command.OptionalUInt16(CommandSet.MessageId) ?? 1 }, new FakeTimeProvider(), new FuzzHandler(), CancellationToken.None);
            await Task.WhenAny(associating, stream.Starved);
            if (!associating.IsCompleted) (opened, last) = (input.Length, input.Length);
            if (!associating.IsCompleted) stream.Give(input[mutator.Turns[0]..], isLast: true); // what came is no whole answer
            await using var association = await associating;
            var asking = AskAsync(association, first);
            stream.Give(input[opened..last], isLast: false);
            await Task.WhenAny(asking, stream.Starved);
            await SoonAsync(() => asking.IsCompleted);
            if (!asking.IsCompleted) stream.Give(input[last..], isLast: true); // no answer: what is left is all there is
            await asking;
            if (association.Ended.IsCancellationRequested) return;
            var releasing = association.ReleaseAsync();
            stream.Give(input[last..], isLast: true);
            await releasing;
        });
    }

    /// <summary>Lets others run until something is so, and no longer than they may reasonably take: what is said too early is one more change.</summary>
    private static async Task SoonAsync(Func<bool> isSo)
    {
        for (var i = 0; i < 256 && !isSo(); i++) await Task.Yield();
    }

    private static async Task AskAsync(DimseAssociation association, (byte ContextId, CommandSet Command)? first)
    {
        if (first is not { } known) return;
        var (context, command) = (association.Contexts.FirstOrDefault(c => c.Id == known.ContextId), known.Command);
        var model = command.Uid(CommandSet.AffectedSopClassUid);
        var identifier = Elements.Element(0x00080052, "CS", "STUDY");
        switch (command.UInt16(CommandSet.Field))
        {
            case CommandField.StoreRequest:
                await association.StoreAsync(model, command.Uid(CommandSet.AffectedSopInstanceUid), context?.TransferSyntax ?? "", Elements.Body(identifier), CancellationToken.None);
                break;
            case CommandField.FindRequest: await DropAsync(association.FindAsync(model, identifier, CancellationToken.None)); break;
            case CommandField.GetRequest: await DropAsync(association.GetAsync(model, identifier, CancellationToken.None)); break;
            case CommandField.MoveRequest: await DropAsync(association.MoveAsync(model, "A", identifier, CancellationToken.None)); break;
            default: await association.EchoAsync(CancellationToken.None); break;
        }
    }

    private static async Task DropAsync(IAsyncEnumerable<DimseResponse> responses)
    {
        await foreach (var _ in responses) continue;
    }

    private static ConversationMutator Mutator(IReadOnlyList<byte[]> samples) => new([.. samples.Select(static s => (s, new ConversationFields(s)))]);

    /// <summary>Each input, cut into reads of some length: no exception but the SDK's, and bounds on reads, bytes said and bytes allocated.</summary>
    private static async Task RunAsync(ConversationMutator mutator, Func<ReadOnlyMemory<byte>, FedStream, Task> talk)
    {
        var (count, whole, allocatedBefore, isAgain) = (Asked ?? 8_000, 0L, GC.GetTotalAllocatedBytes(precise: true), false);
        for (var number = First; number < First + count; number++)
        {
            var input = mutator.Make(number);
            var step = mutator.Number(4) switch { 0 => 1 + mutator.Number(64), 1 => 1 + mutator.Number(4_096), _ => 65_536 };
            await using var stream = new FedStream(step);
            var before = GC.GetTotalAllocatedBytes();
            var talking = talk(input, stream);
            if (await Task.WhenAny(talking, Task.Delay(Hang, CancellationToken.None)) != talking) Fail(number, "it hangs");
            try
            {
                await talking;
                whole++;
            }
            catch (MigrationException)
            {
                // as it should be
            }
            catch (Exception e)
            {
                Fail(number, e.ToString());
            }

            var allocated = GC.GetTotalAllocatedBytes() - before;
            if (stream.Reads > 2 * (input.Length / step) + 64 + input.Length / 6) Fail(number, $"{stream.Reads} reads of {step} bytes for {input.Length}");
            if (stream.Said > 65_536 + 16L * input.Length) Fail(number, $"{stream.Said} bytes said to {input.Length}");
            var isTooMuch = allocated > LeastAllocated + (long)AllocatedPerByte * input.Length;
            if (isTooMuch && isAgain) Fail(number, $"{allocated} bytes allocated for {input.Length}");
            isAgain = isTooMuch;
            if (isAgain) number--; // the runtime allocates, too, once in millions of inputs: what this one costs it costs again
        }

        var average = (GC.GetTotalAllocatedBytes(precise: true) - allocatedBefore) / count;
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{average} bytes allocated for one input"));
        if (average > MostOnAverage) Fail(First, $"{average} bytes allocated on average");
        Tell(count, whole);
    }

    private readonly record struct Outcome(int Pdus, int Commands, FaultCode? Fault);

    /// <summary>All that a side does with what it reads before it asks its host.</summary>
    private static Outcome Read(ReadOnlySequence<byte> bytes, AssociateRequest asked)
    {
        var (pdus, commands) = (0, 0);
        var command = new ArrayBufferWriter<byte>();
        try
        {
            while (Pdu.TryTake(ref bytes, 65_536, out var frame))
            {
                pdus++;
                if (frame.Type is not PduType.DataTransfer)
                {
                    var pdu = PduParser.Parse(frame);
                    if (pdu is AssociateRequest request) Negotiation.Answer(request, Negotiation.Info(request, ""), AssociationDecision.Accept, FuzzHandler.Listening, new FuzzHandler());
                    else if (pdu is AssociateAccept accept) Negotiation.Conclude(asked, accept, "");
                    continue;
                }

                for (var reader = new PresentationDataReader(frame.Body); reader.TryRead();)
                {
                    if (!reader.Current.IsCommand) continue;
                    foreach (var memory in reader.Current.Fragment) command.Write(memory.Span);
                    if (!reader.Current.IsLast) continue;
                    CommandSet.Parse(command.WrittenSpan);
                    command.ResetWrittenCount();
                    commands++;
                }
            }

            return new Outcome(pdus, commands, null);
        }
        catch (MigrationException e)
        {
            return new Outcome(pdus, commands, e.Fault.Code);
        }
    }

    private static void Tell(long count, long whole)
    {
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"inputs {First} to {First + count - 1}: {whole} to their end, {count - whole} refused"));
        // Inputs that are all refused at once would test little.
        Assert.True(whole > count / 20, string.Create(CultureInfo.InvariantCulture, $"only {whole} of {count} came to their end"));
    }

    private static void Fail(long number, FormattableString why) => Assert.Fail(string.Create(CultureInfo.InvariantCulture, $"Input {number}: ") + FormattableString.Invariant(why));

    private static void Fail(long number, string why) => Assert.Fail(string.Create(CultureInfo.InvariantCulture, $"Input {number}: {why}"));
}
