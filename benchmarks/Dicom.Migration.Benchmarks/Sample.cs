using Dicom.Migration.DataSets;
using Dicom.Migration.Testing;

namespace Dicom.Migration.Benchmarks;

/// <summary>A made-up data set in Explicit VR Little Endian: a header with sequences and 512 KiB of pixel data.</summary>
internal sealed class Sample
{
    public Sample()
    {
        var made = MadeUpInstances.CreateAll(1).First(static i => i.TransferSyntax == TransferSyntax.ExplicitVrLittleEndian);
        var dataSet = DataSet.Read(made.Bytes[made.DataSetOffset..], made.TransferSyntax);
        dataSet.Set(new DataElement(new DicomTag(0x7FE0, 0x0010), DicomVr.OW, new byte[512 * 1024]));
        Bytes = dataSet.ToArray();
        DataSet = DataSet.Read(Bytes, Syntax);
        Elements = dataSet.Count;
    }

    public TransferSyntax Syntax { get; } = TransferSyntax.ExplicitVrLittleEndian;
    public byte[] Bytes { get; }
    public DataSet DataSet { get; }
    public int Elements { get; }
}
