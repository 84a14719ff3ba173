using System.Buffers;
using Dicom.Migration.Dimse.UpperLayer;
using FsCheck;
using FsCheck.Xunit;

namespace Dicom.Migration.Dimse.Tests.UpperLayer;

/// <summary>PS3.8 §9.3: what is written is read back, however it is cut; what is damaged is a fault and nothing else.</summary>
public class PduTests
{
    private const int MaxData = 1 << 20;

    [Property(Arbitrary = [typeof(PduArbitrary)], MaxTest = 300)]
    public bool A_pdu_read_back_writes_the_same_bytes(object pdu)
    {
        var bytes = Pdus.Encode((Pdu)pdu);
        return Reencode(new ReadOnlySequence<byte>(bytes)).AsSpan().SequenceEqual(bytes);
    }

    [Property(Arbitrary = [typeof(PduArbitrary)], MaxTest = 25)]
    public bool A_pdu_is_the_same_wherever_it_is_cut(object pdu)
    {
        var bytes = Pdus.Encode((Pdu)pdu);
        for (var place = 1; place < bytes.Length; place++)
        {
            var part = new ReadOnlySequence<byte>(bytes, 0, place);
            if (Pdu.TryTake(ref part, MaxData, out _) || part.Length != place) return false;
            if (!Reencode(Pdus.Cut(bytes, place)).AsSpan().SequenceEqual(bytes)) return false;
        }

        return true;
    }

    [Property(Arbitrary = [typeof(PduArbitrary)], MaxTest = 2_000)]
    public bool A_damaged_pdu_throws_the_SDKs_exception_and_no_other(object pdu, int place, byte value, PositiveInt keep)
    {
        var bytes = Pdus.Encode((Pdu)pdu);
        bytes[(int)((uint)place % (uint)bytes.Length)] ^= value;
        return Survives(bytes) && Survives(bytes[..(keep.Get % bytes.Length)]);
    }

    [Property(MaxTest = 2_000)]
    public bool Random_bytes_throw_the_SDKs_exception_and_no_other(byte[] bytes, byte type)
    {
        var body = bytes.Concat(new byte[70]).Concat(bytes).ToArray();
        return Survives([(byte)(type % 9), 0, 0, 0, 0, (byte)body.Length, .. body]);
    }

    [Theory]
    [InlineData(new byte[] { (byte)'G' }, FaultCode.ProtocolViolation)] // GET / HTTP/1.1
    [InlineData(new byte[] { 0x16 }, FaultCode.ProtocolViolation)] // TLS ClientHello
    [InlineData(new byte[] { 0 }, FaultCode.ProtocolViolation)]
    [InlineData(new byte[] { 8 }, FaultCode.ProtocolViolation)]
    [InlineData(new byte[] { 1, 0, 0xFF, 0xFF, 0xFF, 0xFF }, FaultCode.MessageTooLong)]
    [InlineData(new byte[] { 1, 0, 0, 0x10, 0, 1 }, FaultCode.MessageTooLong)] // 1 MiB + 1
    [InlineData(new byte[] { 4, 0, 0, 0x10, 0, 1 }, FaultCode.MessageTooLong)]
    [InlineData(new byte[] { 5, 0, 0, 0, 0, 5 }, FaultCode.MessageTooLong)]
    [InlineData(new byte[] { 7, 0, 0, 0, 0, 3 }, FaultCode.ProtocolViolation)]
    [InlineData(new byte[] { 1, 0, 0, 0, 0, 0 }, FaultCode.ProtocolViolation)]
    public void A_header_that_cannot_be_is_refused_before_its_body(byte[] bytes, FaultCode code) => Assert.Equal(code, Fault(bytes));

    [Theory]
    [InlineData("")]
    [InlineData("1.2/3")]
    [InlineData("1.2\u00003")]
    [InlineData("\0")]
    [InlineData("1..2")]
    [InlineData("1.2.a")]
    [InlineData("1.2.3456789012345678901234567890123456789012345678901234567890123")] // 65 characters
    public void A_malformed_uid_is_refused(string uid) =>
        Assert.Equal(FaultCode.MalformedUid, Fault(Pdus.Encode(Request([new ProposedContext(1, uid, ["1.2"])]))));

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void An_even_context_identifier_is_refused(byte id) =>
        Assert.Equal(FaultCode.ProtocolViolation, Fault(Pdus.Encode(Request([new ProposedContext(id, "1.2", ["1.2"])]))));

    [Fact]
    public void A_context_identifier_given_twice_is_refused() => Assert.Equal(FaultCode.ProtocolViolation,
        Fault(Pdus.Encode(Request([new ProposedContext(1, "1.2", ["1.2"]), new ProposedContext(1, "1.3", ["1.2"])]))));

    [Fact]
    public void More_than_64_transfer_syntaxes_are_refused()
    {
        Assert.Equal(FaultCode.None, Fault(Pdus.Encode(Request([new ProposedContext(1, "1.2", Enumerable.Repeat("1.2", 64).ToList())]))));
        Assert.Equal(FaultCode.MessageTooLong, Fault(Pdus.Encode(Request([new ProposedContext(1, "1.2", Enumerable.Repeat("1.2", 65).ToList())]))));
    }

