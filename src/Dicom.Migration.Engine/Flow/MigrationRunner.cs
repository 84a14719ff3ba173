using System.Security.Cryptography;
using System.Text;
using Dicom.Migration.Engine.Ledger;

namespace Dicom.Migration.Engine;

/// <summary>Runs one migration with a SQLite ledger: opens it, makes sure that nobody else runs it, moves what is not done yet, and closes it again.</summary>
/// <remarks>One at a time: a lock on a file beside the ledger, which the kernel gives back however a process ends, and a lease with a fencing
/// epoch in the ledger itself. A run that was killed can be started again at once.</remarks>
/// <param name="source">Where the objects are.</param>
/// <param name="target">Where they go.</param>
/// <param name="ledgerPath">The ledger's file, on a local volume.</param>
/// <param name="options">The limits.</param>
/// <param name="rules">Judge each object, in this order.</param>
/// <param name="time">The clock.</param>
public sealed class MigrationRunner(IMigrationSource source, IMigrationTarget target, string ledgerPath, MigrationRunOptions options, IReadOnlyList<IMigrationRule> rules, TimeProvider time)
{
    /// <summary>Full path of the ledger's file.</summary>
    public string LedgerPath { get; } = Path.GetFullPath(ledgerPath);

    /// <summary>Goes on where the ledger says, and returns the account.</summary>
    /// <param name="progress">Told after every group.</param>
    /// <param name="cancellationToken">Drains: nothing new is begun, what is in flight is brought to its end.</param>
    /// <exception cref="LedgerException">The ledger cannot be used, belongs to other archives, or is in use.</exception>
    /// <exception cref="MigrationException">The run cannot go on; what is done is on record.</exception>
    public async Task<LedgerAccount> RunAsync(IProgress<MigrationProgress>? progress, CancellationToken cancellationToken)
    {
        using var alone = Lock(LedgerPath + ".lock");
        var ledger = await SqliteLedger.OpenAsync(LedgerPath, Identity(), time, cancellationToken: CancellationToken.None).ConfigureAwait(false);
        await using var open = ledger.ConfigureAwait(false);
        // Whoever has the lock may take over the lease that a killed run of this machine left behind.
        var lease = await ledger.AcquireLeaseAsync($"{Environment.MachineName}:{LedgerPath}", options.LeaseDuration, CancellationToken.None).ConfigureAwait(false);
        LedgerAccount account;
        try
        {
            var run = new MigrationRun(source, target, ledger, new SqliteWorkCoordinator(ledger, lease, time), options, rules, time);
            account = await run.RunAsync(lease, progress, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            try { await ledger.ReleaseAsync(lease, CancellationToken.None).ConfigureAwait(false); }
            catch (LedgerException) { } // what ended the run is told, and not what came of it; the next run of this machine takes the lease over
            throw;
        }
        await ledger.ReleaseAsync(lease, CancellationToken.None).ConfigureAwait(false);
        return account;
    }

    private LedgerIdentity Identity()
    {
        var id = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{source.Address}\n{target.Address}")))[..16];
        return new LedgerIdentity(id, source.Address, target.Address);
    }

    private static FileStream Lock(string path)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new LedgerException(new Fault(FaultCode.LedgerUnusable), "The folder of the ledger may not be written; name a ledger file elsewhere.", e);
        }
        catch (IOException e)
        {
            // EAGAIN of Linux and of macOS, ERROR_SHARING_VIOLATION: all else is no other run, but the disk.
            throw e.HResult is 11 or 35 or unchecked((int)0x80070020)
                ? new LedgerException(new Fault(FaultCode.LeaseLost), "Another run uses this ledger; wait for its end, or stop it.", e)
                : new LedgerException(new Fault(FaultCode.LedgerUnusable), "The folder of the ledger cannot be made or written; name a ledger file elsewhere.", e);
        }
    }
}
