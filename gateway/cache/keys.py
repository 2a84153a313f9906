"""Every key of the cache is made here, from everything that its value depends on.

A key is `namespace:rest`, ASCII, at most 512 characters. Addresses, prompts and callers cannot be read back from it.

`page`        what an address answered last; headers of the caller make it their tenant's own
`snapshot`    a response with its body, by what is in it; a cursor names it
`content`     what one set of options made of a snapshot
`tokens`      a snapshot's own count of tokens by one vocabulary
`completion`  a model's answer
`answer`      an answer that a client fetches later, by its id
`pass`        a marker: work on a key stored no result
`probe`       written to see whether the cache works

Keys of content and tokens include the fingerprint of the code that made them, so that other code does not find them.
The layout of pages and snapshots has a version here.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

# of pages and snapshots: raised when their layout or meaning changes, so that older ones are misses
PAGE_SCHEMA = 3
COMPLETION_SCHEMA = 4
# the namespace of what is written to try the cache
PROBES = "probe"
_encode = msgspec.msgpack.Encoder().encode
_encode_deterministic = msgspec.json.Encoder(order="deterministic").encode


def page_key(
    address: str, *, headers: Mapping[str, str], tenant: str, rendered: str | Literal[False] = False
) -> str:
    """The page of a normalised address.

    Args:
        headers: the caller's, names in lower case; without any, the page is shared by all tenants.
        rendered: how the page was rendered, if it was: then it is another one than the page that was sent.
    """
    owner = tenant if headers else None
    return f"page:{PAGE_SCHEMA}:{_sha256([owner, address, headers, rendered])}"


def snapshot_key(digest: str) -> str:
    """The response of this `digest_of`."""
    return f"snapshot:{PAGE_SCHEMA}:{digest}"


def content_key(*, code: str, snapshot: str, piece: str) -> str:
    """What the options of digest `piece` made of the snapshot of this digest."""
    return f"content:{code}:{snapshot}:{piece}"


def tokens_key(*, code: str, snapshot: str, vocabulary: str) -> str:
    """The count of a snapshot as received."""
    return f"tokens:{code}:{snapshot}:{vocabulary}"


def completion_key(*, tenant: str, served_by: list[Any], prompt: Any, parameters: list[Any]) -> str:
    """A model's answer.

    Args:
        tenant: whose it is; tenants never share.
        served_by: what answers: backend, model, its context, what the model is now.
        prompt: the messages or what stands for them.
        parameters: whatever else could change the answer.
    """
    return f"completion:{COMPLETION_SCHEMA}:{_sha256([tenant, served_by, prompt, parameters])}"


def answer_key(*, tenant: str, answer_id: str) -> str:
    """What a client fetches by an id: its own alone."""
    return f"answer:{_sha256([tenant, answer_id])}"


def pass_key(key: str) -> str:
    """The marker that work on `key` stored no result."""
    return f"pass:{key}"


def probe_key(who: str) -> str:
    """What `who` writes to try the cache."""
    return f"{PROBES}:{who}"


def digest_of(value: Any) -> str:
    """A short, stable name for a value: 32 hexadecimal digits."""
    return hashlib.blake2b(_encode(value), digest_size=16).hexdigest()


def namespace_of(key: str) -> str:
    """What kind of value a key leads to; `Cache.clear` can empty one namespace."""
    return key.partition(":")[0]


def _sha256(parts: list[Any]) -> str:
    return hashlib.sha256(_encode_deterministic(parts)).hexdigest()
