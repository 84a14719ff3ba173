using System.Security.Cryptography.X509Certificates;

namespace Dicom.Migration.Dimse;

/// <summary>A connection, and who is at its other end.</summary>
/// <param name="Stream">To read and write.</param>
/// <param name="Certificate">The certificate that the peer proved to have.</param>
internal readonly record struct ProtectedStream(Stream Stream, X509Certificate2? Certificate);
