namespace Dicom.Migration.FileSystem.Tests;

/// <summary>Tests that measure the process: no other runs at the same time.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public class Alone;
