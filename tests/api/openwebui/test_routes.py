"""What Open WebUI sends to an external loader and an external search, as its source has it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from fixtures.site import Answer, Site, running_site
from tests.service import running_gateway

PAGE = "/pages/documentation-go-tutorial"


@pytest.fixture(scope="module")
def url(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("openwebui")
    results = [
        {"url": f"{site.url}{PAGE}?{n}", "title": f"tutorial {n}", "content": "words"} for n in range(3)
    ]
    found = {"results": results}
    with running_site({}) as engine:
        reply = Answer(200, {"content-type": "application/json"}, json.dumps(found).encode())
        engine.extra = {"/search?q=go&format=json": reply}
        with running_gateway(folder, allow_targets=[site.target], search_url=engine.url) as running:
            yield running


def post(url: str, **body: Any) -> httpx2.Response:
    headers = {"authorization": "Bearer none", "user-agent": "Open WebUI External Web Loader"}
    return httpx2.post(url, json=body, headers=headers, timeout=60)


def test_loader_gives_documents(url: str, site: Site) -> None:
    answer = post(f"{url}/openwebui/load", urls=[site.url + PAGE, "http://10.0.0.1/"], user={"name": "x"})
    (document,) = answer.json()
    assert document["page_content"].startswith("# Tutorial")
    assert document["metadata"]["source"] == site.url + PAGE and document["metadata"]["title"]


def test_search_gives_links(url: str, site: Site) -> None:
    first, second = post(f"{url}/openwebui/search", query="go", count=2).json()
    assert first == {"link": f"{site.url}{PAGE}?0", "title": "tutorial 0", "snippet": "words"}
    assert second["title"] == "tutorial 1"
    assert len(post(f"{url}/openwebui/search", query="go", count=500).json()) == 3


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        pytest.param("load", {"urls": ["http://10.0.0.1/"]}, "url_refused", id="none-can-be-read"),
        pytest.param("load", {"urls": []}, "invalid_request", id="no-urls"),
        pytest.param("load", {"urls": "x"}, "invalid_request", id="text-for-list"),
        pytest.param("search", {"query": ""}, "invalid_request", id="no-query"),
        pytest.param("search", {"query": "q", "count": 0}, "invalid_request", id="no-results"),
    ],
)
def test_what_cannot_be_is_refused(url: str, path: str, body: dict[str, Any], code: str) -> None:
    answer = post(f"{url}/openwebui/{path}", **body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
