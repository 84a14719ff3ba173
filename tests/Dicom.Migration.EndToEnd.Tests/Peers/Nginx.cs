using System.Net.Sockets;

namespace Dicom.Migration.EndToEnd.Tests.Peers;

/// <summary>nginx of one test: speaks HTTPS on loopback, and passes all on to an archive that speaks HTTP.</summary>
internal sealed class Nginx : IAsyncDisposable
{
    private PeerProcess? _process;

    private Nginx(int port) => Address = new Uri($"https://127.0.0.1:{port}/");

    public Uri Address { get; }

    /// <param name="folder">Takes its configuration, keys and temporary files.</param>
    /// <param name="certificates">Its own, and the authority of its clients.</param>
    /// <param name="archive">What is behind it.</param>
    /// <param name="asksForClient">Whether it demands a certificate of whoever connects.</param>
    public static async Task<Nginx> StartAsync(string folder, FrontCertificates certificates, Uri archive, bool asksForClient)
    {
        var program = PeerProcess.Find("nginx");
        var front = new Nginx(PeerProcess.FreePort());
        var home = Directory.CreateDirectory(Path.Join(folder, "front")).FullName;
        certificates.WriteTo(home);
        var configuration = Path.Join(home, "nginx.conf");
        await File.WriteAllTextAsync(configuration, $$"""
            daemon off;
            worker_processes 1;
            pid {{home}}/nginx.pid;
            error_log stderr warn;
            {{(Environment.IsPrivilegedProcess ? "user root;" : "")}}
            events { worker_connections 128; }
            http {
              access_log off;
              client_body_temp_path {{home}}/client_body;
              proxy_temp_path {{home}}/proxy;
              fastcgi_temp_path {{home}}/fastcgi;
              uwsgi_temp_path {{home}}/uwsgi;
              scgi_temp_path {{home}}/scgi;
              server {
                listen 127.0.0.1:{{front.Address.Port}} ssl;
                ssl_certificate {{home}}/server.crt;
                ssl_certificate_key {{home}}/server.key;
                ssl_protocols TLSv1.2 TLSv1.3;
                {{(asksForClient ? $"ssl_client_certificate {home}/authority.crt; ssl_verify_client on;" : "")}}
                client_max_body_size 0;
                location / {
                  proxy_pass http://127.0.0.1:{{archive.Port}};
                  proxy_http_version 1.1;
                  proxy_set_header Host $http_host;
                  proxy_set_header Connection "";
                }
              }
            }

            """, TestContext.Current.CancellationToken);
        front._process = await PeerProcess.StartAsync(program, ["-p", home, "-e", "stderr", "-c", configuration], front.ListensAsync);
        return front;
    }

    public ValueTask DisposeAsync() => _process?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task<bool> ListensAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(Address.Host, Address.Port, cancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false; // not yet
        }
    }
}
