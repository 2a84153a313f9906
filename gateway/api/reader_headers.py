"""Headers that say how a page is to be read, as Jina Reader's clients send them; `/r/<url>` takes the same.

What is not done is refused: whoever sends such a header relies on it. Other headers are left alone.
"""

from collections.abc import Mapping
from typing import Any, Literal, get_args

from msgspec import Struct

from gateway.errors import InvalidRequest, TooLarge
from gateway.primitives.did_you_mean import did_you_mean
from gateway.wire.common import MAX_TIMEOUT_S

Form = Literal["content", "markdown", "html", "text", "screenshot"]
MAX_AGE_S = 31_536_000
MAX_TOKENS = 10_000_000
# values that ask for nothing
_OFF = frozenset({"", "0", "false", "no", "none"})
_FORMS: dict[Form, dict[str, Any]] = {
    "content": {},
    "markdown": {"scope": "page"},
    "html": {"include": ["raw_html"]},
    "text": {"format": "text", "scope": "page"},
    "screenshot": {"include": ["screenshot"]},
}
_IMAGES = {"all": "inline", "alt": "alt", "none": "none"}
_LINKS = {"inlined": "inline", "referenced": "reference", "discarded": "none"}
_ENGINES = {"auto": "auto", "default": "auto", "browser": "always", "direct": "never", "curl": "never"}
_TIMINGS = {
    "html": "never",
    "visible-content": "auto",
    **dict.fromkeys(("mutation-idle", "resource-idle", "media-idle", "network-idle"), "always"),
}
_NO_PROXY = "proxies are the operator's: the setting PROXY_URL names them"
_REFUSED = {
    "x-base": "addresses are relative to where a page was found, `final`",
    "x-keep-img-data-url": "pictures within a page are left out",
    "x-no-gfm": "markdown is GFM",
    "x-proxy": _NO_PROXY,
    "x-proxy-url": _NO_PROXY,
    "x-robots-txt": "whether robots.txt is obeyed is the operator's: the setting RESPECT_ROBOTS",
    "x-with-generated-alt": "pictures are not described",
    "x-with-iframe": "frames are not read; read their own addresses",
    "x-md-bullet-list-marker": "lists are written with `-`",
    "x-md-em-delimiter": "emphasis is written with `*`",
    "x-md-heading-style": "headings are written as `atx`",
    "x-md-hr": "rules are written as `---`",
    "x-md-link-reference-style": "references are written as `full`",
    "x-md-strong-delimiter": "strong emphasis is written with `**`",
}
# of those, the values that are done
_DONE = {
    "x-base": {"final"},
    "x-proxy": {"auto", "none"},
    "x-md-bullet-list-marker": {"-"},
    "x-md-em-delimiter": {"*"},
    "x-md-heading-style": {"atx"},
    "x-md-hr": {"---"},
    "x-md-link-reference-style": {"full"},
    "x-md-strong-delimiter": {"**"},
}
NAMES = frozenset(
    [
        *_REFUSED,
        *(
            "dnt",
            "x-cache-tolerance",
            "x-engine",
            "x-locale",
            "x-max-output-tokens",
            "x-md-link-style",
            "x-no-cache",
        ),
        *("x-referer", "x-remove-selector", "x-respond-timing", "x-respond-with", "x-retain-images"),
        *(
            "x-return-format",
            "x-set-cookie",
            "x-target-selector",
            "x-timeout",
            "x-token-budget",
            "x-user-agent",
        ),
        *("x-wait-for-selector", "x-with-images-summary", "x-with-links-summary", "x-with-shadow-dom"),
    ]
)


class ReaderOptions(Struct, kw_only=True, frozen=True):
    """What the headers ask for.

    `fields` are those of a scrape; `token_budget` is what the content may have in all.
    """

    form: Form
    fields: dict[str, Any]
    links_summary: bool = False
    images_summary: bool = False
    token_budget: int | None = None

    def check_budget(self, tokens: int) -> None:
        """Raises TooLarge where the content has more tokens than its client wants."""
        if self.token_budget is not None and tokens > self.token_budget:
            raise TooLarge(
                f"the page has {tokens} tokens, more than x-token-budget allows; x-max-output-tokens cuts it",
                tokens=tokens,
            )


