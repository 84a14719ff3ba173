using System.IO.Pipelines;
using System.Net;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>PS3.4 Annex H, the service that uses all of DIMSE-N: DCMTK's printer for our client, and its print client for our listener.</summary>
public sealed class DcmtkPrintTests : IAsyncDisposable
{
    private const string Management = "1.2.840.10008.5.1.1.9", FilmSession = "1.2.840.10008.5.1.1.1", FilmBox = "1.2.840.10008.5.1.1.2", ImageBox = "1.2.840.10008.5.1.1.4", Printer = "1.2.840.10008.5.1.1.16", PrinterInstance = "1.2.840.10008.5.1.1.17";
    private static readonly DicomTag Copies = new(0x20000010), DisplayFormat = new(0x20100010), Sessions = new(0x20100500), Images = new(0x20100510), Class = new(0x00081150), Instance = new(0x00081155), Position = new(0x20200010), Image = new(0x20200110), Status = new(0x21100010);
    private readonly Dcmtk _dcmtk = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _dcmtk.DisposeAsync();

    [Fact]
    public async Task Its_dcmprscp_answers_N_GET_N_CREATE_N_SET_N_ACTION_and_N_DELETE()
    {
        var port = Dcmtk.FreePort();
        await _dcmtk.ServeAsync("dcmprscp", port, "-c", await ConfigureAsync(port), "-p", "PEER");
        // Print management is a meta SOP class: one context for the SOP classes of all its commands (PS3.7 §E.1, PS3.4 §H.3.2.2).
        await using var association = await DimseAssociation.ConnectAsync("127.0.0.1", port, "PEER", [new ContextProposal(Management, [Elements.Explicit])],
            new DimseClientOptions { Security = DimseSecurity.Plaintext, AeTitle = "ME" }, TimeProvider.System, null, Token);

        var printer = await association.GetAttributesAsync(Printer, PrinterInstance, [], Token);
        Assert.Equal((DimseStatus.Success, "NORMAL"), (printer.Status, Read(printer.DataSet).GetString(Status)));

        var session = await association.CreateAsync(FilmSession, null, Write(new DataSet { DataElement.Text(Copies, DicomVr.IS, ["2"]) }), Token);
        Assert.Equal((DimseStatus.Success, "2"), (session.Status, Read(session.DataSet).GetString(Copies)));
        Assert.NotEqual("", session.SopInstanceUid);

        var box = await association.CreateAsync(FilmBox, null, Write(new DataSet
        {
            DataElement.Text(DisplayFormat, DicomVr.ST, ["STANDARD\\1,1"]), DataElement.Sequence(Sessions, [Reference(FilmSession, session.SopInstanceUid!)]),
        }), Token);
        Assert.Equal(DimseStatus.Success, box.Status);
        var place = Assert.Single(Read(box.DataSet).Find(Images)!.Items);
        Assert.Equal(ImageBox, place.GetString(Class));

        var set = await association.SetAsync(ImageBox, place.GetString(Instance)!, Write(Picture()), Token);
        Assert.Equal(DimseStatus.Success, set.Status);
        Assert.Equal(DimseStatus.NoSuchInstance, (await association.SetAsync(ImageBox, "1.2.3.404", Write(Picture()), Token)).Status);

        Assert.Equal(DimseStatus.Success, (await association.ActionAsync(FilmBox, box.SopInstanceUid!, 1, default, Token)).Status);
        Assert.Equal(DimseStatus.Success, (await association.DeleteAsync(FilmBox, box.SopInstanceUid!, Token)).Status);
        Assert.Equal(DimseStatus.Success, (await association.DeleteAsync(FilmSession, session.SopInstanceUid!, Token)).Status);
        Assert.Equal(DimseStatus.NoSuchInstance, (await association.DeleteAsync(FilmSession, session.SopInstanceUid!, Token)).Status); // it is gone
        await association.ReleaseAsync();
        Assert.Single(Directory.GetFiles(_dcmtk.Folder, "SP_*.dcm", SearchOption.AllDirectories)); // what was printed, as it keeps it
    }

