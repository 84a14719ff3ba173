using System.Text.Json;

namespace Dicom.Migration.DataSets;

/// <summary>Builds a <see cref="DataSet"/> of JSON tokens: a stack of what is open instead of recursion, as input decides how deep it is.</summary>
internal sealed class JsonDataSetBuilder(DicomJsonReaderOptions options, long offset)
{
    /// <summary>An object that is a data set or an item.</summary>
    private sealed class Open
    {
        internal List<DataElement> Elements { get; } = [];
        internal SeenTags Seen { get; } = new();
        /// <summary>Some of its text is beyond ASCII.</summary>
        internal bool NeedsCharacterSet { get; set; }
        // The attribute that is open in it.
        internal DicomTag Tag { get; set; }
        internal DicomVr Vr { get; set; }
        internal DataElement? Element { get; set; }
        internal bool HasVr { get; set; }
        internal bool HasValue { get; set; }
        internal List<DataSet>? Items { get; set; }
    }

    private static readonly DicomTag CharacterSetTag = new(0x0008, 0x0005);
    private readonly Stack<Open> _open = [];
    private readonly JsonValueReader _values = new(options.CharacterSet, offset);
    private DicomTag? _tag;
    private long _count;

    /// <summary>What the last token is followed by is no JSON, or must not be there.</summary>
    internal DicomFormatException Malformed(ref Utf8JsonReader reader) => new(new Fault(FaultCode.MalformedJson, _tag, offset + reader.BytesConsumed));

    /// <exception cref="DicomFormatException">It is malformed or beyond a limit.</exception>
    /// <exception cref="JsonException">It is no JSON.</exception>
    internal DataSet Build(ref Utf8JsonReader reader)
    {
        Demand(reader.Read() && reader.TokenType == JsonTokenType.StartObject, ref reader);
        _open.Push(new Open());
        var inAttribute = false; // else among attributes, or among items where Items is there
        while (reader.Read())
        {
            var top = _open.Peek();
            if (inAttribute) inAttribute = Property(ref reader, top);
            else if (top.Items is not null) inAttribute = Item(ref reader, top);
            else if (reader.TokenType == JsonTokenType.EndObject)
            {
                var dataSet = Close(_open.Pop());
                if (!_open.TryPeek(out var outer)) return dataSet;
                outer.Items!.Add(dataSet);
            }
            else
            {
                StartAttribute(ref reader, top);
                inAttribute = true;
            }
        }
        throw Malformed(ref reader);
    }

    private void StartAttribute(ref Utf8JsonReader reader, Open top)
    {
        var at = offset + reader.TokenStartIndex;
        Demand(_values.TryReadTag(ref reader, out var tag) && tag.Group != 0xFFFE, ref reader);
        (_tag, top.Tag, top.Vr, top.Element, top.HasVr, top.HasValue) = (tag, tag, default, null, false, false);
        if (++_count > options.MaxElements) throw new DicomFormatException(new Fault(FaultCode.TooManyElements, tag, at));
        Demand(top.Seen.Add(tag, at, out _), ref reader);
        Demand(reader.Read() && reader.TokenType == JsonTokenType.StartObject, ref reader);
        FindVr(reader, top);
        Demand(tag != CharacterSetTag || top.Vr == DicomVr.CS, ref reader);
    }

    /// <summary>Looks ahead for the VR on a copy of the reader: whoever wrote the JSON chose the order.</summary>
    private void FindVr(Utf8JsonReader ahead, Open top)
    {
        while (ahead.Read() && ahead.TokenType == JsonTokenType.PropertyName)
        {
            var isVr = JsonValueReader.Is(ref ahead, "vr"u8);
            Demand(ahead.Read(), ref ahead);
            if (isVr)
            {
                Demand(_values.TryReadVr(ref ahead, out var vr), ref ahead);
                top.Vr = vr;
                return;
            }
            ahead.Skip();
        }
        throw Malformed(ref ahead); // PS3.18 §F.2.2: vr is required
    }

