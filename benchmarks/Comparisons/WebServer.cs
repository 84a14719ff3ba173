using System.Buffers;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Comparisons;

/// <summary>As little of a DICOMweb server as there can be: it has every study's answer ready, and takes objects without looking at them.</summary>
internal static class WebServer
{
    /// <summary>Serves each folder of a folder as a service of its own, and prints its address; until its input ends.</summary>
    public static async Task<int> RunAsync(string folder, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static o =>
        {
            o.Listen(IPAddress.Loopback, 0, static l => l.Protocols = HttpProtocols.Http1);
            (o.Limits.MaxRequestBodySize, o.Limits.MinRequestBodyDataRate, o.Limits.MinResponseDataRate) = (null, null, null);
        });
        var app = builder.Build();
        await using var _ = app.ConfigureAwait(false);
        foreach (var place in Directory.GetDirectories(folder))
        {
            var study = await WebStudy.OpenAsync(place, cancellationToken);
            if (study.Uids.Count == 0) continue;
            var name = Path.GetFileName(place);
            var body = File.Exists(study.Body) ? await File.ReadAllBytesAsync(study.Body, cancellationToken) : null;
            app.MapGet($"/{name}/studies/{study.Uid}", context => SendAsync(context, study, body));
            // PS3.18 §10.5.3: the instances that were stored.
            var stored = string.Join(',', study.Uids.Select(static uid => $$$"""{"00081150":{"vr":"UI","Value":["1.2.840.10008.5.1.4.1.1.2"]},"00081155":{"vr":"UI","Value":["{{{uid}}}"]}}"""));
            var answer = Encoding.ASCII.GetBytes($$$"""{"00081199":{"vr":"SQ","Value":[{{{stored}}}]}}""");
            app.MapPost($"/{name}/studies", context => TakeAsync(context, answer));
        }
        await app.StartAsync(cancellationToken);
        Console.WriteLine(app.Urls.First());
        // Ends with whoever started it, however that ends.
        var input = Console.OpenStandardInput();
        while (await input.ReadAsync(new byte[1], cancellationToken) > 0) { }
        await app.StopAsync(cancellationToken);
        return 0;
    }

    private static async Task SendAsync(HttpContext context, WebStudy study, byte[]? ready)
    {
        var token = context.RequestAborted;
        var response = context.Response;
        response.ContentType = $"multipart/related; type=\"application/dicom\"; boundary={WebStudy.Boundary}";
        response.ContentLength = ready?.Length ?? study.Files.Sum(static p => WebStudy.PartHead.Length + new FileInfo(p).Length) + WebStudy.Tail.Length;
        for (var at = 0; at < ready?.Length; at += 1 << 20) await response.Body.WriteAsync(ready.AsMemory(at, Math.Min(1 << 20, ready.Length - at)), token);
        if (ready is not null) return;
        foreach (var path in study.Files)
        {
            await response.Body.WriteAsync(WebStudy.PartHead, token);
            await response.SendFileAsync(path, token);
        }
        await response.Body.WriteAsync(WebStudy.Tail, token);
    }

    private static async Task TakeAsync(HttpContext context, byte[] answer)
    {
        for (var isOver = false; !isOver;)
        {
            var read = await context.Request.BodyReader.ReadAsync(context.RequestAborted);
            isOver = read.IsCompleted;
            context.Request.BodyReader.AdvanceTo(read.Buffer.End);
        }
        context.Response.ContentType = "application/dicom+json";
        context.Response.ContentLength = answer.Length;
        await context.Response.Body.WriteAsync(answer, context.RequestAborted);
    }
}
