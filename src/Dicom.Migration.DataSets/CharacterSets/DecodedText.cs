namespace Dicom.Migration.DataSets;

/// <summary>Text and what was wrong with its bytes.</summary>
/// <param name="Text">Text, padding included. Values are parted by backslashes where the VR has many.</param>
/// <param name="Problems">What was wrong.</param>
public readonly record struct DecodedText(string Text, TextProblems Problems);
