namespace Dicom.Migration.DataSets;

/// <summary>Reads bytes of an open file, wherever it lies.</summary>
/// <param name="into">Receives them; never empty.</param>
/// <param name="offset">Offset of the first one in the file.</param>
/// <returns>How many were read, at least one; 0 at the end of the file.</returns>
public delegate int ReadAt(Span<byte> into, long offset);