    /// <returns>Whether the attribute goes on.</returns>
    private bool Property(ref Utf8JsonReader reader, Open top)
    {
        if (reader.TokenType == JsonTokenType.EndObject)
        {
            EndAttribute(ref reader, top);
            return false;
        }
        Demand(!reader.ValueIsEscaped, ref reader); // it may spell one of the four, which must not be passed over
        var (isVr, isValue) = (JsonValueReader.Is(ref reader, "vr"u8), JsonValueReader.Is(ref reader, "Value"u8));
        var (isInline, isUri) = (JsonValueReader.Is(ref reader, "InlineBinary"u8), JsonValueReader.Is(ref reader, "BulkDataURI"u8));
        Demand(reader.Read(), ref reader);
        if (isVr)
        {
            Demand(!top.HasVr, ref reader);
            top.HasVr = true;
            return true;
        }
        if (!isValue && !isInline && !isUri)
        {
            reader.Skip();
            return true;
        }
        Demand(!top.HasValue, ref reader); // §F.2.2: at most one of the three
        top.HasValue = true;
        if (isUri) top.Element = BulkData(ref reader, top);
        else if (isInline) top.Element = new DataElement(top.Tag, top.Vr, Even(_values.ReadInlineBinary(ref reader, top.Tag, top.Vr), ref reader, top));
        else
        {
            Demand(reader.TokenType == JsonTokenType.StartArray, ref reader);
            if (top.Vr == DicomVr.SQ)
            {
                top.Items = [];
                return false;
            }
            top.Element = new DataElement(top.Tag, top.Vr, _values.ReadValues(ref reader, top.Tag, top.Vr));
            foreach (var kind in _values.Findings) Find(kind, top.Tag, reader.TokenStartIndex);
            top.NeedsCharacterSet |= _values.IsBeyondAscii;
        }
        return true;
    }

    /// <returns>Whether the items have ended, and the attribute goes on.</returns>
    private bool Item(ref Utf8JsonReader reader, Open top)
    {
        if (reader.TokenType == JsonTokenType.EndArray)
        {
            top.Element = DataElement.Sequence(top.Tag, top.Items!);
            top.Items = null;
            return true;
        }
        Demand(reader.TokenType == JsonTokenType.StartObject, ref reader);
        if (_open.Count > options.MaxDepth) throw new DicomFormatException(new Fault(FaultCode.NestingTooDeep, top.Tag, offset + reader.TokenStartIndex));
        if (++_count > options.MaxElements) throw new DicomFormatException(new Fault(FaultCode.TooManyElements, top.Tag, offset + reader.TokenStartIndex));
        _open.Push(new Open());
        return false;
    }

    private void EndAttribute(ref Utf8JsonReader reader, Open top)
    {
        _tag = top.Tag;
        if (top.Tag.IsGroupLength || (top.Tag.Group == 2 && _open.Count == 1)) Find(DicomJsonFindingKind.NotOfDataSet, top.Tag, reader.TokenStartIndex);
        else if (top.Element is not null) top.Elements.Add(top.Element);
        else if (!top.HasValue) top.Elements.Add(top.Vr == DicomVr.SQ ? DataElement.Sequence(top.Tag, []) : new DataElement(top.Tag, top.Vr, default));
    }

    private DataElement? BulkData(ref Utf8JsonReader reader, Open top)
    {
        Demand(reader.TokenType == JsonTokenType.String, ref reader);
        var element = options.BulkData?.Invoke(new DicomJsonBulkDataUri(top.Tag, top.Vr, _values.ReadString(ref reader, top.Tag)));
        if (element is null) Find(DicomJsonFindingKind.BulkDataLeftOut, top.Tag, reader.TokenStartIndex);
        else if (element.Tag != top.Tag) throw new InvalidOperationException("Bulk data was given for another element than was asked for.");
        return element;
    }

    private byte[] Even(byte[] value, ref Utf8JsonReader reader, Open top)
    {
        if ((value.Length & 1) == 0) return value;
        Find(DicomJsonFindingKind.MalformedLength, top.Tag, reader.TokenStartIndex);
        return [.. value, 0];
    }

    private DataSet Close(Open closed)
    {
        var dataSet = new DataSet(options.TransferSyntax);
        closed.Elements.Sort(static (left, right) => left.Tag.CompareTo(right.Tag)); // JSON has no order (RFC 8259 §4), a data set has
        var declaration = closed.Elements.FindIndex(static element => element.Tag == CharacterSetTag);
        if (declaration >= 0 ? closed.NeedsCharacterSet || !closed.Elements[declaration].Value.IsEmpty : closed.NeedsCharacterSet && _open.Count == 0)
        {
            if (declaration >= 0) closed.Elements.RemoveAt(declaration);
            var place = closed.Elements.FindIndex(static element => element.Tag > CharacterSetTag);
            closed.Elements.Insert(place < 0 ? closed.Elements.Count : place, DataElement.Text(CharacterSetTag, DicomVr.CS, options.CharacterSet.Terms));
        }
        else if (closed.NeedsCharacterSet && declaration < 0) _open.Peek().NeedsCharacterSet = true; // that of what is around it is in force
        foreach (var element in closed.Elements) dataSet.Append(element);
        return dataSet;
    }

    private void Demand(bool condition, ref Utf8JsonReader reader)
    {
        if (!condition) throw new DicomFormatException(new Fault(FaultCode.MalformedJson, _tag, offset + reader.TokenStartIndex));
    }

    private void Find(DicomJsonFindingKind kind, DicomTag tag, long at) => options.OnFinding?.Invoke(new DicomJsonFinding(kind, tag, offset + at));
}
