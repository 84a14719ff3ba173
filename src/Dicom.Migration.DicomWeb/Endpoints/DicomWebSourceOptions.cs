using Microsoft.Extensions.Options;

namespace Dicom.Migration.DicomWeb;

/// <summary>How a DICOMweb archive is read.</summary>
public sealed class DicomWebSourceOptions : DicomWebEndpointOptions
{
    /// <summary>Whether studies are listed a second time by their dates, since servers cap a query without saying so. Default <see langword="true"/>.</summary>
    public bool ListsByDateToo { get; set; } = true;
}

/// <summary>Checks <see cref="DicomWebSourceOptions"/> when the host starts.</summary>
[OptionsValidator]
public sealed partial class DicomWebSourceOptionsValidator : IValidateOptions<DicomWebSourceOptions>;
