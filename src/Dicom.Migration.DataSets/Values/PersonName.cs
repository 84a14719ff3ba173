namespace Dicom.Migration.DataSets;

/// <summary>One component group of a person's name (PS3.5 §6.2.1.1); what is not there is empty.</summary>
/// <param name="Family">Family name complex.</param>
/// <param name="Given">Given name complex.</param>
/// <param name="Middle">Middle name.</param>
/// <param name="Prefix">Name prefix.</param>
/// <param name="Suffix">Name suffix.</param>
public readonly record struct PersonNameGroup(string Family, string Given, string Middle, string Prefix, string Suffix)
{
    internal static PersonNameGroup Parse(string group)
    {
        var parts = group.Split('^');
        return new(Part(0), Part(1), Part(2), Part(3), Part(4));
        string Part(int index) => index < parts.Length ? parts[index].Trim(' ') : "";
    }
}

/// <summary>A person's name, PN (PS3.5 §6.2.1).</summary>
/// <param name="Text">As it stands, without padding: nothing of it is lost, whatever its form.</param>
/// <param name="Alphabetic">First group, in characters of one byte.</param>
/// <param name="Ideographic">Second group.</param>
/// <param name="Phonetic">Third group.</param>
public sealed record PersonName(string Text, PersonNameGroup Alphabetic, PersonNameGroup Ideographic, PersonNameGroup Phonetic)
{
    /// <summary>Takes a name apart; components beyond the fifth and groups beyond the third are in <see cref="Text"/> alone.</summary>
    /// <param name="text">Decoded.</param>
    public static PersonName Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var groups = text.Split('=');
        return new(text, Group(0), Group(1), Group(2));
        PersonNameGroup Group(int index) => PersonNameGroup.Parse(index < groups.Length ? groups[index] : "");
    }

    /// <summary>Nothing: names are patient data and stay out of messages.</summary>
    public override string ToString() => nameof(PersonName);
}
