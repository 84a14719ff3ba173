using System.Globalization;

namespace ConsoleHost;

/// <summary>The end of a peer's certificate, in days from now: behind it nothing is moved any more. From 30 days on it is a warning.</summary>
internal static class CertificateEnd
{
    private const int Soon = 30, ThisWeek = 7, Now = 1; // in days

    public static string? Date(DateTimeOffset? end) => end?.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    public static int? Days(DateTimeOffset? end) => end is { } at ? (int)Math.Floor((at - TimeProvider.System.GetUtcNow()).TotalDays) : null;

    public static string Of(DateTimeOffset end) => string.Create(CultureInfo.InvariantCulture, $"{Date(end)}, in {Days(end)} days{Days(end) switch
    {
        <= Now => ": it has to be renewed NOW", <= ThisWeek => ": it has to be renewed this week", <= Soon => ": it has to be renewed soon", _ => "",
    }}");
}