    [Fact]
    public async Task Its_dcmprscu_asks_our_listener_by_N_GET_N_CREATE_N_SET_N_ACTION_and_N_DELETE()
    {
        var handler = new PrintHandler();
        await using var listener = new DimseListener(new DimseListenerOptions { Security = DimseSecurity.Plaintext, EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }, handler, TimeProvider.System);
        var config = await ConfigureAsync(listener.EndPoint.Port);
        var picture = _dcmtk.Write("picture.dcm", "1.2.840.10008.5.1.4.1.1.7", "1.2.3.1.1", Write(Picture("1.2.840.10008.5.1.4.1.1.7", "1.2.3.1.1")));
        var (code, output) = await _dcmtk.RunAsync("dcmpsprt", "-c", config, "-p", "PEER", "--nospool", picture);
        Assert.True(code == 0, output);
        var job = Assert.Single(Directory.GetFiles(_dcmtk.Folder, "SP_*.dcm", SearchOption.AllDirectories));
        (code, output) = await _dcmtk.RunAsync("dcmprscu", "-v", "-c", config, "-p", "PEER", "--copies", "2", job);
        Assert.True(code == 0, output);
        Assert.Equal(["N-GET 1.2.840.10008.5.1.1.16", "N-CREATE 1.2.840.10008.5.1.1.1", "N-CREATE 1.2.840.10008.5.1.1.2", "N-SET 1.2.840.10008.5.1.1.4", "N-ACTION 1.2.840.10008.5.1.1.2", "N-DELETE 1.2.840.10008.5.1.1.2", "N-DELETE 1.2.840.10008.5.1.1.1"], handler.Asked);
        Assert.Equal("2", handler.Session!.GetString(Copies));
        Assert.Equal(PrintHandler.Session1, Assert.Single(handler.Box!.Find(Sessions)!.Items).GetString(Instance));
        var shown = Assert.Single(handler.Shown!.Find(Image)!.Items);
        Assert.Equal((4L, 4L), (Number(shown, 0x00280010), Number(shown, 0x00280011)));
        Assert.False(shown.Find(new DicomTag(0x7FE00010))!.Value.IsEmpty);
    }

    private static long Number(DataSet dataSet, uint tag) => dataSet.TryGetValue(new DicomTag(tag), out var value) && value.TryGetInt64(out var number) ? number : -1;

    private static DataSet Reference(string sopClass, string sopInstance) => new() { DataElement.Text(Class, DicomVr.UI, [sopClass]), DataElement.Text(Instance, DicomVr.UI, [sopInstance]) };

    private static DataSet Read(ReadOnlyMemory<byte> bytes) => DataSet.Read(bytes, TransferSyntax.ExplicitVrLittleEndian);

    private static byte[] Write(DataSet dataSet) => dataSet.ToArray(TransferSyntax.ExplicitVrLittleEndian);

    private static DataSet Picture() => new() { Short(Position.Value, 1), DataElement.Sequence(Image, [Pixels([])]) };

    private static DataSet Picture(string sopClass, string sopInstance) =>
        Pixels([DataElement.Text(new DicomTag(0x00080016), DicomVr.UI, [sopClass]), DataElement.Text(new DicomTag(0x00080018), DicomVr.UI, [sopInstance]), DataElement.Text(new DicomTag(0x0020000D), DicomVr.UI, ["1.2.3"]), DataElement.Text(new DicomTag(0x0020000E), DicomVr.UI, ["1.2.3.1"])]);

    /// <summary>Four rows of four samples of one byte.</summary>
    private static DataSet Pixels(IReadOnlyList<DataElement> before)
    {
        var dataSet = new DataSet();
        foreach (var element in before) dataSet.Add(element);
        foreach (var element in (DataElement[])[Short(0x00280002, 1), DataElement.Text(new DicomTag(0x00280004), DicomVr.CS, ["MONOCHROME2"]), Short(0x00280010, 4), Short(0x00280011, 4), Short(0x00280100, 8), Short(0x00280101, 8), Short(0x00280102, 7), Short(0x00280103, 0),
            new DataElement(new DicomTag(0x7FE00010), DicomVr.OB, Enumerable.Range(0, 16).Select(static i => (byte)(i * 16)).ToArray())]) dataSet.Add(element);
        return dataSet;
    }

    private static DataElement Short(uint tag, long value) => DataElement.Integers(new DicomTag(tag), DicomVr.US, value);

