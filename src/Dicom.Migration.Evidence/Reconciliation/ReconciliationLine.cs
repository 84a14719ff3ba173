namespace Dicom.Migration.Evidence;

/// <summary>All objects that have one thing in common.</summary>
/// <typeparam name="T">What it is: a state, a level, a code, a rule, a UID.</typeparam>
/// <param name="Key">The thing.</param>
/// <param name="Objects">How many they are.</param>
/// <param name="Bytes">Their encoded data sets together, as far as their sizes are known.</param>
public sealed record ReconciliationLine<T>(T Key, long Objects, long Bytes);
