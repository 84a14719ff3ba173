namespace Dicom.Migration;

/// <summary>Base of every exception this SDK throws on purpose: code decides by <see cref="Fault"/>, people read the message.</summary>
public abstract class MigrationException : Exception
{
    /// <summary>Makes one whose message is the fault, or <paramref name="detail"/> and the fault.</summary>
    /// <param name="fault">What went wrong.</param>
    /// <param name="detail">Says what, where and what to do; holds no value of a data set and no text that a peer sent.</param>
    /// <param name="inner">The cause, if another exception is.</param>
    protected MigrationException(Fault fault, string? detail = null, Exception? inner = null)
        : base(detail is null ? fault.ToString() : $"{detail} [{fault}]", inner) => Fault = fault;

    /// <summary>What went wrong, for code.</summary>
    public Fault Fault { get; }
}
