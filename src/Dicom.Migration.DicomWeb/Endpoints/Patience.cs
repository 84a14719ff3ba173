namespace Dicom.Migration.DicomWeb;

/// <summary>Asks again where that may help, before a peer is said to be gone: whoever is told so ends its run.</summary>
internal static class Patience
{
    // Some 20 s in all: a server that is started anew. One that is busy shuts its gate, and is waited for there as well.
    private static readonly TimeSpan[] Pauses = [TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(16)];

    /// <param name="ask">A question that can be asked twice.</param> <param name="time">The clock.</param> <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DicomWebException">It failed each time, or so that asking again does not help.</exception>
    public static async Task<T> AskAsync<T>(Func<Task<T>> ask, TimeProvider time, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            try { return await ask().ConfigureAwait(false); }
            catch (DicomWebException e) when (e.Fault.IsTransient && attempt < Pauses.Length) { }
            await Task.Delay(Pauses[attempt], time, cancellationToken).ConfigureAwait(false);
        }
    }
}
