"""The JavaScript client against the real service: every call, errors, jobs, who leaves early."""

import re

import pytest

from fixtures.site import Site
from gateway import sdk
from tests.clients.js.conftest import Script
from tests.sdk.test_jobs import Relay

pytestmark = pytest.mark.anyio


async def test_scrape_gives_what_the_service_answers(ask: Script, url: str, pages: Site) -> None:
    shown = await ask("""
        const { content } = await sdk.scrape(`${site}/a`);
        const cut = await sdk.scrape(new URL(`${site}/a`), { max_tokens: 60, links: "none" });
        const own = await sdk.scrape({ html: "<p>Hello there.</p>", scope: "page" });
        show([content, cut.tokens.content, cut.next_cursor !== null, own.content]);
    """)
    with sdk.Client(url, api_key="open-sesame") as client:
        assert shown[0] == client.scrape(f"{pages.url}/a").content
    assert 0 < shown[1] <= 60 and shown[2:] == [True, "Hello there."]


async def test_pieces_joined_are_the_whole(ask: Script) -> None:
    whole, pieces = await ask("""
        const pieces = [];
        for await (const piece of sdk.pages(`${site}/b`, { max_tokens: 60 })) pieces.push(piece.content);
        show([(await sdk.scrape(`${site}/b`)).content, pieces]);
    """)
    assert len(pieces) > 1 and re.findall(r"\w+", " ".join(pieces)) == re.findall(r"\w+", whole)


async def test_many_pages_keep_their_order_and_errors_in_place(ask: Script) -> None:
    shown = await ask("""
        const urls = [`${site}/slow/300/a`, "http://10.0.0.1/", `${site}/b`, `${site}/c`];
        const found = [];
        for await (const page of sdk.scrapeMany(new Set(urls), { concurrency: 3, max_age_s: 0 })) {
          found.push(page instanceof WinnowError ? page.code : page.title);
        }
        show(found);
    """)
    assert shown == ["a", "url_refused", "b", "c"]


async def test_many_pages_are_read_ahead_only_so_far(ask: Script) -> None:
    shown = await ask("""
        let taken = 0, open = 0, most = 0;
        const send = async (...request) => {
          most = Math.max(most, ++open);
          try { return await fetch(...request); } finally { open -= 1; }
        };
        async function* urls() { while (taken < 1000) { taken += 1; yield `${site}/a?${taken}`; } }
        for await (const page of new Client({ fetch: send }).scrapeMany(urls(), { concurrency: 2 })) break;
        show([taken, most]);
    """)
    assert shown == [8, 2]


async def test_small_calls(ask: Script, pages: Site) -> None:
    shown = await ask("""
        const [text, talk] = await Promise.all([
          sdk.tokens("two words"), sdk.tokens({ messages: [{ role: "user", content: "Hello" }] }),
        ]);
        const { links } = await sdk.map(`${site}/`, { search: "missing" });
        const { results } = await sdk.search("kettles", { max_tokens: 500 });
        const { status, checks } = await sdk.health();
        show({
          tokens: [text.tokens, talk.tokens > 1], models: await sdk.models(), links: links.map((link) => link.url),
          results: results.map((result) => [result.title, result.page?.title ?? result.error.code]),
          health: [status, typeof checks],
        });
    """)
    price = {"input": 10.0, "output": 20.0}
    assert shown == {
        "tokens": [2, True],
        "models": [
            {
                "id": "m",
                "object": "model",
                "type": "model",
                "display_name": "m",
                "created": 0,
                "created_at": "1970-01-01T00:00:00Z",
                "owned_by": "scripted",
                "context_length": 8000,
                "price": price,
            }
        ],
        "links": [f"{pages.url}/missing"],
        "results": [["a", "a"], ["missing", "origin_status"]],
        "health": ["ready", "object"],
    }


async def test_extract_whole_and_streamed(ask: Script) -> None:
    shown = await ask("""
        const schema = { type: "object", properties: { name: { type: "string" }, price: { type: "number" } },
          required: ["name", "price"] };
        const whole = await sdk.extract(`${site}/a`, { prompt: "price", schema });
        const events = [];
        for await (const event of sdk.extract(`${site}/a`, { prompt: "Where?", stream: true })) events.push(event);
        const [first] = events, last = events.at(-1);
        const dry = await sdk.extract({ content: "# Hours", prompt: "When?", dry_run: true });
        show({
          data: whole.data, evidence: whole.evidence.map((each) => each.path), title: first.title,
          types: [...new Set(events.map((event) => event.type))], text: last.text,
          deltas: events.filter(({ type }) => type === "delta").map(({ text }) => text).join(""),
          calls: dry.estimate.calls,
        });
    """)
    assert shown == {
        "data": {"name": "Acme Widget", "price": 1299},
        "evidence": ["/name", "/price"],
        "title": "a",
        "types": ["source", "delta", "done"],
        "text": "In Leeds — 北京.",
        "deltas": "In Leeds — 北京.",
        "calls": 1,
    }


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        ("sdk.scrape('http://10.0.0.1/')", "url_refused", "10.0.0.1"),
        ("sdk.scrape(site, { max_token: 5 })", "invalid_request", "did you mean max_tokens?"),
        ("sdk.scrape()", "invalid_request", "url"),
        ("sdk.extract(site, { promt: '?' })", "invalid_request", "did you mean prompt?"),
        ("sdk.extract(site, { promt: '?', stream: true }).next()", "invalid_request", "did you mean prompt?"),
        ("sdk.crawl(site, { limti: 3 }).start()", "invalid_request", "did you mean limit?"),
        ("sdk.startBatch([site], { scrape: { slect: 'p' } })", "invalid_request", "did you mean"),
        ("sdk.job('nothing').report()", "not_found", "no job"),
        ("sdk.job('a b?limit=0')[Symbol.asyncIterator]().next()", "not_found", "no job"),
        ("new Client({ apiKey: 'wrong' }).scrape(site)", "unauthorized", "not one of this gateway's"),
        ("new Client({ apiKey: 'wrong' }).models()", "unauthorized", "not one of this gateway's"),
    ],
)
async def test_errors_are_the_services_own(ask: Script, call: str, code: str, words: str) -> None:
    error = await ask(f"show(told(await failure({call})));")
    assert (error["name"], error["code"]) == ("WinnowError", code)
    assert words in error["message"] and 400 <= error["status"] < 500 and error["requestId"]


