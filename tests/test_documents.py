"""What the documents say holds: a webhook is verified as the guide shows, links lead somewhere."""

import re
import time
from pathlib import Path

from gateway.jobs.webhooks import sign

ROOT = Path(__file__).parent.parent


def test_webhook_is_verified_as_the_guide_shows() -> None:
    text = (ROOT / "docs/crawling.md").read_text("utf-8")
    (snippet,) = (
        each for each in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "# verify a webhook" in each
    )
    names: dict[str, object] = {}
    exec(snippet, names)
    is_ours = names["is_ours"]
    assert callable(is_ours)
    body, secret = b'{"type":"page"}', "a secret of sixteen or more"

    def headers(sent_s: int) -> dict[str, str]:
        signature = sign(body, event_id="job-1", timestamp=str(sent_s), secret=secret)
        return {"webhook-id": "job-1", "webhook-timestamp": str(sent_s), "webhook-signature": signature}

    now_s = int(time.time())
    assert is_ours(headers(now_s), body, secret)
    assert not is_ours(headers(now_s), body + b" ", secret)
    assert not is_ours(headers(now_s), body, "another secret of the same length")
    assert not is_ours(headers(now_s - 3600), body, secret)


def anchors(document: Path) -> set[str]:
    """The names that GitHub gives a document's headings."""
    text = re.sub(r"```.*?```", "", document.read_text("utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_between_documents_lead_somewhere() -> None:
    lost = []
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for path, anchor in re.findall(r"\]\(([^)#:\s]*)(?:#([^)\s]+))?\)", document.read_text("utf-8")):
            target = document.parent / path if path else document
            if not target.exists() or (anchor and anchor not in anchors(target)):
                lost.append(f"{document.relative_to(ROOT)}: {path}#{anchor}")
    assert lost == []
