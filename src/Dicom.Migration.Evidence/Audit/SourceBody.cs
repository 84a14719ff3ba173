using System.IO.Pipelines;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Evidence;

/// <summary>Finds an object at its source again, by its digest: the UID alone is no key.</summary>
internal static class SourceBody
{
    /// <summary>Lends the body whose digest is <paramref name="digest"/>; reads the unit twice, so that no body is ever held.</summary>
    /// <returns>What <paramref name="use"/> makes of it, or <see langword="null"/> if the source no longer has it.</returns>
    public static async Task<T?> LendAsync<T>(
        IMigrationSource source, SourceUnit unit, LedgerDigest digest, Func<PipeReader, TransferSyntax, Task<T>> use, CancellationToken cancellationToken) where T : class
    {
        try
        {
            if (await FindAsync(source, unit, digest, cancellationToken).ConfigureAwait(false) is not { } place) return null;
            var at = 0;
            await foreach (var item in source.ReadAsync(unit, cancellationToken).ConfigureAwait(false))
            {
                await using (item.ConfigureAwait(false))
                {
                    if (item is SourceInstance instance && at++ == place)
                        return await use(instance.Body, instance.TransferSyntax ?? TransferSyntax.ImplicitVrLittleEndian).ConfigureAwait(false); // PS3.10 §7.1: DICOM's default
                }
            }
            return null;
        }
        catch (Exception e) when (e is IOException or (MigrationException and not (TargetUnavailableException or LedgerException)))
        {
            return null; // without the source a difference stays unexplained
        }
    }

    private static async Task<int?> FindAsync(IMigrationSource source, SourceUnit unit, LedgerDigest digest, CancellationToken cancellationToken)
    {
        var at = 0;
        await foreach (var item in source.ReadAsync(unit, cancellationToken).ConfigureAwait(false))
        {
            await using (item.ConfigureAwait(false))
            {
                if (item is not SourceInstance instance) continue;
                using var body = new DigestedBody(instance.Body);
                if (await body.FinishAsync(cancellationToken).ConfigureAwait(false) == digest) return at;
                at++;
            }
        }
        return null;
    }
}
