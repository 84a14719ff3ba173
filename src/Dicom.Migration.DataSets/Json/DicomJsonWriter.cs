using System.Text.Json;

namespace Dicom.Migration.DataSets;

/// <summary>Writes data sets as DICOM JSON Model objects (PS3.18 Annex F) while they are read, in any encoding and character set.</summary>
/// <remarks>Holds one text at a time, a few bytes of other values, and the tags of what is open. Group lengths are left out, as §F.2.2
/// asks; text is Unicode, so Specific Character Set (0008,0005), where it has a value, says ISO_IR 192. What is not in the JSON as it
/// was in the data set is a finding. A data set that is malformed ends in an exception and half an object: throw that away. Not thread-safe.</remarks>
public sealed class DicomJsonWriter
{
    private const int FlushAt = 65_536;
    private static readonly DicomTag CharacterSetTag = new(0x0008, 0x0005);
    private static readonly DicomTag PixelRepresentation = new(0x0028, 0x0103);
    private readonly Utf8JsonWriter _output;
    private readonly DicomJsonWriterOptions _options;
    private readonly JsonValueWriter _value;
    private readonly List<JsonLevel> _levels = [new()];
    private int _level;
    private int _leavingOut = -1; // depth of the sequence or fragment list that is left out
    private DataSetReader? _metaReader;

    /// <summary>Makes a writer.</summary>
    /// <param name="output">Receives the objects; stays the caller's, who may write an array around them. It is flushed now and then.</param>
    /// <param name="options">What is written, or <see langword="null"/> for the defaults.</param>
    public DicomJsonWriter(Utf8JsonWriter output, DicomJsonWriterOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(output);
        options ??= new DicomJsonWriterOptions();
        ArgumentOutOfRangeException.ThrowIfNegative(options.MaxInlineBinaryLength, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxTextLength, 1_024, nameof(options));
        (_output, _options, _value) = (output, options, new JsonValueWriter(output, options.Numbers));
    }

    /// <summary>Findings about the object being written, or the last one.</summary>
    public long FindingCount { get; private set; }

    private JsonLevel Level => _levels[_level];

    /// <summary>Writes the data set of a file, from its first token to its end.</summary>
    /// <param name="reader">Just opened, with <see cref="DataElementDictionary.VrOf"/> for Implicit VR.</param>
    /// <exception cref="DicomFormatException">The data set is malformed.</exception>
    public void Write(Part10FileReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        Begin(reader.Prefix);
        while (reader.Read())
            if (!Take(reader.Element, reader.Piece)) reader.SkipValue();
    }

    /// <summary>Writes a data set that is in memory.</summary>
    /// <param name="dataSet">The data set; encoded once more on the way.</param>
    /// <exception cref="DicomFormatException">It cannot be encoded (<see cref="FaultCode.NotTranscodable"/>).</exception>
    public void Write(DataSet dataSet)
    {
        ArgumentNullException.ThrowIfNull(dataSet);
        var syntax = dataSet.TransferSyntax.IsDeflated ? TransferSyntax.ExplicitVrLittleEndian : dataSet.TransferSyntax;
        var bytes = dataSet.ToArray(syntax);
        var reader = new DataSetReader(new DataSetReaderOptions { ImplicitVr = DataElementDictionary.VrOf });
        reader.Reset(syntax, 0, bytes.Length);
        Begin(dataSet.Prefix);
        Level.CharacterSet = dataSet.CharacterSet; // for what stands before (0008,0005) too
        for (var at = 0; reader.Read(bytes.AsSpan(at), true, out var consumed);)
        {
            if (!Take(reader, bytes.AsSpan(at, consumed))) at += (int)reader.SkipValue();
            at += consumed;
        }
    }

    /// <summary>Starts an object.</summary>
    /// <param name="prefix">Holds the file meta that <see cref="DicomJsonWriterOptions.IncludeFileMeta"/> asks for.</param>
    /// <exception cref="DicomFormatException">The file meta is malformed.</exception>
    public void Begin(Part10Prefix? prefix = null)
    {
        (_level, _leavingOut, FindingCount) = (0, -1, 0);
        Level.Reset(null);
        _output.WriteStartObject();
        if (!_options.IncludeFileMeta || prefix is null) return;
        var meta = prefix.FileMeta.Span;
        _metaReader ??= new DataSetReader(new DataSetReaderOptions { ImplicitVr = DataElementDictionary.VrOf });
        _metaReader.Reset(prefix.FileMetaSyntax, prefix.Preamble.Length, meta.Length);
        for (var at = 0; _metaReader.Read(meta[at..], true, out var consumed) && _metaReader.Token != DataSetToken.End; at += consumed)
            Take(_metaReader, meta.Slice(at, consumed));
    }

    /// <summary>Takes the token that a reader stands on; the last, <see cref="DataSetToken.End"/>, ends the object.</summary>
    /// <param name="element">Stands on the token.</param>
    /// <param name="piece">The bytes of a <see cref="DataSetToken.Value"/>; of other tokens, anything.</param>
    /// <returns><see langword="false"/> if what is left of the value is not wanted: it may be skipped.</returns>
    /// <exception cref="DicomFormatException">One data set or item has more than 100,000 elements.</exception>
    public bool Take(DataSetReader element, ReadOnlySpan<byte> piece)
    {
        ArgumentNullException.ThrowIfNull(element);
        if (_leavingOut >= 0)
        {
            if (element.Depth == _leavingOut && element.Token is DataSetToken.SequenceEnd or DataSetToken.FragmentsEnd) _leavingOut = -1;
            return false;
        }
        switch (element.Token)
        {
            case DataSetToken.ElementStart:
                if (!StartElement(element)) return false;
                if (element.ValueRemaining == 0) EndValue(element);
                break;
            case DataSetToken.Value:
                if (!_value.IsOpen) return false;
                _value.Append(piece);
                if (element.ValueRemaining == 0) EndValue(element);
                break;
            case DataSetToken.SequenceStart:
                StartSequence(element);
                break;
            case DataSetToken.ItemStart:
                StartItem();
                break;
            case DataSetToken.ItemEnd:
                _level--;
                _output.WriteEndObject();
                break;
            case DataSetToken.SequenceEnd:
                if (Level.Items > 0) _output.WriteEndArray();
                _output.WriteEndObject();
                break;
            case DataSetToken.FragmentsStart:
                _leavingOut = element.Depth;
                if (IsNew(element)) WriteBulkData(element, element.Vr.IsKnown ? element.Vr : DicomVr.OB);
                break;
            case DataSetToken.End:
                _output.WriteEndObject();
                break;
        }
        if (_output.BytesPending >= FlushAt) _output.Flush();
        return true;
    }

