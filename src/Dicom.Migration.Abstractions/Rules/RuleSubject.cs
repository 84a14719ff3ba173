using System.Buffers;
using Dicom.Migration.DataSets;

namespace Dicom.Migration;

/// <summary>What a rule sees of an instance.</summary>
public sealed class RuleSubject
{
    /// <summary>Name of the source.</summary>
    public required string Source { get; init; }
    /// <summary>The unit it was read from.</summary>
    public required SourceUnit Unit { get; init; }
    /// <summary>How <see cref="Header"/> is encoded; of a deflated object, as it is inside (PS3.5 §A.5).</summary>
    public required TransferSyntax TransferSyntax { get; init; }
    /// <summary>The encoded data set up to its bulk data.</summary>
    public required ReadOnlySequence<byte> Header { get; init; }
}