def read_headers(headers: Mapping[str, str]) -> ReaderOptions:
    """What the headers ask for.

    Args:
        headers: names in lower case.
    Raises:
        InvalidRequest: a value is none, or something is asked for that is not done.
    """
    given = {name: headers[name].strip() for name in NAMES if name in headers}
    for name, reason in _REFUSED.items():
        value = given.get(name, "")
        if value.lower() not in _OFF and value not in _DONE.get(name, ()):
            raise InvalidRequest(f"{name}: {reason}; leave it out", field=name)
    form = _form(given)
    fields = dict(_FORMS[form])
    include = list(fields.get("include", []))
    links, images = (_is_on(given, f"x-with-{name}-summary") for name in ("links", "images"))
    include += [name for name, wanted in (("links", links), ("images", images)) if wanted]
    if include:
        fields["include"] = include
    if selector := given.get("x-target-selector"):
        fields["select"] = _bounded("x-target-selector", selector)
    if selector := given.get("x-remove-selector"):
        fields["remove"] = [_bounded("x-remove-selector", selector)]
    if selector := given.get("x-wait-for-selector"):
        fields["wait_for"] = _bounded("x-wait-for-selector", selector)
    if "x-timeout" in given:
        fields["timeout_s"] = _number(given, "x-timeout", least=1, most=MAX_TIMEOUT_S)
    if "x-cache-tolerance" in given:
        fields["max_age_s"] = _number(given, "x-cache-tolerance", least=0, most=MAX_AGE_S)
    elif _is_on(given, "x-no-cache"):
        fields["max_age_s"] = 0
    if "x-max-output-tokens" in given:
        fields["max_tokens"] = _number(given, "x-max-output-tokens", least=1, most=MAX_TOKENS)
    for name, field, values in (
        ("x-retain-images", "images", _IMAGES),
        ("x-md-link-style", "links", _LINKS),
        ("x-engine", "render", _ENGINES),
        ("x-respond-timing", "render", _TIMINGS),
    ):
        if name in given:
            fields[field] = _choice(given, name, values)
    if form == "screenshot":
        fields["render"] = "always"
    if sent := _sent(given):
        fields["headers"] = sent
    if "x-set-cookie" in given or _is_on(given, "dnt"):
        fields["store"] = False
    return ReaderOptions(
        form=form,
        fields=fields,
        links_summary=links,
        images_summary=images,
        token_budget=_number(given, "x-token-budget", least=1, most=MAX_TOKENS)
        if "x-token-budget" in given
        else None,
    )


def _form(given: Mapping[str, str]) -> Form:
    name = "x-respond-with" if "x-respond-with" in given else "x-return-format"
    wanted = given.get(name, "").lower() or "content"
    for form in get_args(Form):
        if wanted == form or (wanted == "pageshot" and form == "screenshot"):
            return form  # type: ignore[no-any-return]
    raise InvalidRequest(
        f"{name}: {wanted[:60]!r} is not one of {', '.join(_FORMS)}{did_you_mean(wanted, _FORMS)}; one at a time",
        field=name,
    )


def _sent(given: Mapping[str, str]) -> dict[str, str]:
    """The headers that go to the page's server."""
    names = {"x-user-agent": "user-agent", "x-referer": "referer", "x-locale": "accept-language"}
    sent = {name: value for header, name in names.items() if (value := given.get(header))}
    # in the syntax of Set-Cookie, whose attributes are the browser's business
    cookies = [each.partition(";")[0].strip() for each in given.get("x-set-cookie", "").split(", ")]
    if cookies := [cookie for cookie in cookies if "=" in cookie]:
        sent["cookie"] = "; ".join(cookies)
    return sent


def _is_on(given: Mapping[str, str], name: str) -> bool:
    return given.get(name, "").lower() not in _OFF


def _bounded(name: str, selector: str) -> str:
    if len(selector) > 1000:
        raise InvalidRequest(f"{name}: a selector has at most 1000 characters", field=name)
    return selector


def _number(given: Mapping[str, str], name: str, *, least: int, most: float) -> int:
    text = given[name]
    if not (text.isascii() and text.isdigit() and len(text) <= 12 and least <= int(text) <= most):
        raise InvalidRequest(f"{name}: has to be a number from {least} to {most:.0f}", field=name)
    return int(text)


def _choice(given: Mapping[str, str], name: str, values: Mapping[str, str]) -> str:
    value = given[name].lower()
    if value not in values:
        raise InvalidRequest(
            f"{name}: {value[:60]!r} is not one of {', '.join(values)}{did_you_mean(value, values)}",
            field=name,
        )
    return values[value]
