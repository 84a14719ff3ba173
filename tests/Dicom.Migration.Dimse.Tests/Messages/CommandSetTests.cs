using System.Buffers;
using Dicom.Migration.Dimse.Messages;
using Dicom.Migration.Dimse.Tests.UpperLayer;
using Dicom.Migration.Dimse.UpperLayer;
using FsCheck.Xunit;

namespace Dicom.Migration.Dimse.Tests.Messages;

/// <summary>PS3.7 §6.3.1: command sets.</summary>
public class CommandSetTests
{
    private static CommandSet Store() => new CommandSet().WithUid(CommandSet.AffectedSopClassUid, "1.2.3").With(CommandSet.Field, CommandField.StoreRequest)
        .With(CommandSet.MessageId, 7).With(CommandSet.DataSetType, 0).WithUid(CommandSet.AffectedSopInstanceUid, "1.2.3.4").WithAeTitle(CommandSet.MoveOriginatorAeTitle, "ABC");

    [Fact]
    public void A_command_set_is_read_back()
    {
        var bytes = Store().Encode();
        var read = CommandSet.Parse(bytes);
        Assert.Equal(bytes, read.Encode());
        Assert.Equal(bytes.Length - 12, bytes[8] | (bytes[9] << 8)); // group length
        Assert.Equal(("1.2.3", "1.2.3.4", "ABC"), (read.Text(CommandSet.AffectedSopClassUid), read.Text(CommandSet.AffectedSopInstanceUid), read.Text(CommandSet.MoveOriginatorAeTitle)));
        Assert.Equal(7, read.UInt16(CommandSet.MessageId));
        Assert.True(read.HasDataSet);
    }

    [Property(MaxTest = 2_000)]
    public bool A_damaged_command_set_throws_the_SDKs_exception_and_no_other(int place, byte value, byte cut)
    {
        var bytes = Store().Encode();
        bytes[(int)((uint)place % (uint)bytes.Length)] ^= value;
        try
        {
            CommandSet.Parse(bytes.AsSpan(0, Math.Max(0, bytes.Length - cut)));
        }
        catch (MigrationException)
        {
            return true;
        }

        return true;
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0, 1, 2, 0, 0 })] // ends inside a header
    [InlineData(new byte[] { 0, 0, 0, 1, 2, 0, 0, 0, 1 })] // ends inside a value
    [InlineData(new byte[] { 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF })]
    [InlineData(new byte[] { 8, 0, 0, 1, 0, 0, 0, 0 })] // group 0008
    [InlineData(new byte[] { 0, 0, 0, 1, 2, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 0, 0, 0, 1, 0 })] // twice
    [InlineData(new byte[] { 0, 0, 0, 1, 2, 0, 0, 0, 1, 0 })] // no data set type
    [InlineData(new byte[] { 0, 0, 0, 1, 4, 0, 0, 0, 1, 0, 0, 0 })] // four bytes
    [InlineData(new byte[0])]
    public void A_command_set_that_breaks_the_rules_is_refused(byte[] bytes) =>
        Assert.Equal(FaultCode.ProtocolViolation, Assert.Throws<AssociationException>(() => CommandSet.Parse(bytes)).Fault.Code);

    [Fact]
    public void Captured_command_sets_are_written_back_byte_for_byte()
    {
        var commands = 0;
        foreach (var file in CapturedConversations.Files)
        {
            var rest = new ReadOnlySequence<byte>(File.ReadAllBytes(file));
            var command = new ArrayBufferWriter<byte>();
            while (Pdu.TryTake(ref rest, 1 << 20, out var frame))
            {
                if (frame.Type != PduType.DataTransfer) continue;
                for (var reader = new PresentationDataReader(frame.Body); reader.TryRead();)
                {
                    if (!reader.Current.IsCommand) continue;
                    foreach (var memory in reader.Current.Fragment) command.Write(memory.Span);
                    if (!reader.Current.IsLast) continue;
                    Assert.True(CommandSet.Parse(command.WrittenSpan).Encode().AsSpan().SequenceEqual(command.WrittenSpan), file);
                    command.ResetWrittenCount();
                    commands++;
                }
            }
        }

        Assert.True(commands >= 28, $"only {commands}"); // of those in the repository
    }
}
