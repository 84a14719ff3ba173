using System.Globalization;

namespace Dicom.Migration.DicomWeb;

/// <summary>Days, or seconds of one day, that studies are from.</summary>
/// <param name="First">First day.</param> <param name="Last">Last day.</param>
/// <param name="From">First second of the day; 0 where there are more days.</param> <param name="To">Last second of it; 86,399 likewise.</param>
internal readonly record struct StudySpan(DateOnly First, DateOnly Last, int From = 0, int To = StudySpan.LastSecond)
{
    private const int LastSecond = 86_399;

    /// <summary>Whether it is less than a day.</summary>
    public bool HasTimes => From > 0 || To < LastSecond;
    /// <summary>Whether a Study Date is one of its days.</summary>
    public bool Holds(string? date) => DateOnly.TryParseExact(date, "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) && day >= First && day <= Last;
    public bool CanBeHalved => First < Last || From < To;
    // PS3.18 §8.3.4.1, PS3.4 §C.2.2.2.5: a range, both ends included.
    public string Dates => string.Create(CultureInfo.InvariantCulture, $"{First:yyyyMMdd}-{Last:yyyyMMdd}");
    // Up to the last fraction of the second: 10:00:00.5 lies behind 10:00:00.
    public string Times => Time(From) + "-" + Time(To) + ".999999";

    public (StudySpan Early, StudySpan Late) Halves()
    {
        if (First < Last)
        {
            var middle = First.AddDays((Last.DayNumber - First.DayNumber) / 2);
            return (this with { Last = middle }, this with { First = middle.AddDays(1) });
        }

        var second = From + ((To - From) / 2);
        return (this with { To = second }, this with { From = second + 1 });
    }

    private static string Time(int second) => string.Create(CultureInfo.InvariantCulture, $"{second / 3_600:00}{second / 60 % 60:00}{second % 60:00}");
}
