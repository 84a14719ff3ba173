using Dicom.Migration.DataSets;

namespace Dicom.Migration.Testing.Tests;

/// <summary>Each damaged instance differs from its well-formed twin in what its defect says, and in nothing else.</summary>
public sealed class MadeUpDefectsTests
{
    public static TheoryData<MadeUpDefect> Defects => [.. Enum.GetValues<MadeUpDefect>().Where(defect => defect != MadeUpDefect.None)];

    private static IEnumerable<(MadeUpInstance Damaged, MadeUpInstance Twin)> Pairs(params MadeUpDefect[] defects) =>
        MadeUpInstances.CreateDamaged(11).Select((damaged, index) => (damaged, MadeUpInstances.Create(11, damaged.Recipe with { Defect = MadeUpDefect.None }, index)))
            .Where(pair => defects.Contains(pair.damaged.Defect));

    private static int Differences(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        var count = 0;
        for (var i = 0; i < left.Length; i++) if (left[i] != right[i]) count++;
        return count;
    }

    [Theory, MemberData(nameof(Defects))]
    public void Every_defect_is_made_and_differs_from_its_twin(MadeUpDefect defect)
    {
        Assert.NotEmpty(Pairs(defect));
        Assert.All(Pairs(defect), pair => Assert.False(pair.Damaged.Bytes.Span.SequenceEqual(pair.Twin.Bytes.Span)));
        Assert.All(Pairs(defect), pair => Assert.Null(pair.Twin.ExpectedFault));
    }

    [Fact]
    public void Readable_with_an_assumption_or_a_note_are_just_these()
    {
        var readable = MadeUpInstances.CreateDamaged(11).Where(i => i.ExpectedFault is null).Select(i => i.Defect).Distinct().Order();
        Assert.Equal([MadeUpDefect.MalformedUid, MadeUpDefect.NoPreamble, MadeUpDefect.NoFileMeta, MadeUpDefect.WrongTransferSyntax], readable);
    }

    [Fact]
    public void Truncated_ones_are_a_beginning_of_the_whole_one()
    {
        foreach (var (damaged, twin) in Pairs(MadeUpDefect.TruncatedInHeader, MadeUpDefect.TruncatedInValue, MadeUpDefect.TruncatedInPixelData, MadeUpDefect.MissingDelimiter))
        {
            Assert.True(damaged.Bytes.Length < twin.Bytes.Length);
            Assert.True(twin.Bytes.Span.StartsWith(damaged.Bytes.Span));
            var elements = Walker.File(twin.Bytes).DataSet.Elements;
            var end = damaged.Bytes.Length - damaged.DataSetOffset;
            var last = elements.Last(e => e.Offset <= end); // the element that is cut, or its last fragment
            var header = damaged.TransferSyntax.IsExplicitVr && last.Vr is "OW" or "OB" ? 12 : 8;
            switch (damaged.Defect)
            {
                case MadeUpDefect.TruncatedInHeader:
                    Assert.Equal(3, end - last.Offset);
                    Assert.Equal(FaultCode.TruncatedHeader, damaged.ExpectedFault);
                    break;
                case MadeUpDefect.MissingDelimiter:
                    Assert.Equal([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0], twin.Bytes[damaged.Bytes.Length..].ToArray());
                    break;
                default:
                    Assert.InRange(end, last.Offset + header + 1, last.Offset + header + (int)last.Length - 1);
                    Assert.Equal(damaged.Defect == MadeUpDefect.TruncatedInPixelData, last.Tag is 0x7FE00010 or 0xFFFEE000);
                    break;
            }
        }
    }

    [Fact]
    public void A_length_beyond_the_end_is_one_changed_length()
    {
        foreach (var (damaged, twin) in Pairs(MadeUpDefect.LengthBeyondEnd))
        {
            Assert.Equal(twin.Bytes.Length, damaged.Bytes.Length);
            Assert.InRange(Differences(damaged.Bytes.Span, twin.Bytes.Span), 1, 4);
            Assert.ThrowsAny<Exception>(() => Walker.File(damaged.Bytes));
        }
    }

    [Fact]
    public void Nesting_is_a_hundred_deep_and_closed()
    {
        foreach (var (damaged, _) in Pairs(MadeUpDefect.NestedHundredDeep))
        {
            var set = Walker.File(damaged.Bytes).DataSet;
            Assert.Equal(100, set.MaxDepth);
            Assert.Equal(100, set.Elements.Single(e => e.Tag == 0x00080100).Depth);
        }
    }

