using Dicom.Migration.Dimse.UpperLayer;

namespace Dicom.Migration.Dimse.Tests.UpperLayer;

/// <summary>A connection may be closed while something is sent over it.</summary>
public sealed class DeadlineTests
{
    [Fact]
    public async Task One_that_is_disposed_while_it_is_started_is_disposed_and_nothing_else()
    {
        for (var i = 0; i < 3_000; i++)
        {
            var deadline = new Deadline(TimeSpan.FromMinutes(1), TimeProvider.System);
            deadline.Start();
            using var both = new Barrier(2);
            var starting = Task.Run(() =>
            {
                both.SignalAndWait();
                for (var n = 0; n < 10; n++) deadline.Start();
            });
            both.SignalAndWait();
            deadline.Dispose();
            try
            {
                await starting;
            }
            catch (ObjectDisposedException)
            {
                // as it should be
            }

            Assert.Throws<ObjectDisposedException>(() => deadline.Start());
        }
    }
}
