using System.ComponentModel;
using System.Diagnostics;

namespace Dicom.Migration.Testing.Tests;

/// <summary>The tools of others read the well-formed instances, and find in them what was put in.</summary>
public sealed class OtherReadersTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("made-up-");
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>Files in the order in which a tool is to name their SOP Instance UIDs.</summary>
    private async Task<List<(string Path, MadeUpInstance Instance)>> WriteAsync()
    {
        List<(string, MadeUpInstance)> files = [];
        foreach (var instance in (MadeUpInstance[])[.. MadeUpInstances.CreateAll(21), .. MadeUpInstances.Create(22, 60)])
        {
            var path = Path.Combine(_folder.FullName, $"{files.Count:D4}");
            await System.IO.File.WriteAllBytesAsync(path, instance.Bytes, Token);
            files.Add((path, instance));
        }
        return files;
    }

    private static async Task<(int Status, string Output, string Errors)?> RunAsync(string program, params IEnumerable<string> arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(Token), process.StandardError.ReadToEndAsync(Token));
            await process.WaitForExitAsync(Token);
            return (process.ExitCode, await output, await errors);
        }
        catch (Win32Exception)
        {
            return null; // not installed
        }
    }

    [Fact]
    public async Task Dcmdump_reads_every_one_and_finds_its_uid()
    {
        Assert.SkipUnless(await RunAsync("dcmdump", "--version") is { Status: 0 }, "dcmdump (DCMTK) is not on the PATH.");
        var files = await WriteAsync();
        var (status, output, errors) = (await RunAsync("dcmdump", ["-s", "+P", "0008,0018", .. files.Select(file => file.Path)]))!.Value;
        // DCMTK says so of every UN of undefined length, and of every private sequence of one in Implicit VR; and of nothing else.
        var complaints = errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.StartsWith("W: Found element (0031,1010) with VR UN and undefined length", StringComparison.Ordinal)
            && !line.StartsWith("W: Found element (0029,1003) with VR UN and undefined length", StringComparison.Ordinal));
        Assert.Empty(complaints);
        Assert.Equal(0, status);
        var found = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line.StartsWith("(0008,0018)", StringComparison.Ordinal)).Select(line => line.Split('[', ']')[1]);
        Assert.Equal(files.Select(file => file.Instance.SopInstanceUid), found, StringComparer.Ordinal);
    }

    /// <summary>pydicom decodes each value, the sequences too, and each name to the Unicode that is written down beside its bytes.</summary>
    [Fact]
    public async Task Pydicom_reads_every_element_and_each_name()
    {
        var pythons = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(folder => Path.Combine(folder, "python3")).Where(System.IO.File.Exists).Distinct(StringComparer.Ordinal);
        string? python = null;
        foreach (var candidate in pythons)
        {
            if (await RunAsync(candidate, "-c", "import pydicom") is not { Status: 0 }) continue;
            python = candidate;
            break;
        }
        Assert.SkipUnless(python is not null, "No python3 on the PATH has pydicom.");
        // pydicom 2.3.1 reads the items of a UN of undefined length in the byte order around them; PS3.5 §6.2.2 says Little Endian, and DCMTK reads it so.
        var files = (await WriteAsync()).Where(file => !(file.Instance.Recipe.HasUnknownOfUndefinedLength && file.Instance.TransferSyntax.IsBigEndian)).ToList();
        const string Script = """
            import sys, pydicom
            sys.stdout.reconfigure(encoding='utf-8')
            for path in sys.argv[1:]:
                data = pydicom.dcmread(path)
                for element in data.iterall(): element.value
                data.decode()
                print(str(data.SOPInstanceUID) + '\t' + str(data.PatientName) + '\t' + str(max(e.tag for e in data)))
            """;
        var (status, output, errors) = (await RunAsync(python!, ["-W", "ignore", "-c", Script, .. files.Select(file => file.Path)]))!.Value;
        Assert.True(status == 0, errors);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t')).ToArray();
        Assert.Equal(files.Select(file => file.Instance.SopInstanceUid), lines.Select(line => line[0]), StringComparer.Ordinal);
        foreach (var (line, file) in lines.Zip(files))
            // pydicom 2.3.1 does not know Latin-9 yet, takes the second byte 5C of a GBK character for the delimiter of values,
            // and leaves the escape sequences of ISO 2022 IR 58 in the text.
            if (file.Instance.CharacterSet is not ("ISO_IR 203" or @"\ISO 2022 IR 203" or "GBK" or @"\ISO 2022 IR 58"))
                Assert.Equal(file.Instance.PatientName, line[1]);
        foreach (var (line, file) in lines.Zip(files))
            Assert.Equal(Walker.File(file.Instance.Bytes).DataSet.Elements.Where(e => e.Depth == 0 && e.Tag != 0xFFFEE000).Max(e => e.Tag).ToString("x8", System.Globalization.CultureInfo.InvariantCulture),
                line[2].Replace("(", "", StringComparison.Ordinal).Replace(")", "", StringComparison.Ordinal).Replace(", ", "", StringComparison.Ordinal));
    }
}