    [Fact]
    public void A_missing_or_malformed_instance_uid_is_so_in_both_places()
    {
        foreach (var (damaged, _) in Pairs(MadeUpDefect.MissingSopInstanceUid, MadeUpDefect.MalformedUid))
        {
            var (meta, set, _) = Walker.File(damaged.Bytes);
            Assert.Equal(damaged.SopInstanceUid, set.Find(0x00080018) is null ? "" : set.Text(0x00080018));
            Assert.Equal(damaged.SopInstanceUid, meta.Find(0x00020003) is null ? "" : meta.Text(0x00020003));
            Assert.False(DicomUid.IsValid(damaged.SopInstanceUid));
            Assert.Equal(damaged.Defect == MadeUpDefect.MissingSopInstanceUid, damaged.SopInstanceUid.Length == 0);
        }
    }

    [Fact]
    public void A_malformed_vr_is_two_changed_bytes()
    {
        foreach (var (damaged, twin) in Pairs(MadeUpDefect.MalformedVr))
        {
            Assert.Equal(2, Differences(damaged.Bytes.Span, twin.Bytes.Span));
            Assert.StartsWith("VR at", Assert.Throws<InvalidDataException>(() => Walker.File(damaged.Bytes)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_broken_deflate_stream_cannot_be_inflated()
    {
        foreach (var (damaged, twin) in Pairs(MadeUpDefect.BrokenDeflate))
        {
            Assert.Equal(1, Differences(damaged.Bytes.Span, twin.Bytes.Span));
            Assert.Throws<InvalidDataException>(() => Walker.File(damaged.Bytes));
        }
    }

    [Fact]
    public void A_deflate_bomb_is_small_well_formed_and_grows_beyond_200_to_1()
    {
        var (damaged, _) = Assert.Single(Pairs(MadeUpDefect.DeflateBomb));
        Assert.InRange(damaged.Bytes.Length, 1, 16_384);
        var set = Walker.File(damaged.Bytes).DataSet;
        Assert.Equal(8u << 20, set.Find(0x7FE00010)!.Length);
        Assert.True(set.Find(0x7FE00010)!.Length / damaged.Bytes.Length > 200);
        Assert.All(set.Find(0x7FE00010)!.Value.Chunk(1 << 16), chunk => Assert.Equal(-1, chunk.AsSpan().IndexOfAnyExcept((byte)0)));
    }

    [Fact]
    public void Trailing_bytes_follow_the_whole_one()
    {
        foreach (var (damaged, twin) in Pairs(MadeUpDefect.TrailingBytes))
        {
            Assert.True(damaged.Bytes.Span.StartsWith(twin.Bytes.Span));
            Assert.Equal(new byte[24], damaged.Bytes[twin.Bytes.Length..].ToArray());
        }
    }

    [Fact]
    public void What_is_missing_in_front_is_missing_and_the_rest_is_there()
    {
        Assert.All(Pairs(MadeUpDefect.EmptyFile), pair => Assert.Equal(0, pair.Damaged.Bytes.Length));
        Assert.All(Pairs(MadeUpDefect.NoPreamble), pair => Assert.Equal(pair.Twin.Bytes[132..].ToArray(), pair.Damaged.Bytes.ToArray()));
        Assert.All(Pairs(MadeUpDefect.NoFileMeta), pair => Assert.Equal(pair.Twin.Bytes[pair.Twin.DataSetOffset..].ToArray(), pair.Damaged.Bytes.ToArray()));
        foreach (var (damaged, twin) in Pairs(MadeUpDefect.NoPreamble, MadeUpDefect.NoFileMeta, MadeUpDefect.WrongTransferSyntax))
            Assert.Equal(twin.Bytes[twin.DataSetOffset..].ToArray(), damaged.Bytes[damaged.DataSetOffset..].ToArray());
    }

    [Fact]
    public void A_wrong_transfer_syntax_is_wrong_in_the_file_meta_alone()
    {
        foreach (var (damaged, twin) in Pairs(MadeUpDefect.WrongTransferSyntax))
        {
            Assert.Equal(twin.TransferSyntax, damaged.TransferSyntax);
            var group = damaged.Bytes[132..damaged.DataSetOffset].ToArray();
            Assert.NotEqual(damaged.TransferSyntax.Uid, Walker.Walk(group, true, false).Text(0x00020010), StringComparer.Ordinal);
        }
    }
}
