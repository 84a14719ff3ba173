namespace Dicom.Migration.Dimse.Tests.Endpoints;

public sealed class StoreContextsTests
{
    private const int Kinds = 3_000;

    [Fact]
    public async Task Kinds_that_come_by_while_contexts_are_planned_disturb_nobody_and_are_planned_next()
    {
        var contexts = new StoreContexts();
        var adding = Task.Run(() =>
        {
            for (var i = 0; i < Kinds; i++) contexts.Add($"1.2.{i}", "1.2.840.10008.1.2.1");
        }, TestContext.Current.CancellationToken);
        do contexts.Plan("1.2.0");
        while (!adding.IsCompleted);
        await adding;
        for (var i = 0; i < Kinds; i += 499) Assert.Contains(contexts.Plan($"1.2.{i}"), c => c.AbstractSyntax == $"1.2.{i}");
    }
}
