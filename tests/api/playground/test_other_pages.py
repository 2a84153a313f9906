"""The reference and the status page, in the same dress: tried in a browser, and for everyone."""

import math
import re
from collections.abc import Callable

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from fixtures.site import Site
from gateway.auth.keys import Key, hash_secret
from gateway.telemetry.history import add_up, used_bytes
from gateway.telemetry.metrics import Metrics
from tests.api.playground.test_first_minute import AXE, OTHER_LOOKS, look
from tests.service import running_gateway


def test_reference_sends_its_examples(open_tab: Callable[..., Page], gateway_url: str) -> None:
    tab = open_tab(gateway_url + "/docs", permissions=["clipboard-read", "clipboard-write"])
    example = tab.locator(".example[data-path='/v1/tokens']").first
    example.get_by_role("button", name="Try it").click()
    expect(example.locator(".answer")).to_contain_text('"tokens": ')
    example.get_by_role("button", name="Copy curl").click()
    # the button says so for a moment only, which a loaded machine misses
    tab.wait_for_function(
        "navigator.clipboard.readText().then((text) => text.startsWith('curl'))", timeout=30_000
    )
    copied = tab.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"curl -s {gateway_url}/v1/tokens -H 'Content-Type: application/json' -d '")


def test_status_plots_what_happened(open_tab: Callable[..., Page], gateway_url: str, site: Site) -> None:
    httpx2.post(gateway_url + "/v1/scrape", json={"url": site.url + "/pages/product-backpack"}, timeout=60)
    tab = open_tab(gateway_url + "/status")
    charts = tab.locator("#charts section")
    expect(charts.first.locator(".now")).to_have_text(re.compile(r"^\d+$"))
    expect(charts.first.locator(".ends")).to_contain_text(re.compile(r"at most [\d.]+K? a minute"))
    memory = charts.filter(has_text="Memory").locator(".now").inner_text()
    assert int(memory.removesuffix(" MiB")) > 20


def test_status_is_for_administrators(tmp_path_factory: pytest.TempPathFactory) -> None:
    keys = [
        Key(name="reader", sha256=hash_secret("reader-secret"), scopes=("scrape",)),
        Key(name="boss", sha256=hash_secret("boss-secret")),
    ]
    with running_gateway(tmp_path_factory.mktemp("keyed"), keys=keys) as url:
        for path in ("/status", "/status/history.json"):
            assert httpx2.get(url + path, auth=("", "reader-secret")).status_code == 403
            assert httpx2.get(url + path, auth=("", "boss-secret")).status_code == 200
            assert httpx2.get(url + path).status_code == 401


def test_sums_of_metrics() -> None:
    metrics = Metrics()
    metrics.observe_request("/a", 200, 0.5)
    metrics.observe_request("/b", 500, 1.5)
    sums, models = add_up(metrics.registry.collect())
    assert (sums["requests"], sums["request_seconds"], sums["pages"], models) == (2, 2.0, 0, {})


def test_memory_is_known_here() -> None:
    assert used_bytes() > 10_000_000


def an_hour() -> list[dict[str, object]]:
    """Samples of a gateway that has had something to do."""
    counters = {"requests": 9, "request_seconds": 2.1, "pages": 7, "pages_cached": 4, "html_tokens": 90_000}
    counters |= {"saved_tokens": 80_000, "spent_usd": 0.002, "saved_usd": 0.001, "job_pages": 3}
    samples: list[dict[str, object]] = []
    sums = dict.fromkeys(counters, 0.0)
    for number in range(240):
        busy = 1 + math.sin(number / 20) + (number % 7) / 10
        sums = {name: sums[name] + busy * each for name, each in counters.items()}
        levels = {"running": number % 5, "queued": number % 3, "memory_bytes": (120 + 9 * busy) * 2**20}
        models = {"small-model": [3 * number, 0.9 * number], "local": [number, 0.2 * number]}
        samples.append({"at": 1.8e9 + 15 * number, "sums": sums | levels, "models": models})
    return samples


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (390, "dark"),
        (1280, "light"),
        *(pytest.param(*each, marks=pytest.mark.slow) for each in OTHER_LOOKS),
    ],
)
@pytest.mark.parametrize("path", ["docs", "status"])
def test_other_pages_are_for_everyone(
    browser: Browser, gateway_url: str, path: str, width: int, scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,  # type: ignore[arg-type]
        bypass_csp=True,
    )
    tab = context.new_page()
    tab.goto(f"{gateway_url}/{path}")
    tab.evaluate(AXE)
    if path == "status":
        tab.route("**/status/history.json", lambda route: route.fulfill(json=an_hour()))
        models = [
            {"id": "small-model", "price": {"input": 2.5, "output": 10}},
            {"id": "local", "price": None},
        ]
        tab.route("**/v1/models", lambda route: route.fulfill(json={"data": models}))
        tab.reload()
        tab.evaluate(AXE)
        tab.wait_for_selector("#models tbody tr")
        expect(tab.locator("#charts .worth")).to_contain_text("with small-model")
    else:
        # the rest is more of the same, and looking at all of it takes a minute
        tab.evaluate("document.querySelectorAll('main > .call ~ .call ~ *').forEach(part => part.remove())")
    look(tab, f"{path}-{width}-{scheme}")
    context.close()
