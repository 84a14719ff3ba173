using System.CommandLine;
using Comparisons;
using Comparisons.Dimse;

// Whole jobs beside their peers, in one run on one machine; what counts is the ratio.
var files = new Option<int>("--files") { DefaultValueFactory = _ => 10_000, Description = "Files to make and to read." };
var rounds = new Option<int>("--rounds") { DefaultValueFactory = _ => 3, Description = "Times that everything is run, in turn; the median counts." };
var gib = new Option<int>("--gib") { DefaultValueFactory = _ => 8, Description = "Size of the one large object, in GiB." };
var folder = new Argument<string>("folder");

var sets = new Option<string[]>("--sets") { DefaultValueFactory = _ => ["ct", "report", "mixed"], AllowMultipleArgumentsPerToken = true, Description = "Files to scan: ct (526 KB), report (10 KB), mixed (all kinds and encodings, small)." };
var headers = new Command("headers", "Header scan: this SDK beside dcmdump, gdcmscanner and pydicom.") { files, rounds, sets };
headers.SetAction((parsed, token) => HeaderScan.CompareAsync(parsed.GetValue(files), parsed.GetValue(rounds), parsed.GetValue(sets)!, token));
var memory = new Command("parse", "Reading headers and data sets from memory.");
memory.SetAction(_ => HeaderScan.Memory(20_000));
var folders = new Command("folders", "Folder to folder with full verification, beside cp -r, fsync and sha256sum of both sides.") { rounds };
folders.SetAction((parsed, token) => FolderCopy.CompareAsync(parsed.GetValue(rounds), token));
var large = new Command("large", "Peak of resident memory with one large object and a budget of 64 MiB.") { gib };
large.SetAction((parsed, token) => LargeObject.MeasureAsync(parsed.GetValue(gib), token));
var passes = new Option<int>("--passes") { DefaultValueFactory = _ => 1, Description = "Times to scan it; with more than one, beside the floor." };
var scan = new Command("scan", "Scans a folder; the measured part of 'headers', in a process of its own.") { folder, passes };
scan.SetAction(parsed => HeaderScan.Scan(parsed.GetValue(folder)!, parsed.GetValue(passes)));
var parts = new Option<string[]>("--parts") { DefaultValueFactory = _ => ["stock", "source", "nodelay", "receive", "own", "orthanc", "memory"], AllowMultipleArgumentsPerToken = true, Description = "What to measure: stock (Nagle's algorithm on at the peer), source (Orthanc as source), nodelay, receive (both with it off), own (both sides), orthanc, memory." };
var dimse = new Command("dimse", "C-STORE, C-GET and C-MOVE beside DCMTK, Orthanc and a bare pair of sockets.") { rounds, parts };
dimse.SetAction((parsed, token) => new DimseComparison(parsed.GetValue(rounds)).CompareAsync(parsed.GetValue(parts)!, token));
var root = new RootCommand("Compares whole jobs side by side.") { headers, memory, folders, large, scan, dimse, WebComparison.Command(rounds) };
foreach (var worker in Workers.Commands()) root.Add(worker);
return await root.Parse(args).InvokeAsync();
