using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Engine.Tests.Flow;

/// <summary>A source of made-up objects: what is listed is exactly what the script says.</summary>
internal sealed class ScriptedSource(params (string Key, object[] Items)[] units) : IMigrationSource
{
    public string Name => "scripted";
    public string Address => "scripted:";

    /// <summary>Called before each item; may throw what a source throws.</summary>
    public Action<string, int> BeforeItem { get; set; } = (_, _) => { };

    /// <summary>Whether an item is left out of this reading.</summary>
    public Func<string, int, bool> Leaves { get; set; } = (_, _) => false;

    /// <summary>Instances that every unit promises.</summary>
    public int? Expected { get; set; }
    public bool IsLengthKnown { get; init; } = true;
    public SourceUnitKind Kind { get; init; } = SourceUnitKind.File;

    /// <summary>What is known of a unit without reading it.</summary>
    public Func<string, string?> Stamp { get; init; } = _ => null;

    public async IAsyncEnumerable<SourceUnit> DiscoverAsync(SourceCursor? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var (key, _) in units) yield return new SourceUnit(key, Kind) { Instances = Expected, Stamp = Stamp(key), Cursor = new SourceCursor(key) };
        await Task.CompletedTask;
    }

    public async IAsyncEnumerable<SourceItem> ReadAsync(SourceUnit unit, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var items = units.Single(u => u.Key == unit.Key).Items;
        for (var i = 0; i < items.Length; i++)
        {
            BeforeItem(unit.Key, i);
            if (Leaves(unit.Key, i)) continue;
            yield return items[i] switch
            {
                byte[] bytes => Instance(bytes, null),
                (byte[] bytes, FaultCode note) => Instance(bytes, new Fault(note)),
                FaultCode code => new SourceFinding("", new Fault(code)),
                (string place, FaultCode code) => new SourceFinding(place, new Fault(code)),
                string rule => new SourceFinding("", rule),
                Func<SourceItem> make => make(),
                _ => throw new InvalidOperationException("The script is wrong."),
            };
        }
        await Task.CompletedTask;
    }

    private SourceInstance Instance(byte[] bytes, Fault? note) =>
        new("", PipeReader.Create(new MemoryStream(bytes))) { TransferSyntax = TransferSyntax.ExplicitVrLittleEndian, Length = IsLengthKnown ? bytes.Length : null, Note = note };

    /// <summary>The same with so many bytes of pixel data; an even number.</summary>
    public static byte[] Large(int number, int pixels) =>
        [.. Object(number), 0xE0, 0x7F, 0x10, 0x00, (byte)'O', (byte)'W', 0, 0, .. BitConverter.GetBytes(pixels), .. Enumerable.Range(0, pixels).Select(i => (byte)(i * number))];

    /// <summary>An Explicit VR Little Endian data set: the four UIDs and one byte of content, in even lengths.</summary>
    public static byte[] Object(int number, byte content = 0)
    {
        var bytes = new MemoryStream();
        Add(0x0008, 0x0016, "UI", Encoding.ASCII.GetBytes("1.2.840.10008.5.1.4.1.1.7\0"));
        Add(0x0008, 0x0018, "UI", Encoding.ASCII.GetBytes(FormattableString.Invariant($"1.2.3.{number + 1000}")));
        Add(0x0010, 0x0010, "PN", [(byte)'M', content]);
        Add(0x0020, 0x000D, "UI", Encoding.ASCII.GetBytes("1.2.3\0"));
        Add(0x0020, 0x000E, "UI", Encoding.ASCII.GetBytes("1.2.34"));
        return bytes.ToArray();

        void Add(ushort group, ushort element, string vr, byte[] value)
        {
            if (value.Length % 2 != 0) value = [.. value, 0];
            bytes.Write([(byte)group, (byte)(group >> 8), (byte)element, (byte)(element >> 8), (byte)vr[0], (byte)vr[1], (byte)value.Length, (byte)(value.Length >> 8), .. value]);
        }
    }
}

/// <summary>A target in memory that can be told to misbehave.</summary>
internal sealed class ScriptedTarget : IEvidenceTarget
{
    public string Name => "scripted";
    public string Address => "scripted:";
    public ConcurrentDictionary<string, byte[]> Held { get; } = new(StringComparer.Ordinal); // read by verifiers while lanes store
    public bool KeepsRivals { get; init; }
    public IReadOnlyList<EvidenceLevel> Levels { get; init; } = [EvidenceLevel.L1, EvidenceLevel.L4];

    /// <summary>What is kept of what was sent; <see langword="null"/> keeps nothing and still says success.</summary>
    public Func<string, byte[], byte[]?> Keep { get; set; } = (_, bytes) => bytes;
    public Func<string, Fault?> Refuse { get; set; } = _ => null;
    /// <summary>The same, decided by the data set.</summary>
    public Func<byte[], Fault?> RefuseContent { get; init; } = _ => null;
    /// <summary>Whether it keeps the contents of which it does not say that they are stored.</summary>
    public bool KeepsRefused { get; init; }
    /// <summary>What it says of what it does not hold; <see langword="null"/>: nothing.</summary>
    public Func<string, FaultCode?> Missing { get; set; } = _ => FaultCode.MissingAtTarget;
    /// <summary>What it gives as the metadata of what it holds. Default: DICOM JSON of all but the pixels.</summary>
    public Func<byte[], byte[]> Describe { get; init; } = static bytes => MetadataEvidenceTests.Json(bytes);
    /// <summary>Objects that break the connection for all that is outstanding with them. With it, answers come when they are flushed.</summary>
    public Func<string, bool>? Breaks { get; init; }
    /// <summary>Whether it says "stored, with a warning".</summary>
    public bool Warns { get; init; }
    /// <summary>In what encoding it takes a content; <see langword="null"/> as it comes.</summary>
    public Func<byte[], byte[]>? Encodes { get; init; }
    /// <summary>Sessions that it takes at a time; who collects evidence needs one, too.</summary>
    public int MostSessions { get; init; } = int.MaxValue;
    public int Rejections { get; private set; }
    private int _open;
    public int Stores { get; private set; }
    public int Sessions { get; private set; }
    public int Openings { get; private set; }
    public Action<string> BeforeStore { get; set; } = _ => { };
    public Action BeforeOpen { get; set; } = () => { };
    /// <summary>No session opens before this is complete.</summary>
    public Task Opened { get; set; } = Task.CompletedTask;
    /// <summary>Complete when somebody wants a session.</summary>
    public Task SomebodyWaits => _somebody.Task;
    private readonly TaskCompletionSource _somebody = new();

