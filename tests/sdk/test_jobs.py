"""Jobs through the client, against the real service: results as they come, lost connections, errors in place."""

import asyncio
import re
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from backends.specs import BackendSettings
from fixtures.site import Answer, Site, running_site
from gateway import errors, sdk
from gateway.sdk import job_calls
from gateway.wire import ScrapeResponse
from gateway.wire.jobs import JobResult
from tests.service import running_gateway

WORDS = " ".join(f"Sentence number {n} of the page has a few words." for n in range(12))


def page(name: str, *links: str) -> Answer:
    anchors = "".join(f'<a href="{link}">{link}</a> ' for link in links)
    body = f"<title>{name}</title><article><h1>{name}</h1><p>{name}: {WORDS}</p><p>{anchors}</p></article>"
    return Answer(200, {"content-type": "text/html"}, body.encode())


@pytest.fixture(scope="module")
def pages() -> Iterator[Site]:
    with running_site({}) as site:
        site.extra = {f"/{name}": page(name) for name in "abc"}
        site.extra["/"] = page("home", "/a", "/b", "/missing")
        site.extra["/missing"] = Answer(404, {}, b"")
        yield site


@pytest.fixture(scope="module")
def url(pages: Site, scripted: BackendSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("jobs")
    with running_gateway(folder, allow_targets=[pages.target], backends=[scripted]) as running:
        yield running


@pytest.fixture
def client(url: str) -> Iterator[sdk.Client]:
    with sdk.Client(url) as opened:
        yield opened


def titles(results: Iterable[JobResult]) -> list[str | None]:
    """Of the pages that were read."""
    return sorted(each.page.title or "" for each in results if isinstance(each.page, ScrapeResponse))


def test_crawl_gives_pages_as_they_come(client: sdk.Client, pages: Site) -> None:
    job = client.crawl(pages.url + "/", sitemap="skip", scrape={"links": "none"})
    found = list(job)
    assert titles(found) == ["a", "b", "home"] and [each.seq for each in found] == [1, 2, 3, 4]
    (failed,) = (each for each in found if each.status == "failed")
    assert isinstance(failed.error, msgspec.Struct) and failed.error.code == "origin_status"
    report = job.report()
    assert (report.id, report.status, report.done, report.failed) == (job.id, "completed", 3, 1)
    assert [each.id for each in client.jobs(limit=1)] == [job.id]
    assert list(job) == [] and len(list(client.job(job.id, after=2))) == 2


def test_batch_is_followed_while_it_runs(client: sdk.Client, pages: Site) -> None:
    with client.batch([f"{pages.url}/a", f"{pages.url}/held/first/b"]) as job:
        results = iter(job)
        assert next(results).url.endswith("/a")
        assert job.report().status == "running"
        pages.released.add("first")
        assert next(results).url.endswith("/b") and next(results, None) is None
    assert job.report().status == "completed"


def test_job_that_is_left_in_its_block_is_cancelled(client: sdk.Client, pages: Site) -> None:
    with client.batch([f"{pages.url}/a", f"{pages.url}/held/never/b"]) as job:
        assert next(iter(job)).status == "done"
    assert job.report().status == "cancelled"
    created = client.start_batch([f"{pages.url}/held/never/c"])
    assert client.job(created.id).cancel().status == "cancelled"


class Product(msgspec.Struct):
    name: str
    price: float


class Strict(msgspec.Struct):
    price: str


def test_data_is_an_instance_of_the_schema(client: sdk.Client, pages: Site) -> None:
    job = client.batch([f"{pages.url}/a"], extract={"prompt": "price", "schema": Product})
    (result,) = job
    assert result.data == Product(name="Acme Widget", price=1299)
    (again,) = client.job(job.id, schema=Product)
    assert again == result
    # errors stand in their place
    (failed,) = client.job(job.id, schema=Strict)
    assert failed.status == "failed" and failed.page and failed.error.code == "schema_unsatisfied"  # type: ignore[union-attr]


def test_async_client_mirrors_the_sync_one(url: str, pages: Site) -> None:
    async def read() -> None:
        async with sdk.AsyncClient(url) as client:
            job = client.crawl(pages.url + "/", sitemap="skip")
            with pytest.raises(RuntimeError, match="does not exist yet"):
                job.id  # noqa: B018 -- the property raises
            found = [each async for each in job]
            assert titles(found) == ["a", "b", "home"]
            assert (await job.report()).status == "completed"
            assert [each async for each in client.job(job.id, after=3)] == [found[3]]
            async with client.batch([f"{pages.url}/a", f"{pages.url}/held/never/b"]) as left:
                async for each in left:
                    assert each.status == "done"
                    break
            assert (await left.report()).status == "cancelled"
            assert (await client.jobs())[0].id == left.id
            assert {link.title for link in (await client.map(pages.url + "/")).links} == {
                "/a",
                "/b",
                "/missing",
            }
            many = [each async for each in client.scrape_many([f"{pages.url}/a", "http://10.0.0.1/"])]
            assert isinstance(many[0], ScrapeResponse) and isinstance(many[1], errors.UrlRefused)
            pieces = [piece async for piece in client.pages(f"{pages.url}/a", max_tokens=60)]
            assert len(pieces) > 1

    asyncio.run(read())


def test_module_functions_use_the_environment(url: str, pages: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINNOW_URL", url)
    with sdk.crawl(pages.url + "/", sitemap="skip") as job:
        assert titles(job) == ["a", "b", "home"]
    assert sdk.job(job.id).report() == sdk.jobs(limit=1)[0]
    assert titles(sdk.batch([f"{pages.url}/c"])) == ["c"]
    assert titles(sdk.job(sdk.start_batch([f"{pages.url}/c"]).id)) == ["c"]
    assert titles(sdk.job(sdk.start_crawl(pages.url + "/a", limit=1).id)) == ["a"]
    assert [link.url for link in sdk.map(pages.url + "/", search="missing").links] == [f"{pages.url}/missing"]
    assert [each.title for each in sdk.scrape_many([f"{pages.url}/a"])] == ["a"]  # type: ignore[union-attr]
    assert len(list(sdk.pages(f"{pages.url}/a", max_tokens=60))) > 1


def test_scrape_many_keeps_the_order_and_errors_in_place(client: sdk.Client, pages: Site) -> None:
    urls = [f"{pages.url}/slow/300/a", "http://10.0.0.1/", f"{pages.url}/b", f"{pages.url}/c"]
    found = list(client.scrape_many(iter(urls), concurrency=3, max_age_s=0))
    shown = [each.title if isinstance(each, ScrapeResponse) else each.code for each in found]
    assert shown == ["a", "url_refused", "b", "c"]


def test_scrape_many_reads_ahead_only_so_far(client: sdk.Client, pages: Site) -> None:
    taken: list[int] = []

    def urls() -> Iterator[str]:
        for n in range(1000):
            taken.append(n)
            yield f"{pages.url}/a"

    results = client.scrape_many(urls(), concurrency=2)
    next(results)
    assert len(taken) == 8
    results.close()  # type: ignore[attr-defined]


def test_pages_joined_are_the_whole(client: sdk.Client, pages: Site) -> None:
    pieces = list(client.pages(f"{pages.url}/b", max_tokens=60))
    assert all(piece.tokens.content <= 60 for piece in pieces[:-1])
    whole = client.scrape(f"{pages.url}/b").content
    assert re.findall(r"\w+", " ".join(piece.content for piece in pieces)) == re.findall(r"\w+", whole)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda c: c.crawl("https://a.test", limti=3), "unknown field `limti`; did you mean limit?"),
        (lambda c: c.batch(["https://a.test"], robot=True), "unknown field `robot`; did you mean robots?"),
        (lambda c: c.map("https://a.test", serch="x"), "unknown field `serch`; did you mean search?"),
        (lambda c: c.crawl("https://a.test", scrape={"slect": "p"}), "scrape: unknown field `slect`"),
        (lambda c: c.crawl("https://a.test", extract={"promt": "?"}), "extract: unknown field `promt`"),
        (lambda c: c.crawl("https://a.test", webhook={"ulr": "?"}), "webhook: unknown field `ulr`"),
        (lambda c: c.scrape_many([], slect="p"), "unknown field `slect`; did you mean select?"),
        (lambda c: c.pages("https://a.test", max_token=3), "did you mean max_tokens?"),
        (lambda c: c.batch("https://a.test"), "a list of addresses"),
    ],
)
def test_unknown_option_offers_the_nearest(call: Any, words: str) -> None:
    for client in (sdk.Client(), sdk.AsyncClient()):
        with pytest.raises(TypeError, match=re.escape(words)):
            made = call(client)
            if asyncio.iscoroutine(made):
                asyncio.run(made)


