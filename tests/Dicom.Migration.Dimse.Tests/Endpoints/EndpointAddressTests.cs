namespace Dicom.Migration.Dimse.Tests.Endpoints;

/// <summary>The address of an archive as one line.</summary>
public sealed class EndpointAddressTests
{
    [Fact]
    public void A_whole_address_says_everything()
    {
        var endpoint = DimseEndpoint.Parse("dimse://OLD%20PACS@pacs.example:11112?calling=ME&retrieve=move&listen=4000");
        Assert.Equal(new DimseEndpoint("OLD PACS", "pacs.example", 11112, false) { CallingAeTitle = "ME", Retrieval = DimseRetrieval.Move, ListenPort = 4000 }, endpoint);
    }

    [Fact]
    public void What_is_left_out_is_left_to_the_defaults()
    {
        Assert.Equal(new DimseEndpoint("A", "h", 104, false), DimseEndpoint.Parse("dimse://A@h"));
        Assert.Equal(new DimseEndpoint("A", "::1", 2762, true), DimseEndpoint.Parse("dimses://A@[::1]"));
    }

    [Theory]
    [InlineData("http://A@h:104")]
    [InlineData("dimse://h:104")]
    [InlineData("dimse://A@:104")]
    [InlineData("dimse://A@h:0")]
    [InlineData("dimse://A@h:70000")]
    [InlineData("dimse://A@h:x")]
    [InlineData("dimse://ABCDEFGHIJKLMNOPQ@h")]
    [InlineData("dimse://A%5CB@h")]
    [InlineData("dimse://A@h/path")]
    [InlineData("dimse://A@h#part")]
    [InlineData("dimse://A@h?retrieve=push")]
    [InlineData("dimse://A@h?listen=-1")]
    [InlineData("dimse://A@h?listen=70000")]
    [InlineData("dimse://A@h?calling=")]
    [InlineData("dimse://A@h?calling=A&calling=B")]
    [InlineData("dimse://A@h?colour=red")]
    public void A_malformed_address_is_refused_in_one_line_that_does_not_repeat_it(string text)
    {
        var e = Assert.Throws<DimseEndpointException>(() => DimseEndpoint.Parse(text));
        Assert.Equal(FaultCode.InvalidConfiguration, e.Fault.Code);
        Assert.DoesNotContain('\n', e.Message);
        Assert.DoesNotContain(text, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tls_is_never_replaced_by_plaintext()
    {
        var options = new DimseTargetOptions();
        Assert.Throws<DimseEndpointException>(() => DimseEndpoint.Parse("dimses://A@h").ApplyTo(options));
        Assert.Null(options.Security);
    }
}
