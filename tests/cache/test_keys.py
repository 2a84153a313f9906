"""Keys: another one for whatever decides the value, the same one whatever the order, and none made elsewhere."""

import re
from pathlib import Path
from typing import Any

from gateway.cache import keys

GATEWAY = Path(keys.__file__).parent.parent


def different(make: Any, base: dict[str, Any], *changes: dict[str, Any]) -> bool:
    made = {make(**base), *(make(**base | change) for change in changes)}
    return len(made) == len(changes) + 1


def test_page_key_depends_on_address_headers_tenant_and_rendering() -> None:
    plain: dict[str, Any] = {"address": "http://a.example/", "headers": {}, "tenant": "ada"}
    own = plain | {"headers": {"accept-language": "de", "dnt": "1"}}
    assert keys.page_key(**plain) == keys.page_key(**plain | {"tenant": "bob"}), (
        "without headers it is shared"
    )
    assert keys.page_key(**own) == keys.page_key(**own | {"headers": {"dnt": "1", "accept-language": "de"}})
    assert different(
        keys.page_key,
        own,
        {"address": "http://a.example/b"},
        {"headers": {"accept-language": "de"}},
        {"tenant": "bob"},
        {"tenant": ""},
        {"rendered": True},
    )


def test_completion_key_depends_on_every_part_and_on_no_order() -> None:
    base: dict[str, Any] = {"tenant": "", "served_by": ["b"], "prompt": [{"a": 1, "b": 2}], "parameters": [1]}
    assert keys.completion_key(**base) == keys.completion_key(**base | {"prompt": [{"b": 2, "a": 1}]})
    assert different(
        keys.completion_key,
        base,
        {"tenant": "ada"},
        {"served_by": ["c"]},
        {"prompt": []},
        {"parameters": [1.5]},
    )


def test_content_and_tokens_depend_on_code_snapshot_and_the_rest() -> None:
    changes = ({"code": "d"}, {"snapshot": "t"})
    content, tokens = keys.content_key, keys.tokens_key
    assert different(content, {"code": "c", "snapshot": "s", "piece": "p"}, *changes, {"piece": "q"})
    assert different(tokens, {"code": "c", "snapshot": "s", "vocabulary": "v"}, *changes, {"vocabulary": "w"})


def test_key_is_ascii_short_and_begins_with_its_namespace() -> None:
    page = keys.page_key("http://a.example/" + "ü" * 8000, headers={}, tenant="")
    made = {
        "page": page,
        "snapshot": keys.snapshot_key(keys.digest_of([1])),
        "pass": keys.pass_key(page),
        "probe": keys.probe_key("health"),
    }
    for namespace, key in made.items():
        assert keys.namespace_of(key) == namespace and key.isascii() and len(key) <= 512


def test_no_key_is_made_elsewhere() -> None:
    begins = re.compile(
        r"""f?["'](?:page|snapshot|content|tokens|completion|pass|probe|health|doctor):[^/ ]"""
    )
    makers = {
        path.name
        for path in GATEWAY.rglob("*.py")
        if any(begins.search(line) for line in path.read_text("utf-8").splitlines())
    }
    assert makers == {"keys.py"}
