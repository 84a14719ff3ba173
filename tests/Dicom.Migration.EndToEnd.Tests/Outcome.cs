namespace Dicom.Migration.EndToEnd.Tests;

/// <summary>How one object ended.</summary>
internal sealed record Outcome(InstanceState State, FaultCode Fault, string? Rule);
