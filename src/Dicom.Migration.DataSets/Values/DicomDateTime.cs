using System.Globalization;

namespace Dicom.Migration.DataSets;

/// <summary>How much of a DT or TM is given.</summary>
public enum DateTimePrecision
{
    /// <summary>Year alone.</summary>
    Year,
    /// <summary>Up to the month.</summary>
    Month,
    /// <summary>Up to the day.</summary>
    Day,
    /// <summary>Up to the hour.</summary>
    Hour,
    /// <summary>Up to the minute.</summary>
    Minute,
    /// <summary>Up to the second.</summary>
    Second,
    /// <summary>With a fraction of a second.</summary>
    Fraction,
}

/// <summary>A date and time, DT (PS3.5 §6.2).</summary>
/// <param name="Local">As given; what is not given is the first month, the first day, or zero.</param>
/// <param name="Offset">From UTC, if given; else Timezone Offset From UTC (0008,0201) tells, if anything.</param>
/// <param name="Precision">How much is given.</param>
public readonly record struct DicomDateTime(DateTime Local, TimeSpan? Offset, DateTimePrecision Precision)
{
    /// <summary>Reads DA: YYYYMMDD, or YYYY.MM.DD as before DICOM 3.0.</summary>
    /// <param name="text">Without padding.</param>
    /// <param name="date">The date.</param>
    public static bool TryParseDate(ReadOnlySpan<char> text, out DateOnly date) =>
        DateOnly.TryParseExact(text, "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out date)
        || DateOnly.TryParseExact(text, "yyyy.MM.dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out date);

    /// <summary>Reads TM: HH, HHMM, HHMMSS or HHMMSS.F to .FFFFFF, or HH:MM:SS as before DICOM 3.0. A leap second is refused.</summary>
    /// <param name="text">Without padding.</param>
    /// <param name="time">The time.</param>
    public static bool TryParseTime(ReadOnlySpan<char> text, out TimeOnly time)
    {
        time = default;
        Span<char> compact = stackalloc char[6];
        if (text.Length >= 8 && text[2] == ':' && text[5] == ':')
        {
            Span<char> rewritten = stackalloc char[13];
            if (text.Length > 15) return false;
            text[..2].CopyTo(compact);
            text[3..5].CopyTo(compact[2..]);
            text[6..8].CopyTo(compact[4..]);
            compact.CopyTo(rewritten);
            text[8..].CopyTo(rewritten[6..]);
            return TryParseDigits(rewritten[..(text.Length - 2)], out time, out _);
        }

        return TryParseDigits(text, out time, out _);
    }

    /// <summary>Reads DT: YYYY, and as much of MMDDHHMMSS.FFFFFF&amp;ZZXX as is given.</summary>
    /// <param name="text">Without padding.</param>
    /// <param name="value">The date and time.</param>
    public static bool TryParse(ReadOnlySpan<char> text, out DicomDateTime value)
    {
        value = default;
        TimeSpan? offset = null;
        var sign = text.IndexOfAny('+', '-');
        if (sign >= 0)
        {
            var zone = text[(sign + 1)..];
            if (zone.Length != 4 || !TryTwo(zone, 0, 23, out var hours) || !TryTwo(zone[2..], 0, 59, out var minutes)) return false;
            offset = new TimeSpan(hours, minutes, 0) * (text[sign] == '-' ? -1 : 1);
            if (offset < TimeSpan.FromHours(-14) || offset > TimeSpan.FromHours(14)) return false;
            text = text[..sign];
        }

        if (text.Length < 4 || !TryTwo(text, 0, 99, out var century) || !TryTwo(text[2..], 0, 99, out var yearOfCentury)) return false;
        var (year, month, day, precision) = ((century * 100) + yearOfCentury, 1, 1, DateTimePrecision.Year);
        if (year == 0) return false;
        if (text.Length > 4)
        {
            if (!TryTwo(text[4..], 1, 12, out month)) return false;
            precision = DateTimePrecision.Month;
        }

        if (text.Length > 6)
        {
            if (!TryTwo(text[6..], 1, DateTime.DaysInMonth(year, month), out day)) return false;
            precision = DateTimePrecision.Day;
        }

        var time = TimeOnly.MinValue;
        if (text.Length > 8 && !TryParseDigits(text[8..], out time, out precision)) return false;
        value = new DicomDateTime(new DateTime(new DateOnly(year, month, day), time), offset, precision);
        return true;
    }

    private static bool TryParseDigits(ReadOnlySpan<char> text, out TimeOnly time, out DateTimePrecision precision)
    {
        (time, precision) = (default, DateTimePrecision.Hour);
        if (!TryTwo(text, 0, 23, out var hour)) return false;
        var (minute, second, ticks) = (0, 0, 0L);
        if (text.Length > 2)
        {
            if (!TryTwo(text[2..], 0, 59, out minute)) return false;
            precision = DateTimePrecision.Minute;
        }

        if (text.Length > 4)
        {
            if (!TryTwo(text[4..], 0, 59, out second)) return false;
            precision = DateTimePrecision.Second;
        }

        if (text.Length > 6)
        {
            var fraction = text[7..];
            if (text[6] != '.' || fraction.Length is < 1 or > 6 || !int.TryParse(fraction, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return false;
            ticks = number * (long)Math.Pow(10, 7 - fraction.Length);
            precision = DateTimePrecision.Fraction;
        }

        time = new TimeOnly(new TimeSpan(hour, minute, second).Ticks + ticks);
        return true;
    }

    private static bool TryTwo(ReadOnlySpan<char> text, int least, int most, out int number)
    {
        number = 0;
        if (text.Length < 2 || !char.IsAsciiDigit(text[0]) || !char.IsAsciiDigit(text[1])) return false;
        number = ((text[0] - '0') * 10) + text[1] - '0';
        return number >= least && number <= most;
    }
}