    private bool StartElement(DataSetReader element)
    {
        if (element.Tag.IsGroupLength || !IsNew(element)) return false; // PS3.18 §F.2.2: no group lengths
        var vr = VrOf(element);
        if (vr.IsText ? element.Length > _options.MaxTextLength : JsonValueWriter.IsBinary(vr) && element.Length > _options.MaxInlineBinaryLength)
        {
            WriteBulkData(element, vr);
            return false;
        }
        WriteName(element.Tag, vr);
        _value.Start(vr, element.Length, element.IsBigEndian);
        return true;
    }

    private DicomVr VrOf(DataSetReader element)
    {
        if (element.Tag == CharacterSetTag) return DicomVr.CS; // also where a relay wrote UN: all text hangs on it
        var vr = element.Vr.Code == 0 ? DataElementDictionary.VrOf(element.Tag) : element.Vr;
        if (vr == DicomVr.SQ) return DicomVr.UN; // read without a dictionary: its items are not taken apart
        if (!vr.IsKnown)
        {
            Find(DicomJsonFindingKind.UnknownVr, element);
            return DicomVr.UN;
        }
        // Which of US and SS is meant, Implicit VR does not say but Pixel Representation (0028,0103) does.
        if (vr == DicomVr.US && !element.IsExplicitVr && Level.IsSigned
            && DataElementDictionary.TryGet(element.Tag, out var entry) && entry.AlternativeVr == DicomVr.SS) vr = DicomVr.SS;
        if (element.Length % JsonValueWriter.ValueLength(vr) == 0) return vr;
        Find(DicomJsonFindingKind.MalformedLength, element);
        return JsonValueWriter.IsBinary(vr) ? vr : DicomVr.UN;
    }

    private void EndValue(DataSetReader element)
    {
        if (element.Tag == CharacterSetTag) TakeCharacterSet(element);
        else if (element.Tag == PixelRepresentation) Level.IsSigned = _value.LastNumber == 1;
        foreach (var kind in _value.End(Level.CharacterSet)) Find(kind, element);
        _output.WriteEndObject();
    }

    private void TakeCharacterSet(DataSetReader element)
    {
        Level.CharacterSet = SpecificCharacterSet.Parse(_value.Held);
        if (Level.CharacterSet.Findings.Count > 0) Find(DicomJsonFindingKind.AssumedCharacterSet, element);
        if (Level.CharacterSet != SpecificCharacterSet.Default) _value.Replace("ISO_IR 192"u8); // the text is Unicode now
    }

    private void StartSequence(DataSetReader element)
    {
        if (!IsNew(element))
        {
            _leavingOut = element.Depth;
            return;
        }
        if (element.Vr == DicomVr.UN && element.IsExplicitVr) Find(DicomJsonFindingKind.UnknownIsSequence, element);
        (Level.Sequence, Level.Items) = (element.Tag, 0);
        WriteName(element.Tag, DicomVr.SQ);
    }

    private void StartItem()
    {
        if (Level.Items++ == 0) _output.WriteStartArray("Value"u8);
        var outer = Level;
        if (++_level == _levels.Count) _levels.Add(new JsonLevel());
        Level.Reset(outer);
        _output.WriteStartObject();
    }

    private bool IsNew(DataSetReader element)
    {
        var isNew = Level.Seen.Add(element.Tag, element.HeaderOffset, out var inOrder);
        if (!isNew) Find(DicomJsonFindingKind.RepeatedElementLeftOut, element);
        else if (!inOrder) Find(DicomJsonFindingKind.OutOfOrder, element);
        return isNew;
    }

    private void WriteName(DicomTag tag, DicomVr vr)
    {
        Span<byte> name = stackalloc byte[8];
        tag.Value.TryFormat(name, out _, "X8", System.Globalization.CultureInfo.InvariantCulture);
        _output.WriteStartObject(name);
        _output.WriteString("vr"u8, [(byte)(vr.Code >> 8), (byte)vr.Code]);
    }

    private void WriteBulkData(DataSetReader element, DicomVr vr)
    {
        var path = new ItemStep[_level];
        for (var i = 0; i < path.Length; i++) path[i] = new ItemStep(_levels[i].Sequence, _levels[i].Items - 1);
        if (_options.BulkDataUri?.Invoke(new DicomJsonBulkData(element.Tag, vr, element.Length, element.ValueOffset, path)) is not { } uri)
        {
            Find(DicomJsonFindingKind.BulkDataLeftOut, element);
            return;
        }
        WriteName(element.Tag, vr);
        _output.WriteString("BulkDataURI"u8, uri);
        _output.WriteEndObject();
    }

    private void Find(DicomJsonFindingKind kind, DataSetReader element)
    {
        FindingCount++;
        _options.OnFinding?.Invoke(new DicomJsonFinding(kind, element.Tag, element.HeaderOffset));
    }
}