    /// <summary>DCMTK's configuration of a printer on loopback, which is its own, or ours.</summary>
    private async Task<string> ConfigureAsync(int port)
    {
        foreach (var name in (string[])["log", "spool", "database", "lut"]) Directory.CreateDirectory(Path.Combine(_dcmtk.Folder, name));
        var path = Path.Combine(_dcmtk.Folder, "print.cfg");
        await File.WriteAllTextAsync(path, $"""
            [[GENERAL]]
            [APPLICATION]
            LogDirectory = log
            LogFile = general.log
            MessagePort = 0
            [PRINT]
            Directory = spool
            MinPrintResolution = 4\4
            MaxPrintResolution = 1024\1024
            DeletePrintJobs = false
            [DATABASE]
            Directory = database
            [LUT]
            Directory = lut
            [NETWORK]
            aetitle = ME
            [[COMMUNICATION]]
            [PEER]
            Aetitle = PEER
            Description = made up
            Hostname = 127.0.0.1
            Port = {port}
            Type = LOCALPRINTER
            DisplayFormat=1,1
            FilmDestination = MAGAZINE
            FilmSizeID = 8INX10IN
            MagnificationType = NONE
            MaxPDU = 32768
            MediumType = PAPER

            """, Token);
        return path;
    }

    /// <summary>A printer as far as a client sees it: it makes a film session, a film box in it, and an image box in that.</summary>
    private sealed class PrintHandler : IDimseHandler
    {
        public const string Session1 = "1.2.3.9.1", Box1 = "1.2.3.9.2", Image1 = "1.2.3.9.3";

        public List<string> Asked { get; } = [];
        public DataSet? Session { get; private set; }
        public DataSet? Box { get; private set; }
        public DataSet? Shown { get; private set; }

        public ValueTask<AssociationDecision> OnAssociateAsync(AssociationInfo association, CancellationToken cancellationToken) => ValueTask.FromResult(AssociationDecision.Accept);

        public ContextDecision OnContext(AssociationInfo association, ContextProposal proposal) =>
            proposal.AbstractSyntax is Management ? ContextDecision.Accept(proposal.TransferSyntaxes.First(static s => s is Elements.Explicit), proposal.Roles) : ContextDecision.AbstractSyntaxNotSupported;

        public ValueTask<NormalizedAnswer> OnGetAttributesAsync(NormalizedIndication request, CancellationToken cancellationToken)
        {
            Assert.Equal(PrinterInstance, request.SopInstanceUid);
            return Answer("N-GET", request, Write(new DataSet { DataElement.Text(Status, DicomVr.CS, ["NORMAL"]), DataElement.Text(new DicomTag(0x21100020), DicomVr.CS, ["NORMAL"]) }));
        }

        public async ValueTask<NormalizedAnswer> OnCreateAsync(NormalizedIndication request, PipeReader body, CancellationToken cancellationToken)
        {
            var bytes = await Elements.ReadAllAsync(body, cancellationToken);
            if (request.SopClassUid is FilmSession)
            {
                Session = Read(bytes);
                return (await Answer("N-CREATE", request, bytes)) with { SopInstanceUid = Session1 };
            }

            Box = Read(bytes);
            var answer = Read(bytes);
            answer.Set(DataElement.Sequence(Images, [Reference(ImageBox, Image1)]));
            return (await Answer("N-CREATE", request, Write(answer))) with { SopInstanceUid = Box1 };
        }

        public async ValueTask<NormalizedAnswer> OnSetAsync(NormalizedIndication request, PipeReader body, CancellationToken cancellationToken)
        {
            Assert.Equal(Image1, request.SopInstanceUid);
            Shown = Read(await Elements.ReadAllAsync(body, cancellationToken));
            return await Answer("N-SET", request);
        }

        public async ValueTask<NormalizedAnswer> OnActionAsync(NormalizedIndication request, PipeReader body, CancellationToken cancellationToken)
        {
            Assert.Equal((Box1, (ushort?)1, 0), (request.SopInstanceUid, request.TypeId, (await Elements.ReadAllAsync(body, cancellationToken)).Length));
            return await Answer("N-ACTION", request);
        }

        public ValueTask<NormalizedAnswer> OnDeleteAsync(NormalizedIndication request, CancellationToken cancellationToken) => Answer("N-DELETE", request);

        private ValueTask<NormalizedAnswer> Answer(string command, NormalizedIndication request, byte[]? dataSet = null)
        {
            Asked.Add($"{command} {request.SopClassUid}");
            return ValueTask.FromResult(new NormalizedAnswer(DimseStatus.Success, dataSet));
        }
    }
}
