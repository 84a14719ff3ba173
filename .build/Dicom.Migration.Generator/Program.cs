using Dicom.Migration.Generator;

// Use: dotnet run --project .build/Dicom.Migration.Generator; writes src/Dicom.Migration.DataSets/Generated/.
var root = new DirectoryInfo(AppContext.BaseDirectory);
while (root is not null && !File.Exists(Path.Combine(root.FullName, "Dicom.Migration.sln"))) root = root.Parent;
if (root is null)
{
    Console.Error.WriteLine("Dicom.Migration.sln is in no folder above this program.");
    return 2;
}

foreach (var (path, text) in Tables.All(root.FullName)) File.WriteAllText(path, text);
return 0;
