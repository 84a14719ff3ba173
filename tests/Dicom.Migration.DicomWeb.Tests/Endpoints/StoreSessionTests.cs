using System.Net;
using Dicom.Migration.DicomWeb.Tests.Peers;
using Dicom.Migration.DicomWeb.Tests.Services;
using Dicom.Migration.Testing;

namespace Dicom.Migration.DicomWeb.Tests.Endpoints;

/// <summary>Nothing is acknowledged but what the answer to a store lists as stored, as what it was sent, and as nothing else beside.</summary>
public sealed class StoreSessionTests : IDisposable
{
    private const string Class = "1.2.840.10008.5.1.4.1.1.7", One = "2.25.900.1.1", Two = "2.25.900.1.2", Three = "2.25.900.1.3";
    private readonly ScriptedWebPacs _pacs = new();
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _pacs.Dispose();

    public static TheoryData<string, string, string> Answers => new()
    {
        // In both lists, in either order, in one object or in two: it has failed.
        { $"{{{Stored(Item(One), Item(Two))},{Failed(Item(One))}}}", Two, "Refused" },
        { $"{{{Failed(Item(One))},{Stored(Item(One), Item(Two))}}}", Two, "Refused" },
        { $"[{{{Stored(Item(One), Item(Two))}}},{{{Failed(Item(One))}}}]", Two, "Refused" },
        { $"[{{{Failed(Item(One))}}},{{{Stored(Item(One), Item(Two))}}}]", Two, "Refused" },
        // Twice in a list: as bad as the worse of the two.
        { $"{{{Stored(Item(One), Item(One), Item(Two))}}}", One + " " + Two, "None" },
        { $"{{{Stored(Item(One, warning: true), Item(One), Item(Two))}}}", One + " " + Two, "StoredWithWarning" },
        { $"{{{Stored(Item(One), Item(One, warning: true), Item(Two))}}}", One + " " + Two, "StoredWithWarning" },
        { $"{{{Failed(Item(One), Item(One, reason: 0xA700))},{Stored(Item(Two))}}}", Two, "Refused" },
        // As an object of another class: it is not what was sent.
        { $"{{{Stored(Item(One, sopClass: "1.2.840.10008.5.1.4.1.1.2"), Item(Two))}}}", Two, "ProtocolViolation" },
        { $"{{{Stored(Item(One), Item(One, sopClass: "1.2.840.10008.5.1.4.1.1.2"), Item(Two))}}}", Two, "ProtocolViolation" },
        { $"{{{Stored(Item(One, sopClass: ""), Item(Two, sopClass: Class + "\\u0000"))}}}", One + " " + Two, "None" },
        // Padded with NUL or spaces it is the same UID; with anything else it is another.
        { $"{{{Stored(Item(One + "\\u0000"), Item(Two + "  "))}}}", One + " " + Two, "None" },
        { $"{{{Stored(Item(" " + One), Item(Two))}}}", Two, "NotDelivered" },
        { $"{{{Stored(Item("0" + One), Item(One + ".0"), Item(One[..^2]), Item(Two))}}}", Two, "NotDelivered" },
        { $"{{{Stored(Item(One + "\\\\" + Three), Item(Two))}}}", Two, "NotDelivered" },
        // Beside the lists, or under names of others.
        { $"{{{Stored(Item(Two))},\"0008119A\":{{\"vr\":\"SQ\",\"Value\":[{Item(One)}]}}}}", Two, "NotDelivered" },
        { $"{{{Stored(Item(Two))},\"00081190\":{{\"vr\":\"UR\",\"Value\":[\"http://pacs.test/studies/2.25.900/instances/{One}\"]}}}}", Two, "NotDelivered" },
        { $"{{{Stored(Item(Two), $"{{\"00081115\":{{\"vr\":\"SQ\",\"Value\":[{Item(One)}]}}}}")}}}", Two, "NotDelivered" },
        // Nothing at all, or something that is not an answer.
        { "", "", "ProtocolViolation" },
        { "[]", "", "ProtocolViolation" },
        { "null", "", "ProtocolViolation" },
        { "{}", "", "NotDelivered" },
        { $"{{{Stored(Item(One), Item(Two))}}}{{", "", "ProtocolViolation" },
        { $"[{{{Stored(Item(One), Item(Two))}}}", "", "ProtocolViolation" },
        { $"[{{{Stored(Item(One), Item(Two))}}},7]", "", "ProtocolViolation" },
        { $"{{{Stored(Item(One))},{Stored(Item(Two))}}}", "", "ProtocolViolation" },
    };

    [Theory, MemberData(nameof(Answers))]
    public async Task What_an_answer_lists_otherwise_is_not_acknowledged(string answer, string stored, string fault)
    {
        foreach (var status in new[] { 200, 202, 409 })
        {
            _pacs.Script = new() { Answers = r => r.Method != HttpMethod.Post ? null : Said(answer, status) };
            var outcomes = await StoreAsync();
            Assert.Equal(stored, string.Join(' ', outcomes.Where(static o => o.Outcome.IsStored).Select(static o => o.Uid)));
            Assert.All(outcomes, static o => Assert.Equal(o.Outcome.IsStored, o.Outcome.Reference is not null));
            Assert.Equal(fault, (outcomes[0].Outcome.Fault?.Code ?? FaultCode.None).ToString());
        }
    }

    [Theory, InlineData(200), InlineData(202), InlineData(204), InlineData(409)]
    public async Task An_answer_without_a_body_stores_nothing(int status)
    {
        _pacs.Script = new() { Answers = r => r.Method != HttpMethod.Post ? null : new((HttpStatusCode)status) { Content = new ByteArrayContent([]) } };
        Assert.All(await StoreAsync(), static o => Assert.False(o.Outcome.IsStored));
    }

    [Fact]
    public async Task What_a_store_of_several_left_open_is_proven_alone_and_only_that()
    {
        // The first answer names one of three, the second fails, the third breaks off: one is known to be stored.
        var posts = 0;
        _pacs.Script = new()
        {
            Answers = r => r.Method != HttpMethod.Post ? null : ++posts switch
            {
                1 => Said($"{{{Stored(Item(One))}}}", 202),
                2 => new(HttpStatusCode.InternalServerError),
                _ => throw new HttpRequestException(HttpRequestError.ResponseEnded),
            },
        };
        var outcomes = await StoreAsync();
        Assert.Equal([true, false, false], outcomes.Select(static o => o.Outcome.IsStored));
        Assert.Equal(3, posts);
        Assert.All(outcomes.Skip(1), static o => Assert.True(o.Outcome.Fault!.Value.IsTransient));
    }

    private async Task<List<(string Uid, StoreOutcome Outcome)>> StoreAsync()
    {
        var receipts = new List<(string, StoreReceipt)>();
        await using (var session = await WebPeers.Target(_pacs, static o => o.DefaultPause = TimeSpan.Zero).OpenSessionAsync(Token))
            foreach (var instance in WebPeers.OfOneStudy(3, 64)) receipts.Add((instance.SopInstanceUid, await session.StoreAsync(WebPeers.Outgoing(instance), Token)));
        var outcomes = new List<(string, StoreOutcome)>();
        foreach (var (uid, receipt) in receipts) outcomes.Add((uid, await receipt.Acknowledged));
        return outcomes;
    }

    private static HttpResponseMessage Said(string json, int status)
    {
        var answer = AttackedClientTests.JsonOf(json);
        answer.StatusCode = (HttpStatusCode)status;
        return answer;
    }

    private static string Stored(params string[] items) => $"\"00081199\":{{\"vr\":\"SQ\",\"Value\":[{string.Join(',', items)}]}}";
    private static string Failed(params string[] items) => $"\"00081198\":{{\"vr\":\"SQ\",\"Value\":[{string.Join(',', items)}]}}";

    private static string Item(string uid, string sopClass = Class, bool warning = false, int reason = 0x0110) =>
        $"{{\"00081150\":{{\"vr\":\"UI\",\"Value\":[\"{sopClass}\"]}},\"00081155\":{{\"vr\":\"UI\",\"Value\":[\"{uid}\"]}},\"00081197\":{{\"vr\":\"US\",\"Value\":[{reason}]}}{(warning ? ",\"00081196\":{\"vr\":\"US\",\"Value\":[45056]}" : "")}}}";
}
