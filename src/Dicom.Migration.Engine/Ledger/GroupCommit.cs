using System.Threading.Channels;
using Microsoft.Data.Sqlite;

namespace Dicom.Migration.Engine.Ledger;

/// <summary>One writer for many callers: whatever waits when a commit ends goes into the next one, so an fsync is shared, and nobody is kept waiting for company.</summary>
internal sealed class GroupCommit : IAsyncDisposable
{
    private readonly Channel<Request> _queue;
    private readonly LedgerWriter _writer;
    private readonly int _groupLength;
    private readonly Task _loop;
    private LedgerException? _broken;

    public GroupCommit(SqliteConnection connection, TimeProvider time, SqliteLedgerOptions options)
    {
        _writer = new(connection, time);
        _groupLength = options.GroupLength;
        _queue = Channel.CreateBounded<Request>(new BoundedChannelOptions(options.QueueLength) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Commits so far.</summary>
    public long Commits { get; private set; }

    /// <summary>Does something in a transaction of its own or of several callers; when this returns, it is durable.</summary>
    /// <exception cref="LedgerException">It could not be made durable; nothing of it is on record.</exception>
    public async ValueTask<T> DoAsync<T>(Func<LedgerWriter, T> work, CancellationToken cancellationToken)
    {
        var request = new Request<T>(work, cancellationToken);
        try
        {
            await _queue.Writer.WriteAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException e)
        {
            throw new ObjectDisposedException("The ledger is closed.", e);
        }
        return await request.Done.ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _loop.ConfigureAwait(false);
        _writer.Dispose();
    }

    private async Task RunAsync()
    {
        var group = new List<Request>();
        while (await _queue.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            while (group.Count < _groupLength && _queue.Reader.TryRead(out var request))
                if (!request.IsCanceled()) group.Add(request);
            if (group.Count > 0) Commit(group);
            group.Clear();
        }
    }

    private void Commit(List<Request> group)
    {
        try
        {
            if (_broken is not null) throw _broken;
            Run("BEGIN IMMEDIATE");
            foreach (var request in group) Apply(request);
            try
            {
                Run("COMMIT");
                Commits++;
            }
            catch (SqliteException e)
            {
                // After a failed fsync nobody knows what the disk holds, and a second fsync would lie: never go on with this handle.
                if (e.SqliteErrorCode == 10) throw _broken = new LedgerException(new(FaultCode.WriteFailed), "A commit of the ledger failed half-way; look at its disk, and run again: what is durable is found then.", e);
                throw;
            }
        }
        catch (SqliteException e)
        {
            FailAll(group, LedgerFile.Translate(e));
            return;
        }
        catch (Exception e)
        {
            FailAll(group, e);
            return;
        }
        foreach (var request in group) request.Complete();
    }

    // A batch that is refused takes nobody with it; a failure of the file takes the whole group.
    private void Apply(Request request)
    {
        Run("SAVEPOINT batch");
        try
        {
            request.Apply(_writer);
        }
        catch (Exception e) when (e is not SqliteException { SqliteErrorCode: not 19 }) // 19: SQLITE_CONSTRAINT undoes its own statement alone
        {
            _writer.Forget();
            Run("ROLLBACK TO batch");
            request.Refuse(e is SqliteException broken ? LedgerFile.Translate(broken) : e);
        }
        Run("RELEASE batch");
    }

    private void FailAll(List<Request> group, Exception e)
    {
        _writer.Forget();
        try
        {
            Run("ROLLBACK");
        }
        catch (SqliteException) { } // SQLite has rolled back by itself, or never began
        foreach (var request in group) request.Fail(e);
    }

    private void Run(string sql) => _writer.Sql(sql).Run();

    private abstract class Request
    {
        public abstract bool IsCanceled();
        public abstract void Apply(LedgerWriter writer);
        public abstract void Refuse(Exception e);
        public abstract void Fail(Exception e);
        public abstract void Complete();
    }

    private sealed class Request<T>(Func<LedgerWriter, T> work, CancellationToken cancellationToken) : Request
    {
        private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T? _result;
        private Exception? _refused;

        public Task<T> Done => _done.Task;
        public override bool IsCanceled() => cancellationToken.IsCancellationRequested && _done.TrySetCanceled(cancellationToken);
        public override void Apply(LedgerWriter writer) => _result = work(writer);
        public override void Refuse(Exception e) => _refused = e;
        public override void Fail(Exception e) => _done.TrySetException(_refused ?? e);
        public override void Complete()
        {
            if (_refused is { } e) _done.TrySetException(e);
            else _done.TrySetResult(_result!);
        }
    }
}
