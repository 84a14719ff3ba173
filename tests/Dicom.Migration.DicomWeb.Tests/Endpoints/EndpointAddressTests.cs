namespace Dicom.Migration.DicomWeb.Tests.Endpoints;

/// <summary>An archive as one line.</summary>
public sealed class EndpointAddressTests
{
    [Fact]
    public void A_line_says_where_the_archive_is_and_where_its_secret_stands()
    {
        var endpoint = DicomWebEndpoint.Parse("https://vna.example:8443/dicom-web?auth=oauth2&user=mover&secret=Vna%26Secret&token=https%3A%2F%2Flogin.example%2Ftoken&scope=a%20b");
        var options = new DicomWebTargetOptions { MaxBatchInstances = 7 };
        endpoint.ApplyTo(options);
        Assert.Equal("https://vna.example:8443/dicom-web", options.BaseAddress!.AbsoluteUri);
        Assert.Equal((DicomWebAuthentication.OAuth2, "mover", "Vna&Secret", "https://login.example/token", "a b", 7),
            (options.Authentication, options.User, options.SecretKey, options.TokenEndpoint!.AbsoluteUri, options.Scope, options.MaxBatchInstances));
        Assert.Empty(options.Validate(new(options)));
    }

    [Fact]
    public void What_a_line_leaves_out_stays_as_it_is()
    {
        var options = new DicomWebSourceOptions { Authentication = DicomWebAuthentication.Basic, User = "u", SecretKey = "k" };
        DicomWebEndpoint.Parse("HTTP://[::1]:8042/dicom-web/").ApplyTo(options);
        Assert.Equal(("http://[::1]:8042/dicom-web/", DicomWebAuthentication.Basic, "u", "k"), (options.BaseAddress!.AbsoluteUri, options.Authentication, options.User, options.SecretKey));
    }

    [Theory]
    [InlineData("")]
    [InlineData("dimse://A@b")]
    [InlineData("vna.example/dicom-web")]
    [InlineData("file:///etc/passwd")]
    [InlineData("https://")]
    [InlineData("https://vna.example:0/")]
    [InlineData("https://vna.example:port/")]
    [InlineData("https://mover:pa55word@vna.example/")]
    [InlineData("https://vna.example/#pa55word")]
    [InlineData("https://vna.example/?password=pa55word")]
    [InlineData("https://vna.example/?user=pa55word&user=b")]
    [InlineData("https://vna.example/?user=")]
    [InlineData("https://vna.example/?auth=pa55word")]
    [InlineData("https://vna.example/?token=pa55word")]
    [InlineData("https://vna.example/?token=https%3A%2F%2Fa%3Apa55word%40b%2F")]
    public void A_line_that_is_none_is_refused_with_what_to_write_and_is_not_repeated(string text)
    {
        var e = Assert.Throws<DicomWebException>(() => DicomWebEndpoint.Parse(text));
        Assert.Equal(FaultCode.InvalidConfiguration, e.Fault.Code);
        Assert.Contains("https://HOST:PORT/PATH", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("pa55word", e.ToString(), StringComparison.Ordinal);
    }
}
