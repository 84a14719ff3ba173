namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>The same of a listener whose handlers run on the thread that reads the association.</summary>
public sealed class InlineAssociationTests : AssociationTests
{
    protected override bool IsInline => true;
}
