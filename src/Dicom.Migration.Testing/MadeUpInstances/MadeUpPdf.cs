namespace Dicom.Migration.Testing;

/// <summary>The smallest PDF of one empty page that viewers open.</summary>
internal static class MadeUpPdf
{
    public static byte[] Bytes { get; } = [.. """
        %PDF-1.4
        1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj
        2 0 obj <</Type /Pages /Kids [3 0 R] /Count 1>> endobj
        3 0 obj <</Type /Page /Parent 2 0 R /MediaBox [0 0 200 200]>> endobj
        trailer <</Root 1 0 R>>
        %%EOF

        """u8];
}