async def test_failed_stream_says_why(ask: Script) -> None:
    events, error = await ask("""
        const events = [];
        const read = async () => {
          for await (const { type } of sdk.extract(`${site}/a`, { prompt: "break", stream: true })) events.push(type);
        };
        const error = told(await failure(read()));
        show([events, error]);
    """)
    assert events == ["source", "delta", "delta"]
    assert (error["code"], error["status"]) == ("backend_interrupted", 502) and error["requestId"]


async def test_limit_of_the_model_comes_with_its_wait(ask: Script) -> None:
    error = await ask("""
        const client = new Client({ tries: 1 });
        show(told(await failure(client.extract({ content: "x", prompt: "busy" }))));
    """)
    assert (error["code"], error["status"], error["retryAfterS"]) == ("backend_rate_limited", 429, 7)


@pytest.mark.parametrize("call", ["sdk.scrape(`${site}/held/never/a`, { signal })", "sdk.models({ signal })"])
async def test_signal_ends_a_call_with_its_reason(ask: Script, call: str) -> None:
    shown = await ask(f"""
        const past = AbortSignal.abort(new Error("never begun"));
        const before = await failure((({{ signal }}) => {call})({{ signal: past }}));
        const page = sdk.scrape(`${{site}}/held/never/a`, {{ signal: AbortSignal.timeout(100) }});
        show([before.message, (await failure(page)).name]);
    """)
    assert shown == ["never begun", "TimeoutError"]


async def test_crawl_gives_pages_as_they_come(ask: Script) -> None:
    shown = await ask("""
        const job = sdk.crawl(`${site}/`, { sitemap: "skip", scrape: { links: "none" } });
        let early;
        try { job.id; } catch (error) { early = error.message; }
        const found = [];
        for await (const result of job) found.push([result.seq, result.page?.title ?? result.error.code]);
        const { status, done, failed, id } = await job.report();
        const [newest] = await sdk.jobs({ limit: 1 });
        const rest = [];
        for await (const { seq } of sdk.job(job.id, { after: 2 })) rest.push(seq);
        for await (const again of job) rest.push(again);
        show({ early, found, report: [status, done, failed], same: [id, newest.id, job.id], rest, seq: job.seq });
    """)
    assert "does not exist yet" in shown["early"]
    assert [seq for seq, _ in shown["found"]] == [1, 2, 3, 4] and shown["seq"] == 4
    assert sorted(what for _, what in shown["found"]) == ["a", "b", "home", "origin_status"]
    assert shown["report"] == ["completed", 3, 1] and len(set(shown["same"])) == 1
    assert shown["rest"] == [3, 4]


async def test_batch_is_followed_and_cancelled(ask: Script) -> None:
    shown = await ask("""
        const job = sdk.batch([new URL(`${site}/product`), `${site}/held/batch/b`], {
          extract: { schema: { type: "object", properties: { sku: { type: "string" } }, required: ["sku"] } },
        });
        const statuses = [];
        for await (const { data } of job) {
          statuses.push(data.sku, (await job.report()).status);
          break;
        }
        statuses.push((await job.cancel()).status);
        const keys = { idempotencyKey: "the same" };
        const [one, two] = [await sdk.startBatch([`${site}/c`], keys), await sdk.startBatch([`${site}/c`], keys)];
        const crawl = await sdk.startCrawl({ url: `${site}/a`, limit: 1 });
        const titles = [];
        for await (const { page } of sdk.job(crawl.id)) titles.push(page.title);
        show({ statuses, same: one.id === two.id, titles });
    """)
    assert shown == {"statuses": ["A-7", "running", "cancelled"], "same": True, "titles": ["a"]}


async def test_lost_connection_is_made_again_where_it_was(ask: Script, url: str) -> None:
    with Relay(url, cuts=2).serving() as relay:
        program = """
            const urls = [...Array(6).keys()].map((n) => `${site}/slow/${150 * n}/a?n=${n}`);
            const found = [];
            for await (const { seq } of sdk.batch(urls)) found.push(seq);
            show(found);
        """
        assert await ask(program, WINNOW_URL=relay.url) == [1, 2, 3, 4, 5, 6]
        assert relay.cuts == 0
