namespace Dicom.Migration.Dimse;

/// <summary>The C-MOVE that a C-STORE belongs to (PS3.7 §9.1.1.1).</summary>
/// <param name="AeTitle">Who asked for it.</param>
/// <param name="MessageId">Its message ID.</param>
public readonly record struct MoveOriginator(string AeTitle, ushort MessageId);