    [Fact]
    public void Every_legal_number_of_contexts_and_transfer_syntaxes_is_read()
    {
        var contexts = Enumerable.Range(0, 128).Select(i => new ProposedContext((byte)(2 * i + 1), "1.2.3", Enumerable.Range(1, 64).Select(n => $"1.2.{n}").ToList())).ToList();
        var roles = Enumerable.Repeat<UserItem>(new RoleSelection("1.2.3", 1, 1), 128).ToList();
        Assert.Equal(FaultCode.None, Fault(Pdus.Encode(Request(contexts) with { UserItems = roles })));
    }

    [Fact]
    public void More_items_than_any_legal_request_has_are_refused() => Assert.Equal(FaultCode.MessageTooLong,
        Fault(Pdus.Encode(Request([]) with { UserItems = Enumerable.Repeat<UserItem>(new UnknownUserItem(0x5A, ReadOnlyMemory<byte>.Empty), PduParser.MaxItems - 1).ToList() })));

    [Theory]
    [InlineData("1.2.3\0", "1.2.3")]
    [InlineData("1.2.3 ", "1.2.3")]
    [InlineData("1.2.345678901234567890123456789012345678901234567890123456789012\0\0", "1.2.345678901234567890123456789012345678901234567890123456789012")] // 64 characters
    public void A_uid_that_is_padded_is_read_without_its_padding(string uid, string read)
    {
        var rest = new ReadOnlySequence<byte>(Pdus.Encode(Request([new ProposedContext(1, uid, [uid])])));
        Assert.True(Pdu.TryTake(ref rest, MaxData, out var frame));
        var context = Assert.Single(((AssociateRequest)PduParser.Parse(frame)).Contexts);
        Assert.Equal((read, read), (context.AbstractSyntax, context.TransferSyntaxes[0]));
    }

    [Fact]
    public void Sixteen_thousand_items_that_each_declare_65535_bytes_are_refused()
    {
        var items = Enumerable.Repeat(new byte[] { 0x20, 0, 0xFF, 0xFF }, 16_000).SelectMany(b => b).ToArray();
        Assert.Equal(FaultCode.ProtocolViolation, Fault([1, 0, 0, 0, (byte)((items.Length + 68) >> 8), unchecked((byte)(items.Length + 68)), .. new byte[68], .. items]));
    }

    [Fact]
    public void A_request_without_user_information_is_refused()
    {
        var bytes = Pdus.Encode(Request([]));
        bytes[^4] = 0x60; // the empty 50H item at the end becomes one of an unknown type, which is skipped
        Assert.Equal(FaultCode.ProtocolViolation, Fault(bytes));
    }

    [Theory]
    [InlineData(new byte[] { 4, 0, 0, 0, 0, 0 })] // no value
    [InlineData(new byte[] { 4, 0, 0, 0, 0, 6, 0, 0, 0, 0, 1, 3 })] // length 0
    [InlineData(new byte[] { 4, 0, 0, 0, 0, 6, 0, 0, 0, 1, 1, 3 })] // length 1
    [InlineData(new byte[] { 4, 0, 0, 0, 0, 6, 0, 0, 0, 3, 1, 3 })] // longer than the PDU
    [InlineData(new byte[] { 4, 0, 0, 0, 0, 6, 0xFF, 0xFF, 0xFF, 0xFE, 1, 3 })]
    [InlineData(new byte[] { 4, 0, 0, 0, 0, 8, 0, 0, 0, 2, 1, 3, 0, 0 })] // two bytes left over
    [InlineData(new byte[] { 4, 0, 0, 0, 0, 6, 0, 0, 0, 2, 2, 3 })] // even identifier
    public void A_value_that_does_not_fill_its_pdu_is_refused(byte[] bytes) => Assert.Equal(FaultCode.ProtocolViolation, Fault(bytes));

    private static AssociateRequest Request(IReadOnlyList<ProposedContext> contexts) => new("B", "A", Associate.DicomApplicationContext, contexts, []);

    private static byte[] Reencode(ReadOnlySequence<byte> bytes)
    {
        Assert.True(Pdu.TryTake(ref bytes, MaxData, out var frame));
        Assert.True(bytes.IsEmpty);
        return Pdus.Encode(PduParser.Parse(frame));
    }

    private static bool Survives(byte[] bytes)
    {
        Fault(bytes);
        return true;
    }

    private static FaultCode Fault(byte[] bytes)
    {
        var rest = new ReadOnlySequence<byte>(bytes);
        try
        {
            while (Pdu.TryTake(ref rest, MaxData, out var frame))
            {
                if (frame.Type != PduType.DataTransfer) PduParser.Parse(frame);
                else for (var reader = new PresentationDataReader(frame.Body); reader.TryRead();) Assert.True(reader.Current.Fragment.Length >= 0);
            }

            return FaultCode.None;
        }
        catch (MigrationException e)
        {
            return e.Fault.Code;
        }
    }
}

/// <summary>Any PDU, as an object: the type itself is internal.</summary>
public static class PduArbitrary
{
    /// <summary>For FsCheck.</summary>
    public static Arbitrary<object> Any() => FsCheck.Fluent.Arb.From(FsCheck.Fluent.Gen.Select(Pdus.Any, p => (object)p));
}
