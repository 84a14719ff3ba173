namespace Dicom.Migration.Dimse;

/// <summary>An address that names no archive (<see cref="FaultCode.InvalidConfiguration"/>).</summary>
/// <param name="why">What is wrong and what to write instead, without a full stop.</param>
public sealed class DimseEndpointException(string why) : MigrationException(new Fault(FaultCode.InvalidConfiguration), $"The address of a DIMSE archive cannot be used: {why}.");
