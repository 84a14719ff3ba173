namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>The same between two sides whose handlers run on the threads that read the association.</summary>
public sealed class InlineServiceTests : ServiceTests
{
    protected override bool IsInline => true;
}
