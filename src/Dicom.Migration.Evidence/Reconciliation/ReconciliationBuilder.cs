namespace Dicom.Migration.Evidence;

/// <summary>Sums up objects as they are read, in memory that does not grow with their number.</summary>
internal sealed class ReconciliationBuilder
{
    private readonly Breakdown<InstanceState> _states = new(InstanceState.Discovered);
    private readonly Breakdown<EvidenceLevel> _levels = new(EvidenceLevel.L0);
    private readonly Breakdown<FaultCode> _faults = new(FaultCode.None);
    private readonly Breakdown<FaultCode> _remarks = new(FaultCode.None);
    private readonly Breakdown<string> _rules = new("", StringComparer.Ordinal);
    private readonly Breakdown<string> _classes = new("", StringComparer.Ordinal);
    private readonly Breakdown<string> _syntaxes = new("", StringComparer.Ordinal);
    private long _first, _last;

    public void Add(LedgerInstance instance)
    {
        var (current, bytes) = (instance.Current, instance.Current.Length ?? 0);
        _states.Add(current.State, bytes);
        _classes.Add(instance.Identity.SopClassUid ?? "", bytes);
        _syntaxes.Add(instance.Identity.TransferSyntaxUid ?? "", bytes);
        if (current is { State: InstanceState.Verified, Evidence: { } level }) _levels.Add(level, bytes);
        if (current is { State: InstanceState.Verified, Fault: { } remark }) _remarks.Add(remark.Code, bytes);
        if (current is { State: InstanceState.Excepted, Fault: { } fault }) _faults.Add(fault.Code, bytes);
        if (current is { State: InstanceState.Excluded, Rule: { } rule }) _rules.Add(rule, bytes);
        if (_first == 0) _first = instance.Number;
        _last = instance.Number;
    }

    public async Task<Reconciliation> FinishAsync(ILedgerReader ledger, CancellationToken cancellationToken)
    {
        var header = await ledger.ReadHeaderAsync(cancellationToken).ConfigureAwait(false);
        var account = await ledger.ReadAccountAsync(cancellationToken).ConfigureAwait(false);
        var first = await ledger.ReadHistoryAsync(_first, cancellationToken).ConfigureAwait(false);
        var last = await ledger.ReadHistoryAsync(_last, cancellationToken).ConfigureAwait(false);
        return new Reconciliation
        {
            Header = header,
            Account = account,
            FirstFoundAt = first.Count == 0 ? null : first[0].At,
            LastChangeAt = last.Count == 0 ? null : last[^1].At,
            ByState = _states.Lines,
            ByEvidence = _levels.Lines,
            ByFault = _faults.Lines,
            Remarks = _remarks.Lines,
            ByRule = _rules.Lines,
            BySopClass = _classes.Lines,
            ByTransferSyntax = _syntaxes.Lines,
        };
    }
}
