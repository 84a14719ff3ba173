using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Testing.Tests;

/// <summary>Made-up instances are the same everywhere, and what they say they are.</summary>
public sealed class MadeUpInstancesTests
{
    private static IEnumerable<MadeUpInstance> WellFormed() => [.. MadeUpInstances.CreateAll(7), .. MadeUpInstances.Create(8, 200)];

    private static string Digest(IEnumerable<MadeUpInstance> instances)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var instance in instances) hash.AppendData(instance.Bytes.Span);
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    [Fact]
    public void The_same_seed_gives_the_same_bytes_and_another_seed_others()
    {
        Assert.Equal(Digest(MadeUpInstances.Create(1, 60)), Digest(MadeUpInstances.Create(1, 60)));
        Assert.NotEqual(Digest(MadeUpInstances.Create(1, 60)), Digest(MadeUpInstances.Create(2, 60)), StringComparer.Ordinal);
        Assert.Equal(Digest(MadeUpInstances.CreateDamaged(1)), Digest(MadeUpInstances.CreateDamaged(1)));
    }

    /// <summary>Digests written down once: a machine, runtime or change that gives other bytes is found here. A change on purpose changes them too.</summary>
    [Fact]
    public void The_bytes_are_those_of_every_other_machine()
    {
        Assert.Equal("0AFB339BDB17443DD2B25B1A0E85E1234B66077D237B4655C9ECB77EFA0724FD", Digest(MadeUpInstances.Create(20_260_101, 150)));
        Assert.Equal("95C86E9F7A4595F19506C2C10CC6FC3AC1B8D8F7432873B72CF66D81B37560C2", Digest(MadeUpInstances.CreateAll(20_260_101)));
        Assert.Equal("A4A4E3EB67111A4E4A09643C3AE03C67BF16AAFCCF3E629FC21F5278EAECC14A", Digest(MadeUpInstances.CreateDamaged(20_260_101)));
    }

    [Fact]
    public void The_first_instances_do_not_depend_on_how_many_follow() =>
        Assert.Equal(Digest(MadeUpInstances.Create(5, 30)), Digest(MadeUpInstances.Create(5, 90).Take(30)));

    [Fact]
    public void Every_length_leads_to_the_next_element_and_tags_ascend()
    {
        foreach (var instance in WellFormed())
        {
            var (meta, dataSet, offset) = Walker.File(instance.Bytes);
            Assert.Equal(offset, instance.DataSetOffset);
            Assert.Equal(meta.Text(0x00020010), instance.TransferSyntax.Uid);
            var tags = dataSet.Elements.Where(element => element.Depth == 0 && element.Tag != 0xFFFEE000).Select(element => element.Tag).ToArray();
            Assert.Equal(tags.Distinct().Order(), tags);
        }
    }

    [Fact]
    public void The_identity_is_in_the_file_meta_and_in_the_data_set()
    {
        foreach (var instance in WellFormed())
        {
            var (meta, dataSet, _) = Walker.File(instance.Bytes);
            Assert.Equal(instance.SopClassUid, meta.Text(0x00020002));
            Assert.Equal(instance.SopInstanceUid, meta.Text(0x00020003));
            Assert.Equal(instance.SopClassUid, dataSet.Text(0x00080016));
            Assert.Equal(instance.SopInstanceUid, dataSet.Text(0x00080018));
            Assert.Equal(instance.StudyInstanceUid, dataSet.Text(0x0020000D));
            Assert.Equal(instance.SeriesInstanceUid, dataSet.Text(0x0020000E));
            Assert.Equal(instance.CharacterSet, dataSet.Find(0x00080005) is null ? "" : dataSet.Text(0x00080005));
        }
    }

    [Fact]
    public void Uids_are_valid_and_unique()
    {
        var instances = MadeUpInstances.Create(3, 500);
        foreach (var uid in instances.SelectMany(i => new[] { i.SopClassUid, i.SopInstanceUid, i.SeriesInstanceUid, i.StudyInstanceUid }))
        {
            Assert.True(DicomUid.IsValid(uid));
            Assert.DoesNotContain(uid.Split('.'), part => part.Length > 1 && part[0] == '0'); // PS3.5 §9.1
        }
        Assert.Equal(500, instances.Select(i => i.SopInstanceUid).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(125, instances.Select(i => i.StudyInstanceUid).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(250, instances.Select(i => i.SeriesInstanceUid).Distinct(StringComparer.Ordinal).Count());
        Assert.All(instances.GroupBy(i => i.SeriesInstanceUid, StringComparer.Ordinal), series => Assert.Single(series.Select(i => i.StudyInstanceUid).Distinct(StringComparer.Ordinal)));
        Assert.Equal(875, instances.SelectMany(i => new[] { i.SopInstanceUid, i.SeriesInstanceUid, i.StudyInstanceUid }).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void The_names_are_unique_in_one_call()
    {
        foreach (var instances in new[] { MadeUpInstances.CreateAll(1), MadeUpInstances.CreateDamaged(1), MadeUpInstances.Create(1, 200) })
            Assert.Equal(instances.Count, instances.Select(i => i.Name).Distinct(StringComparer.OrdinalIgnoreCase).Count());
    }

    [Fact]
    public void A_study_has_one_patient_and_one_date()
    {
        foreach (var study in MadeUpInstances.Create(4, 120).GroupBy(i => i.StudyInstanceUid, StringComparer.Ordinal))
        {
            var sets = study.Select(i => Walker.File(i.Bytes).DataSet).ToArray();
            foreach (var tag in new uint[] { 0x00100010, 0x00100020, 0x00100030, 0x00100040, 0x00080020, 0x00080050 })
                Assert.Single(sets.Select(set => set.Text(tag)).Distinct(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void Every_kind_encoding_and_character_set_is_there()
    {
        var all = MadeUpInstances.CreateAll(1);
        Assert.Equal(Enum.GetValues<MadeUpKind>(), all.Select(i => i.Recipe.Kind).Distinct().Order());
        Assert.Equal(Enum.GetValues<MadeUpEncoding>(), all.Select(i => i.Recipe.Encoding).Distinct().Order());
        Assert.Equal(MadeUpInstances.CharacterSets.Order(StringComparer.Ordinal), all.Select(i => i.CharacterSet).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        var terms = MadeUpInstances.CharacterSets.SelectMany(set => set.Split('\\')).ToHashSet(StringComparer.Ordinal);
        // PS3.3 tables C.12-2 to C.12-5.
        foreach (var number in new[] { 100, 101, 109, 110, 203, 144, 127, 126, 138, 148, 13, 166 })
        {
            Assert.Contains($"ISO_IR {number}", terms);
            Assert.Contains($"ISO 2022 IR {number}", terms);
        }
        foreach (var term in new[] { "ISO_IR 192", "GB18030", "GBK", "ISO 2022 IR 6", "ISO 2022 IR 87", "ISO 2022 IR 159", "ISO 2022 IR 149", "ISO 2022 IR 58" }) Assert.Contains(term, terms);
    }

    /// <summary>Against the runtime's own code pages, where it has one.</summary>
    [Theory]
    [InlineData("ISO_IR 203", 28605)]
    [InlineData("ISO_IR 144", 28595)]
    [InlineData("ISO_IR 192", 65001)]
    [InlineData("GB18030", 54936)]
    [InlineData("GBK", 936)]
    public void The_bytes_of_a_name_are_the_name(string terms, int codePage)
    {
        var instance = MadeUpInstances.Create(1, new MadeUpRecipe(MadeUpKind.RtPlan) { CharacterSet = terms });
        var encoding = CodePagesEncodingProvider.Instance.GetEncoding(codePage) ?? Encoding.GetEncoding(codePage);
        var bytes = Walker.File(instance.Bytes).DataSet.Find(0x00100010)!.Value;
        Assert.Equal(instance.PatientName, encoding.GetString(bytes).TrimEnd(' '));
    }

    [Fact]
    public void Sequences_end_as_the_recipe_says()
    {
        foreach (var instance in MadeUpInstances.CreateAll(2).Where(i => !i.Recipe.HasUnknownOfUndefinedLength))
        {
            var set = Walker.File(instance.Bytes).DataSet;
            Assert.Equal(0, set.UndefinedItems);
            Assert.DoesNotContain(set.Elements, e => e.Length == Walker.Undefined && e.Tag != 0x7FE00010);
        }
        foreach (var instance in MadeUpInstances.CreateAll(2).Where(i => i.Recipe.Sequences == MadeUpSequences.Undefined))
            Assert.Equal(0, Walker.File(instance.Bytes).DataSet.DefinedItems);
    }

    [Fact]
    public void An_unknown_of_undefined_length_is_there_and_closed()
    {
        foreach (var instance in MadeUpInstances.CreateAll(2).Where(i => i.Recipe.HasUnknownOfUndefinedLength))
        {
            var set = Walker.File(instance.Bytes).DataSet;
            var element = set.Find(0x00311010);
            Assert.Equal(instance.Recipe.Encoding == MadeUpEncoding.ImplicitLittleEndian ? "" : "UN", element!.Vr);
            Assert.Equal(Walker.Undefined, element.Length);
            Assert.Contains(set.Elements, e => e.Tag == 0x00081155 && e.Depth == 2);
        }
    }

    [Fact]
    public void Group_lengths_lead_to_the_next_group()
    {
        var seen = 0;
        foreach (var instance in MadeUpInstances.CreateAll(2).Where(i => i.Recipe.HasGroupLengths))
        {
            var top = Walker.File(instance.Bytes).DataSet.Elements.Where(e => e.Depth == 0 && e.Tag != 0xFFFEE000).ToArray();
            foreach (var length in top.Where(e => (ushort)e.Tag == 0))
            {
                var value = instance.TransferSyntax.IsBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(length.Value) : BinaryPrimitives.ReadUInt32LittleEndian(length.Value);
                var next = top.FirstOrDefault(e => e.Tag >> 16 > length.Tag >> 16);
                if (next is null) continue; // the last group ends with the data set, which the walker has checked
                Assert.Equal(next.Offset, length.Offset + length.Length + value + 8);
                seen++;
            }
        }
        Assert.True(seen > 50);
    }

    [Fact]
    public void Offset_tables_point_at_the_frames()
    {
        foreach (var instance in MadeUpInstances.CreateAll(2).Where(i => i.TransferSyntax.IsEncapsulated))
        {
            var set = Walker.File(instance.Bytes).DataSet;
            var items = set.Elements.Where(e => e.Tag == 0xFFFEE000).ToArray();
            var first = items[1].Offset;
            var basic = items[0].Value;
            var extended = set.Find(0x7FE00001)?.Value;
            Assert.Equal(instance.Recipe.Encoding is MadeUpEncoding.JpegLs or MadeUpEncoding.RunLength, basic.Length > 0);
            Assert.Equal(instance.Recipe.Encoding == MadeUpEncoding.Jpeg2000, extended is not null);
            for (var i = 0; i < basic.Length / 4; i++)
                Assert.Equal(items[i + 1].Offset - first, (int)BinaryPrimitives.ReadUInt32LittleEndian(basic.AsSpan(i * 4)));
            for (var i = 0; i < (extended?.Length ?? 0) / 8; i++)
            {
                Assert.Equal(items[i + 1].Offset - first, (long)BinaryPrimitives.ReadUInt64LittleEndian(extended.AsSpan(i * 8)));
                Assert.Equal(items[i + 1].Length, BinaryPrimitives.ReadUInt64LittleEndian(set.Find(0x7FE00002)!.Value.AsSpan(i * 8)));
            }
        }
    }

    [Fact]
    public void Refuses_what_it_cannot_make()
    {
        Assert.Throws<ArgumentException>(() => MadeUpInstances.Create(1, new MadeUpRecipe(MadeUpKind.CtImage) { CharacterSet = "ISO_IR 999" }));
        Assert.Throws<ArgumentException>(() => MadeUpInstances.Create(1, new MadeUpRecipe(MadeUpKind.CtImage) { Defect = MadeUpDefect.BrokenDeflate }));
        Assert.Throws<ArgumentException>(() => MadeUpInstances.Create(1, new MadeUpRecipe(MadeUpKind.RtPlan) { Defect = MadeUpDefect.LengthBeyondEnd }));
        Assert.Throws<ArgumentOutOfRangeException>(() => MadeUpInstances.Create(1, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => MadeUpInstances.Create(1, new MadeUpRecipe((MadeUpKind)99)));
    }
}
