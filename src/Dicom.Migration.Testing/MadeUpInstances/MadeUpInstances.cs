using Dicom.Migration.DataSets;

namespace Dicom.Migration.Testing;

/// <summary>Makes up instances of no real patient: the same seed gives the same bytes on every machine and in every runtime.</summary>
/// <remarks>They are encoded by a writer of their own, which shares nothing with the SDK's: a second opinion on what is read and written.</remarks>
public static class MadeUpInstances
{
    private const ushort Size = 16;
    private static readonly MadeUpKind[] Kinds = Enum.GetValues<MadeUpKind>();
    private static readonly MadeUpEncoding[] Encodings = Enum.GetValues<MadeUpEncoding>();

    /// <summary>Values of Specific Character Set that there is a name for: each defined term of PS3.3 §C.12.1.1.2, alone or with the code extensions it is used with.</summary>
    public static IReadOnlyList<string> CharacterSets { get; } = [.. MadeUpName.All.Select(name => name.Terms)];

    /// <summary>Well-formed instances of all kinds, encodings and character sets, four to a study; the first ones are the same whatever <paramref name="count"/> is.</summary>
    /// <param name="seed">Decides everything.</param>
    /// <param name="count">How many; 0 or more.</param>
    public static IReadOnlyList<MadeUpInstance> Create(long seed, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var instances = new MadeUpInstance[count];
        for (var i = 0; i < count; i++)
        {
            var random = SplitMix.For(seed ^ 0x5EED, i);
            var kind = Kinds[i % Kinds.Length];
            instances[i] = Create(seed, new MadeUpRecipe(kind, Possible(kind, random.Pick(Encodings)))
            {
                CharacterSet = CharacterSets[i / 4 % CharacterSets.Count],
                Sequences = (MadeUpSequences)random.Below(3),
                HasGroupLengths = random.Below(5) == 0,
                HasPrivateBlock = random.Below(3) == 0,
                HasUnknownOfUndefinedLength = random.Below(6) == 0,
                Study = i / 4,
                Series = i % 4 / 2,
            }, i);
        }
        return instances;
    }

    /// <summary>Well-formed instances that show each feature by itself: every kind in every encoding it can have, every character set, every way to end a sequence.</summary>
    /// <param name="seed">Decides everything.</param>
    public static IReadOnlyList<MadeUpInstance> CreateAll(long seed)
    {
        List<MadeUpRecipe> recipes =
        [
            .. from kind in Kinds from encoding in Encodings where Possible(kind, encoding) == encoding select new MadeUpRecipe(kind, encoding),
            .. from terms in CharacterSets.Skip(1) select new MadeUpRecipe(MadeUpKind.StructuredReport) { CharacterSet = terms },
            .. from encoding in Encodings
               from sequences in Enum.GetValues<MadeUpSequences>()
               select new MadeUpRecipe(MadeUpKind.EnhancedMrImage, encoding)
               {
                   Sequences = sequences, HasPrivateBlock = true, HasUnknownOfUndefinedLength = true, HasGroupLengths = sequences != MadeUpSequences.DefinedItems,
               },
        ];
        return [.. recipes.Select((recipe, index) => Create(seed, recipe with { Study = index }, index))];
    }

    /// <summary>One or more instances of each defect, with the fault that each should end in.</summary>
    /// <param name="seed">Decides everything.</param>
    public static IReadOnlyList<MadeUpInstance> CreateDamaged(long seed)
    {
        List<MadeUpRecipe> recipes = [];
        foreach (var defect in Enum.GetValues<MadeUpDefect>().Where(defect => defect != MadeUpDefect.None))
            recipes.AddRange(MadeUpDamage.Encodings(defect).Select(encoding => new MadeUpRecipe(MadeUpKind.CtImage, encoding) { Defect = defect }));
        return [.. recipes.Select((recipe, index) => Create(seed, recipe with { Study = index }, index))];
    }

    /// <summary>One instance of a recipe.</summary>
    /// <param name="seed">Decides everything that the recipe leaves open.</param>
    /// <param name="recipe">What to make up.</param>
    /// <param name="index">Tells instances of the same recipe apart; becomes Instance Number - 1, and the SOP Instance UID is made of it.</param>
    /// <exception cref="ArgumentException">There is no such character set, or the defect does not go with the kind or encoding.</exception>
    public static MadeUpInstance Create(long seed, MadeUpRecipe recipe, int index = 0)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        recipe = recipe with { Encoding = Possible(recipe.Kind, recipe.Encoding) };
        MadeUpDamage.ThrowIfImpossible(recipe);

        var random = SplitMix.For(seed, index);
        var content = new MadeUpContent(seed, index, recipe, random);
        var (sopClass, _, hasPixels) = MadeUpSopClasses.Of(recipe.Kind);
        List<RawElement> elements = [.. content.Common(), .. content.Special()];
        if (hasPixels) elements.AddRange(recipe.Defect == MadeUpDefect.DeflateBomb ? MadeUpDamage.BombHeader() : MadeUpPixels.Make(recipe, random, Size));
        var instanceUid = MadeUpDamage.Edit(elements, recipe.Defect, content.InstanceUid);
        elements.Sort((left, right) => left.Tag.CompareTo(right.Tag));
        if (recipe.HasGroupLengths) elements = MadeUpPart10.WithGroupLengths(elements, recipe.Encoding);

        var (file, dataSetOffset) = MadeUpDamage.File(elements, recipe, sopClass, instanceUid);
        return new MadeUpInstance(recipe, file)
        {
            Name = Name(recipe, index),
            DataSetOffset = dataSetOffset,
            SopClassUid = sopClass,
            SopInstanceUid = instanceUid ?? "",
            SeriesInstanceUid = content.SeriesUid,
            StudyInstanceUid = content.StudyUid,
            TransferSyntax = TransferSyntax.FromUid(MadeUpPart10.TransferSyntaxUid(recipe.Encoding)),
            PatientName = MadeUpName.Of(recipe.CharacterSet).Text,
            ExpectedFault = MadeUpDamage.Fault(recipe.Defect),
        };
    }

    /// <summary>The encoding, or Explicit VR Little Endian where there is no pixel data to compress.</summary>
    private static MadeUpEncoding Possible(MadeUpKind kind, MadeUpEncoding encoding) =>
        encoding >= MadeUpEncoding.Jpeg && (!MadeUpSopClasses.Of(kind).HasPixels || kind == MadeUpKind.Segmentation) ? MadeUpEncoding.ExplicitLittleEndian : encoding;

    private static string Name(MadeUpRecipe recipe, int index)
    {
        List<string> parts = [$"{index:D4}", recipe.Kind.ToString(), recipe.Encoding.ToString()];
        if (recipe.CharacterSet.Length > 0) parts.Add(recipe.CharacterSet.Replace('\\', '+').Replace(' ', '_').TrimStart('+'));
        if (recipe.Sequences != MadeUpSequences.Defined) parts.Add(recipe.Sequences.ToString());
        if (recipe.HasGroupLengths) parts.Add("GroupLengths");
        if (recipe.HasPrivateBlock) parts.Add("Private");
        if (recipe.HasUnknownOfUndefinedLength) parts.Add("Unknown");
        if (recipe.Defect != MadeUpDefect.None) parts.Add(recipe.Defect.ToString());
        return string.Join('-', parts);
    }
}
