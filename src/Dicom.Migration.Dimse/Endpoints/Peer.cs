using System.Net;
using System.Net.Sockets;

namespace Dicom.Migration.Dimse;

/// <summary>An archive as its options describe it: makes associations, and listens.</summary>
internal sealed class Peer(DimsePeerOptions options, TimeProvider time)
{
    public DimsePeerOptions Options => options;
    public TimeProvider Time => time;
    private bool RequiresEventReportRole => options is DimseTargetOptions { RequiresEventReportRole: true };
    public string Address => FormattableString.Invariant($"{(options.Security is DimseTls ? "dimses" : "dimse")}://{options.CalledAeTitle}@{options.Host}:{options.Port}");

    /// <summary>Makes an association.</summary>
    /// <param name="contexts">1 to 128.</param> <param name="handler">Performs what the archive asks for in turn.</param>
    /// <param name="window">Operations window to ask for.</param> <param name="silence">Longest silence; <see langword="null"/> for the option.</param>
    /// <param name="firstMessageId">Message ID of its first request.</param> <param name="runsCallerInline">Whether who waits for an answer goes on where it is read.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<DimseAssociation> ConnectAsync(IReadOnlyList<ContextProposal> contexts, CancellationToken cancellationToken, IDimseHandler? handler = null, int window = 1,
        TimeSpan? silence = null, ushort firstMessageId = 1, bool runsCallerInline = false) =>
        DimseAssociation.ConnectAsync(options.Host, options.Port, options.CalledAeTitle, contexts, new DimseClientOptions
        {
            Security = options.Security!, AeTitle = options.CallingAeTitle, MaxPduLength = options.MaxPduLength, ArtimTimeout = options.ArtimTimeout,
            IdleTimeout = silence ?? options.IdleTimeout, MinimumRate = options.MinimumRate, QueryTimeout = options.QueryTimeout, OperationsWindow = window, FirstMessageId = firstMessageId,
            MaxDataSetLength = options.MaxDataSetLength, MaxResponseLength = options.MaxResponseLength, MaxMatches = options.MaxMatches, RunsCallerInline = runsCallerInline, RequiresEventReportRole = RequiresEventReportRole,
            AcceptsOtherSopClasses = true, // what was asked for is known
        }, time, handler, cancellationToken);

    /// <summary>Listens for what the archive sends over associations of its own.</summary>
    /// <exception cref="AssociationException">The port is taken.</exception>
    public DimseListener Listen(IDimseHandler handler)
    {
        try
        {
            return new DimseListener(new DimseListenerOptions
            {
                EndPoint = new IPEndPoint(IPAddress.Parse(options.ListenAddress), options.ListenPort), Security = options.Security!, AeTitle = options.CallingAeTitle,
                MaxPduLength = options.MaxPduLength, ArtimTimeout = options.ArtimTimeout, IdleTimeout = options.IdleTimeout, MinimumRate = options.MinimumRate, OperationsWindow = 1,
                MaxDataSetLength = options.MaxDataSetLength, RequiresEventReportRole = RequiresEventReportRole, AcceptsOtherSopClasses = true,
            }, handler, time);
        }
        catch (SocketException e)
        {
            throw new AssociationException(new Fault(FaultCode.InvalidConfiguration), $"{nameof(DimsePeerOptions.ListenPort)} {options.ListenPort} cannot be listened on: it is taken (by another endpoint of this process, or another program), or needs a right. Choose another and tell the archive.", e);
        }
    }
}