def test_errors_are_the_servers_own(client: sdk.Client) -> None:
    with pytest.raises(errors.NotFound, match="no job"):
        list(client.job("nothing"))
    with pytest.raises(errors.InvalidRequest, match="include"):
        client.crawl("https://a.test", include=["("])


class Relay:
    """Passes connections on to a gateway, and cuts those of results within a line as often as it is told.

    Args:
        target: the gateway's address; it may change.
        cuts: connections still to be cut.
    """

    def __init__(self, target: str, *, cuts: int = 0) -> None:
        self.target = target
        self.cuts = cuts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @contextmanager
    def serving(self) -> Iterator["Relay"]:
        thread = threading.Thread(target=self._accept, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            host, _, port = self.target.removeprefix("http://").partition(":")
            try:
                upstream = socket.create_connection((host, int(port)))
            except OSError:
                caller.close()
                continue
            for pair in ((caller, upstream, False), (upstream, caller, True)):
                threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        seen = b""
        while data := _received(source):
            seen += data
            has_line = b"application/x-ndjson" in seen and b"}\n" in seen
            with suppress(OSError):
                sink.sendall(data)
            if answers and has_line and self.cuts:
                self.cuts -= 1
                break
        for each in (source, sink):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


def _received(source: socket.socket) -> bytes:
    try:
        return source.recv(65536)
    except OSError:
        return b""


def test_lost_connection_is_made_again_where_it_was(
    url: str, pages: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_calls, "_WAITS_S", (0.01,) * 5)
    urls = [f"{pages.url}/slow/{150 * n}/a?n={n}" for n in range(6)]

    async def read(relay: str) -> list[int]:
        async with sdk.AsyncClient(relay) as client:
            return [each.seq async for each in client.batch(urls)]

    with Relay(url, cuts=2).serving() as relay, sdk.Client(relay.url) as client:
        assert [each.seq for each in client.batch(urls)] == [1, 2, 3, 4, 5, 6]
        assert relay.cuts == 0
        relay.cuts = 2
        assert asyncio.run(read(relay.url)) == [1, 2, 3, 4, 5, 6]
        assert relay.cuts == 0


def test_job_is_followed_across_a_restart_of_the_gateway(pages: Site, tmp_path: Path) -> None:
    gateway = partial(running_gateway, tmp_path, allow_targets=[pages.target])
    urls = [f"{pages.url}/a", f"{pages.url}/held/restart/b", f"{pages.url}/held/restart/c"]
    with Relay("").serving() as relay, sdk.Client(relay.url) as client:
        with gateway() as relay.target:
            results = iter(client.batch(urls))
            seen = [next(results).seq]
        with gateway() as relay.target:
            pages.released.add("restart")
            seen += [each.seq for each in results]
    assert seen == [1, 2, 3]


def test_gateway_that_stays_away_is_given_up() -> None:
    reconnection = job_calls.Reconnection(connected=True)
    error = errors.GatewayUnreachable("gone")
    waits_s = []
    with pytest.raises(errors.GatewayUnreachable):
        while True:
            waits_s.append(reconnection.wait_s(error))
    assert waits_s == sorted(waits_s) and 30 < sum(waits_s) < 90


def test_first_connection_that_fails_is_not_tried_again() -> None:
    with sdk.Client("http://127.0.0.1:9") as client, pytest.raises(errors.GatewayUnreachable):
        list(client.job("x"))


LINES = b'{"seq":1,"url":"u","depth":0,"status":"done"}\n\n{"seq":2,"url":"v","depth":0,"status":"done"}\n'


def test_reader_raises_what_ends_the_results_early() -> None:
    reader = job_calls.ResultReader()
    line = (
        b'{"error":{"type":"t","title":"t","status":503,"detail":"it is gone","code":"jobs_unavailable"}}\n'
    )
    with pytest.raises(errors.JobsUnavailable, match="it is gone"):
        list(reader.feed(line))


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_reader_joins_what_is_cut_anywhere(size: int) -> None:
    reader = job_calls.ResultReader()
    chunks = [LINES[at : at + size] for at in range(0, len(LINES), size)]
    assert [each.seq for chunk in chunks for each in reader.feed(chunk)] == [1, 2]
    reader.end()
    list(reader.feed(b'{"seq'))
    with pytest.raises(errors.BackendInterrupted):
        reader.end()