    public async Task<ITargetSession> OpenSessionAsync(CancellationToken cancellationToken)
    {
        lock (Held) Openings++;
        BeforeOpen();
        _somebody.TrySetResult();
        await Opened.WaitAsync(cancellationToken);
        Admit();
        lock (Held) Sessions++;
        return new Session(this);
    }

    public async IAsyncEnumerable<EvidenceItem> CollectAsync(EvidenceLevel level, IReadOnlyList<StoredReference> references, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Admit();
        using var over = new Leaving(this);
        foreach (var reference in references)
            if (Held.TryGetValue(reference.SopInstanceUid, out var bytes))
                yield return new EvidenceItem(reference, level) { TransferSyntax = TransferSyntax.ExplicitVrLittleEndian, Body = PipeReader.Create(new MemoryStream(bytes)), Metadata = level is EvidenceLevel.L3 ? Describe(bytes) : default };
            else if (Missing(reference.SopInstanceUid) is { } fault)
                yield return new EvidenceItem(reference, level) { Fault = new Fault(fault) };
        await Task.CompletedTask;
    }

    private sealed class Session(ScriptedTarget target) : ITargetSession
    {
        public async Task<StoreReceipt> StoreAsync(OutgoingInstance instance, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            target.BeforeStore(instance.SopInstanceUid);
            using var body = new MemoryStream();
            await instance.Body.CopyToAsync(body, cancellationToken);
            if (target.Breaks is not null)
            {
                var pending = new TaskCompletionSource<StoreOutcome>();
                _outstanding.Add((instance, body.ToArray(), pending));
                return new StoreReceipt(pending.Task);
            }
            lock (target.Held)
            {
                target.Stores++;
                if (target.Refuse(instance.SopInstanceUid) is { } fault) return new StoreReceipt(Task.FromResult(new StoreOutcome(StoreDisposition.NotStored, null, fault)));
                if (target.RefuseContent(body.ToArray()) is { } bad)
                {
                    if (target.KeepsRefused) target.Held[instance.SopInstanceUid] = body.ToArray();
                    return new StoreReceipt(Task.FromResult(new StoreOutcome(StoreDisposition.NotStored, null, bad)));
                }
                if (target.Keep(instance.SopInstanceUid, target.Encodes?.Invoke(body.ToArray()) ?? body.ToArray()) is { } kept) target.Held[instance.SopInstanceUid] = kept;
            }
            var reference = new StoredReference(instance.StudyInstanceUid, instance.SeriesInstanceUid, instance.SopClassUid, instance.SopInstanceUid);
            var stored = new StoreOutcome(StoreDisposition.Stored, reference);
            if (target.Warns) stored = stored with { Fault = new Fault(FaultCode.StoredWithWarning) };
            if (target.Encodes is { } encode) stored = stored with { Fault = new Fault(FaultCode.EncodingDiffers), SentDigest = new LedgerDigest(System.Security.Cryptography.SHA256.HashData(encode(body.ToArray()))) };
            return new StoreReceipt(Task.FromResult(stored));
        }

        private readonly List<(OutgoingInstance Instance, byte[] Bytes, TaskCompletionSource<StoreOutcome> Answer)> _outstanding = [];

        public Task FlushAsync(CancellationToken cancellationToken)
        {
            var isBroken = _outstanding.Exists(o => target.Breaks!(o.Instance.SopInstanceUid));
            foreach (var (instance, bytes, answer) in _outstanding)
            {
                if (!isBroken) lock (target.Held) target.Held[instance.SopInstanceUid] = bytes;
                answer.SetResult(isBroken ? new StoreOutcome(StoreDisposition.NotStored, null, new Fault(FaultCode.PeerClosedEarly))
                    : new StoreOutcome(StoreDisposition.Stored, new StoredReference(instance.StudyInstanceUid, instance.SeriesInstanceUid, instance.SopClassUid, instance.SopInstanceUid)));
            }
            _outstanding.Clear();
            return Task.CompletedTask;
        }

        public async ValueTask DisposeAsync()
        {
            await FlushAsync(CancellationToken.None);
            Interlocked.Exchange(ref _place, null)?.Dispose();
        }

        private Leaving? _place = new(target);
    }

    private void Admit()
    {
        lock (Held)
        {
            if (_open++ < MostSessions) return;
            _open--;
            Rejections++;
            throw new TargetUnavailableException(new Fault(FaultCode.PeerBusy));
        }
    }

    private sealed class Leaving(ScriptedTarget target) : IDisposable
    {
        public void Dispose()
        {
            lock (target.Held) target._open--;
        }
    }
}
