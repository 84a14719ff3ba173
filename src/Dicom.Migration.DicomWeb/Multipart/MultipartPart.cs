using System.IO.Pipelines;

namespace Dicom.Migration.DicomWeb.Multipart;

/// <summary>One part of a multipart body.</summary>
public sealed class MultipartPart : IAsyncDisposable
{
    internal MultipartPart(MultipartHeaders headers, PipeReader body) => (Headers, Body) = (headers, body);

    /// <summary>Its header fields.</summary>
    public MultipartHeaders Headers { get; }

    /// <summary>Its content. Throws a <see cref="DicomWebException"/> if the input ends before the part does: an end without one is the end of the part.</summary>
    public PipeReader Body { get; }

    /// <summary>Completes the body, so that the next part can be read.</summary>
    public ValueTask DisposeAsync() => Body.CompleteAsync();
}
