using Dicom.Migration.Generator;

namespace Dicom.Migration.DataSets.Tests.Dictionaries;

public sealed class GeneratedTableTests
{
    [Fact]
    public void The_committed_tables_are_what_the_generator_makes_of_the_data()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "Dicom.Migration.sln"))) root = root.Parent!;
        var files = Tables.All(root.FullName).ToArray();
        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.Equal(file.Text, File.ReadAllText(file.Path), ignoreLineEndingDifferences: true));
    }

    [Fact]
    public void Plain_tags_are_sorted_and_every_column_is_as_long_as_the_table()
    {
        var rows = DataElementTable.Tags.Length;
        for (var i = 1; i < DataElementTable.FirstRepeating; i++) Assert.True(DataElementTable.Tags[i - 1] < DataElementTable.Tags[i]);
        Assert.Equal([rows, rows, rows, rows, rows, rows],
            [DataElementTable.Vrs.Length, DataElementTable.AlternativeVrs.Length, DataElementTable.MultiplicityIndexes.Length,
             DataElementTable.Retired.Length, DataElementTable.TextOffsets.Length - 1, DataElementTable.FirstRepeating + DataElementTable.Masks.Length]);
    }
}
