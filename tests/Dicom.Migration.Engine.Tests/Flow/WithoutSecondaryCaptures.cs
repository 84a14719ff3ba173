using System.Buffers;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Engine.Tests.Flow;

/// <summary>Leaves out secondary captures.</summary>
public sealed class WithoutSecondaryCaptures : IMigrationRule
{
    public string Id => "without-secondary-captures";

    public ValueTask<RuleVerdict> JudgeAsync(RuleSubject subject, CancellationToken cancellationToken)
    {
        var header = DataSet.Read(subject.Header.ToArray(), subject.TransferSyntax);
        var sopClassUid = header.GetString(new DicomTag(0x0008, 0x0016));
        return new(sopClassUid == "1.2.840.10008.5.1.4.1.1.7" ? RuleVerdict.Exclude(Id) : RuleVerdict.Accept);
    }
}
