"""What several calls share: addresses, counts, warnings, where a page or answer came from."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

DEFAULT_TOKENIZER = "o200k_base"
MAX_TIMEOUT_S = 300.0
# how long a page and a model may take where nobody says; the client waits for as long
FETCH_TIMEOUT_S: float = 30
ANSWER_TIMEOUT_S: float = 600

CacheStatus = Literal["hit", "stale", "revalidated", "miss", "bypass"]

Selector = Annotated[str, Meta(min_length=1, max_length=1000)]
Url = Annotated[str, Meta(min_length=1, max_length=8192)]


class Notice(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Something the caller should know about a result that is a result all the same."""

    code: Annotated[str, Meta(description="Stable name of what happened.")]
    message: Annotated[str, Meta(description="The same in a sentence.")]
    count: Annotated[int | None, Meta(description="How often.")] = None
    samples: Annotated[
        list[str],
        Meta(
            description="Pieces of the hidden text, cut short, if `include` names `hidden`; absent otherwise."
        ),
    ] = []


class TokenReport(Struct, kw_only=True, frozen=True):
    """Exact counts by `tokenizer`: the page's HTML as received, its whole content, and what of it was returned."""

    tokenizer: Annotated[str, Meta(description="The tokenizer the counts are true of.")]
    html: Annotated[
        int,
        Meta(
            description="Tokens of the page as received, also where the content is made of the site's own "
            "markdown, which the page links to."
        ),
    ]
    full: Annotated[
        int,
        Meta(
            description="Tokens of the page's whole content by the same options, but without `select`, `focus`, "
            "`max_tokens` and `cursor`."
        ),
    ]
    content: Annotated[int, Meta(description="Tokens of the content returned.")]
    saved: Annotated[
        int,
        Meta(
            description="Tokens that cleaning saved: `html` less `full`, the same for each piece of a page. What a "
            "budget or `select` leaves out is not saved."
        ),
    ]
    reduction: Annotated[float, Meta(description="`saved` / `html`; 0 when there was nothing to save.")]

    @classmethod
    def of(cls, *, tokenizer: str, html: int, full: int, content: int) -> "TokenReport":
        """The report of three counts."""
        saved = max(0, html - full)
        reduction = round(saved / html, 4) if html else 0.0
        return cls(
            tokenizer=tokenizer, html=html, full=full, content=content, saved=saved, reduction=reduction
        )

    def in_words(self) -> str:
        """For people: `8,012 → 1,204 tokens (−85 %)`, and what was returned where that is not the whole."""
        percent = min(round(self.reduction * 100), 99 if self.full else 100)
        returned = f", {self.content:,} returned" if self.content != self.full else ""
        return f"{self.html:,} → {self.full:,} tokens (−{percent} %){returned}"


class CacheReport(Struct, kw_only=True, frozen=True):
    """Where the page or answer came from, how old it is, and why it was not kept if it was not."""

    status: Annotated[CacheStatus, Meta(description="What the cache did.")]
    age_s: Annotated[float, Meta(description="Seconds since it was fetched or answered.")] = 0
    not_stored: Annotated[
        str | None,
        Meta(
            description="Why it is not in the cache, such as `no-store` or `store is false`; null when it is."
        ),
    ] = None


class Answer(Struct, kw_only=True, frozen=True):
    """An answer of the API, in Python."""

    def to_dict(self) -> dict[str, Any]:
        """As dictionaries and lists, as it came over the wire; fields that are unset are absent."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found


encode_json = msgspec.json.Encoder().encode
