namespace Dicom.Migration.Dimse.Tests.Faults;

/// <summary>Makes an input of a number, the same each time: one direction of a conversation with up to five changes. Some keep all lengths around them right, and so reach what lies deep.</summary>
internal sealed class ConversationMutator((byte[] Bytes, ConversationFields Fields)[] samples)
{
    private static readonly uint[] Numbers = [0, 1, 2, 3, 4, 5, 7, 8, 0x10, 0x20, 0x21, 0x30, 0x40, 0x50, 0x51, 0x54, 0x57, 0x58, 0x7F, 0x80, 0xFF, 0x100, 0x101, 0x7FFF, 0x8000, 0xFF00, 0xFFFF,
        0x4_0000, 0x10_0000, 0x10_0001, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF];
    private readonly List<int> _turns = [];
    private byte[] _buffer = [];
    private int _length;
    private ulong _state;

    /// <summary>Which of the samples it is made of.</summary>
    public int Sample { get; private set; }
    /// <summary>Whether nothing was changed.</summary>
    public bool IsWhole { get; private set; }
    /// <summary>Where messages ended before the changes, so that it can be said in turn; the last one is the end.</summary>
    public IReadOnlyList<int> Turns => _turns;

    /// <summary>A number from 0 to below the limit (SplitMix64).</summary>
    public int Number(int below)
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return (int)(((z >> 33) * (ulong)below) >> 31);
    }

    /// <summary>The input of this number, valid until the next.</summary>
    public ReadOnlyMemory<byte> Make(long number)
    {
        _state = (ulong)number * 0xD1B54A32D192ED03;
        var (one, other) = (Number(samples.Length), Number(samples.Length));
        Sample = samples[one].Bytes.Length < samples[other].Bytes.Length ? one : other; // the short ones more often
        var (bytes, fields) = samples[Sample];
        if (_buffer.Length < bytes.Length + 4_096) _buffer = new byte[2 * bytes.Length + 4_096];
        bytes.CopyTo(_buffer, 0);
        _length = bytes.Length;
        _turns.Clear();
        _turns.AddRange(fields.Turns);
        var changes = Number(6);
        IsWhole = changes == 0;
        for (var i = 0; i < changes; i++) ChangeInPlace(fields);
        if (Number(4) == 0 && !IsWhole) Resize(fields);
        if (Number(8) == 0 && !IsWhole) Rearrange();
        _turns.RemoveAll(t => t <= 0 || t >= _length);
        _turns.Sort(); // what was taken out may have held more than one
        _turns.Add(_length);
        return _buffer.AsMemory(0, _length);
    }

    private void ChangeInPlace(ConversationFields fields)
    {
        var field = fields.All[Number(fields.All.Count)];
        var buffer = _buffer.AsSpan();
        switch (Number(6))
        {
            case 0: buffer[Number(_length)] ^= (byte)(1 << Number(8)); break;
            case 1: buffer[Number(_length)] = (byte)Number(256); break;
            case 2: field.Write(buffer, field.Read(buffer) + (uint)Number(9) - 4); break;
            case 3: field.Write(buffer, field.Read(buffer) ^ (1u << Number(8 * field.Size))); break;
            case 4: field.Write(buffer, (uint)Number(field.Size == 1 ? 256 : 65_536)); break;
            default: field.Write(buffer, Numbers[Number(Numbers.Length)]); break;
        }
    }

    /// <summary>Puts in or takes out some bytes, and tells all lengths around them.</summary>
    private void Resize(ConversationFields fields)
    {
        var at = fields.All[Number(fields.All.Count)] is { IsLength: true } field ? Number(2) == 0 ? field.From : field.To : Number(_length);
        var change = Number(3) == 0 ? -Math.Min(1 + Number(64), _length - at) : 1 + Number(Number(8) == 0 ? 3_000 : 64);
        if (at > _length || _length + change < 8) return;
        var tail = _buffer.AsSpan(Math.Max(at, at - change), _length - Math.Max(at, at - change));
        tail.CopyTo(_buffer.AsSpan(at + Math.Max(0, change)));
        // What is put in is more of the same: whole items, most times.
        for (var i = 0; i < change; i++) _buffer[at + i] = at >= change ? _buffer[at - change + i] : (byte)Number(256);
        var isTold = Number(4) != 0;
        foreach (var enclosing in fields.All)
            if (isTold && enclosing.Encloses(at) && enclosing.Offset + enclosing.Size <= at) enclosing.Write(_buffer, enclosing.Read(_buffer) + (uint)change);
        _length += change;
        for (var i = 0; i < _turns.Count; i++)
            if (_turns[i] >= at) _turns[i] += change;
    }

    /// <summary>The end is missing; or what follows is of another conversation; or a PDU comes twice, or not at all.</summary>
    private void Rearrange()
    {
        var (other, fields) = samples[Number(samples.Length)];
        var start = fields.Starts[Number(fields.Starts.Count)];
        var end = fields.Starts.FirstOrDefault(s => s > start, other.Length);
        switch (Number(4))
        {
            case 0: _length = Number(_length); return;
            case 1: Put(Number(_length), other.AsSpan(start)); return; // a splice
            case 2: Put(Math.Min(_turns[0], _length), other.AsSpan(start..end)); return;
            default:
                Put(_length, other.AsSpan(start..end));
                return;
        }
    }

    private void Put(int at, ReadOnlySpan<byte> bytes)
    {
        if (_buffer.Length < at + bytes.Length) Array.Resize(ref _buffer, at + bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(at));
        _length = at + bytes.Length;
    }
}
