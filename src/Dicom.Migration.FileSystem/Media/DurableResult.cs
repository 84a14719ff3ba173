namespace Dicom.Migration.FileSystem.Media;

/// <summary>How a file of a batch ended.</summary>
internal sealed record DurableResult(StoreDisposition Disposition, string? Location, Fault? Fault);
