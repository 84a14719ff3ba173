namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>The same of handlers, and of callers with their answers, that run on the thread that reads the association.</summary>
public sealed class InlineAssociationTests : AssociationTests
{
    protected override bool IsInline => true;
}
