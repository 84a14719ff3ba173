namespace Dicom.Migration;

/// <summary>Looks at each instance between source and target and says what becomes of it. Used by many lanes at once.</summary>
public interface IMigrationRule
{
    /// <summary>Names the rule in plans, reports and the ledger; stable, such as <c>exclude-secondary-capture</c>.</summary>
    public string Id { get; }

    /// <summary>Judges one instance. The same subject always gets the same verdict: a resumed run asks again.</summary>
    /// <param name="subject">Valid during the call only.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public ValueTask<RuleVerdict> JudgeAsync(RuleSubject subject, CancellationToken cancellationToken);
}
