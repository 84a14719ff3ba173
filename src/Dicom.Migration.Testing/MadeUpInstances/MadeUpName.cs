namespace Dicom.Migration.Testing;

/// <summary>Every defined term of Specific Character Set (PS3.3 §C.12.1.1.2) with a made-up name, as text and as bytes.</summary>
/// <remarks>The bytes are written down, not encoded: .NET has no code page for some of them, and code under test is not its own judge.
/// With code extensions the repertoire falls back to the first at every ^ and =, so each component begins with its escape sequence (PS3.5 §6.1.2.5.3).</remarks>
/// <param name="Terms">Value of (0008,0005).</param> <param name="Text">The name as Unicode.</param> <param name="Hex">The name as bytes.</param>
internal sealed record MadeUpName(string Terms, string Text, string Hex)
{
    public byte[] Bytes => Convert.FromHexString(Hex);

    public static IReadOnlyList<MadeUpName> All { get; } =
    [
        new("", "Example^Alex", "4578616D706C655E416C6578"),
        new("ISO_IR 100", "Müller^Jürgen", "4DFC6C6C65725E4AFC7267656E"),
        new("ISO_IR 101", "Černý^Łukasz", "C865726EFD5EA3756B61737A"),
        new("ISO_IR 109", "Ħażan^Ġorġ", "A161BF616E5ED56F72F5"),
        new("ISO_IR 110", "Bērziņš^Ņina", "42BA727A69F1B95ED1696E61"),
        new("ISO_IR 203", "Œuvrard^Žoë", "BC7576726172645EB46FEB"),
        new("ISO_IR 144", "Иванов^Пётр", "B8D2D0DDDED25EBFF1E2E0"),
        new("ISO_IR 127", "سالم^نور", "D3C7E4E55EE6E8D1"),
        new("ISO_IR 126", "Νικου^Άννα", "CDE9EAEFF55EB6EDEDE1"),
        new("ISO_IR 138", "לוי^דוד", "ECE5E95EE3E5E3"),
        new("ISO_IR 148", "Şahin^Işıl", "DE6168696E5E49FEFD6C"),
        new("ISO_IR 13", "ﾀﾅｶ^ﾊﾅｺ", "C0C5B65ECAC5BA"),
        new("ISO_IR 166", "สมชาย^ใจดี", "CAC1AAD2C25EE3A8B4D5"),
        new("ISO_IR 192", "Wang^Xiao=王^小東=𠮷^é", "57616E675E5869616F3DE78E8B5EE5B08FE69DB13DF0A0AEB75EC3A9"),
        new("GB18030", "Wang^Xiao=王^小东𠮷", "57616E675E5869616F3DCDF55ED0A1B6AB9534B235"),
        new("GBK", "Cheng^Xiao=誠^小东", "4368656E675E5869616F3DD55C5ED0A1B6AB"),
        new("\\ISO 2022 IR 100", "Müller^Jürgen", "1B2D414DFC6C6C65725E1B2D414AFC7267656E"),
        new("\\ISO 2022 IR 101", "Černý^Łukasz", "1B2D42C865726EFD5E1B2D42A3756B61737A"),
        new("\\ISO 2022 IR 109", "Ħażan^Ġorġ", "1B2D43A161BF616E5E1B2D43D56F72F5"),
        new("\\ISO 2022 IR 110", "Bērziņš^Ņina", "1B2D4442BA727A69F1B95E1B2D44D1696E61"),
        new("\\ISO 2022 IR 203", "Œuvrard^Žoë", "1B2D62BC7576726172645E1B2D62B46FEB"),
        new("\\ISO 2022 IR 144", "Иванов^Пётр", "1B2D4CB8D2D0DDDED25E1B2D4CBFF1E2E0"),
        new("\\ISO 2022 IR 127", "سالم^نور", "1B2D47D3C7E4E55E1B2D47E6E8D1"),
        new("\\ISO 2022 IR 126", "Νικου^Άννα", "1B2D46CDE9EAEFF55E1B2D46B6EDEDE1"),
        new("\\ISO 2022 IR 138", "לוי^דוד", "1B2D48ECE5E95E1B2D48E3E5E3"),
        new("\\ISO 2022 IR 148", "Şahin^Işıl", "1B2D4DDE6168696E5E1B2D4D49FEFD6C"),
        new("\\ISO 2022 IR 13", "ﾀﾅｶ^ﾊﾅｺ", "1B2949C0C5B65E1B2949CAC5BA"),
        new("\\ISO 2022 IR 166", "สมชาย^ใจดี", "1B2D54CAC1AAD2C25E1B2D54E3A8B4D5"),
        new("ISO 2022 IR 6\\ISO 2022 IR 100", "Müller^Jürgen", "1B2D414DFC6C6C65725E1B2D414AFC7267656E"),
        new("\\ISO 2022 IR 87", "Sato^Hana=佐藤^花", "5361746F5E48616E613D1B24423A3446231B28425E1B244232561B2842"),
        new("\\ISO 2022 IR 87\\ISO 2022 IR 159", "Sato^Hana=佐藤^丂", "5361746F5E48616E613D1B24423A3446231B28425E1B24284430211B2842"),
        new("ISO 2022 IR 13\\ISO 2022 IR 87", "ﾀﾅｶ^ﾊﾅｺ=田中^花子", "C0C5B65ECAC5BA3D1B2442454443661B284A5E1B244232563B521B284A"),
        new("\\ISO 2022 IR 149", "Kim^Cheolsu=김^철수", "4B696D5E4368656F6C73753D1B242943B1E85E1B242943C3B6BCF6"),
        new("\\ISO 2022 IR 58", "Wang^Xiao=王^小东", "57616E675E5869616F3D1B242941CDF55E1B242941D0A1B6AB"),
    ];

    public static MadeUpName Of(string terms) => All.FirstOrDefault(name => string.Equals(name.Terms, terms, StringComparison.Ordinal))
        ?? throw new ArgumentException($"No made-up name for the character set '{terms}'; see {nameof(MadeUpInstances)}.{nameof(MadeUpInstances.CharacterSets)}.", nameof(terms));
}
