"""How Firecrawl's clients want pages read, as the use cases take it; and what is not done, by its name."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from gateway.api.bodies import checked
from gateway.api.firecrawl.types import Action, Format, JsonOptions, PageOptions
from gateway.errors import InvalidRequest
from gateway.primitives.did_you_mean import did_you_mean
from gateway.wire import AnswerCacheOptions, ScrapeOptions
from gateway.wire import actions as wire
from gateway.wire.common import MAX_TIMEOUT_S
from gateway.wire.jobs import PageQuestion
from gateway.wire.scrape import Include

MAX_AGE_S = 31_536_000
MAX_SELECTOR_CHARS = 1_000
MAX_WAIT_MS = 60_000
UNKEPT = AnswerCacheOptions(store=False)
SUMMARY = (
    "Summarise the page in at most three paragraphs, in the language that it is written in. Say nothing that it does "
    "not say."
)
# forms of a page: the part of a scrape that each is made of, None for what is made otherwise
_FORMS: dict[str, Include | None] = {
    "markdown": None,
    "html": "html",
    "rawHtml": "raw_html",
    "links": "links",
    "images": "images",
    "changeTracking": "changes",
    "screenshot": "screenshot",
    "screenshot@fullPage": "screenshot",
    "json": None,
    "extract": None,
    "summary": None,
}
_FORMS_NOT_DONE = frozenset(
    "attributes audio branding content deterministicJson highlights menu product query question "
    "rawBase64 video".split()
)
# a client that sends one of these relies on it
_REFUSED = {
    "skipTlsVerification": "certificates are always verified here; leave it out",
    "checkPromptInjection": "pages are not searched for prompt injection here; leave it out",
    "redactPII": "nothing is redacted here; leave it out",
    "lockdown": "a page that the cache does not have is fetched; leave it out",
    "regexOnFullURL": "patterns are searched for in the path alone; leave it out, and write them so",
    "appendToId": "a batch takes no more pages; start another one",
    "enableWebSearch": "only pages that are named are read; find some with POST /v2/search, and send them as `urls`",
}
# the result is there without them; the values are those that ask for nothing
_NOT_DONE: dict[str, tuple[Any, ...]] = {
    "agent": (),
    "allowExternalLinks": (),
    "categories": (),
    "changeTrackingOptions": (),
    "country": (),
    "fastMode": (False,),
    "filter": (),
    "location": (),
    "minAge": (0,),
    "mobile": (False,),
    "parsePDF": (True,),
    "profile": (),
    "prompt": (),
    "proxy": ("auto", "basic"),
    "removeBase64Images": (True,),
    "robotsUserAgent": (),
    "threatProtection": (),
    "useMock": ("none",),
}
_OF_A_PAGE = frozenset(
    "changeTrackingOptions fastMode location minAge mobile parsePDF profile proxy removeBase64Images "
    "threatProtection useMock".split()
)
OF_A_CRAWL = frozenset({"prompt", "robotsUserAgent"})
OF_A_MAP = frozenset({"location", "threatProtection"})
OF_A_SEARCH = frozenset({"categories", "country", "filter", "location"})
OF_AN_EXTRACT = frozenset({"agent", "allowExternalLinks"})


class Wanted(Struct, kw_only=True, frozen=True):
    """What a client wants of pages.

    `formats` are Firecrawl's names; `questions` are asked of every page, by the name of the answer. `not_done` names
    what was asked for and is not done.
    """

    options: ScrapeOptions
    formats: frozenset[str]
    questions: dict[str, PageQuestion]
    not_done: list[str]


def read_options(options: PageOptions, given: Mapping[str, Any]) -> Wanted:
    """How pages are to be read.

    Args:
        given: the whole object that `options` was made of.
    Raises:
        InvalidRequest: something is asked for that is refused, or that does not exist.
    """
    refuse(given)
    not_done = find_not_done(given, _OF_A_PAGE)
    not_done += _parsers_not_done(given.get("parsers"))
    forms = [Format(type=each) if isinstance(each, str) else each for each in options.formats or ["markdown"]]
    formats = set()
    for form in forms:
        if form.type in _FORMS:
            formats.add(form.type.partition("@")[0])
            if "json" in (form.modes or []) or form.tag:
                not_done.append(f"formats.{form.type}.{'tag' if form.tag else 'json'}")
        elif form.type in _FORMS_NOT_DONE:
            not_done.append(f"formats.{form.type}")
        else:
            raise InvalidRequest(
                f"formats: {form.type[:60]!r} is not one of {', '.join(_FORMS)}{did_you_mean(form.type, _FORMS)}",
                field="formats",
            )
    actions = [] if options.actions is None else _actions(options.actions, not_done)
    include = {part for name in formats if (part := _FORMS[name])}
    if "screenshot" in {action.type for action in options.actions or []}:
        include.add("screenshot")
        formats.add("actions")
    # bare HTML is the content itself; markdown is, wherever it is asked for or a question is put to it
    bare_html = "html" in formats and not formats & {"markdown", "json", "extract", "summary"}
    may_store = options.store_in_cache is not False and not options.zero_data_retention
    select = ", ".join(options.include_tags) if options.include_tags else None
    if select and len(select) > MAX_SELECTOR_CHARS:
        raise InvalidRequest(
            f"`includeTags`: {len(select)} characters, joined by commas, are more than the {MAX_SELECTOR_CHARS} that a "
            "page is searched for; send fewer or shorter selectors",
            field="includeTags",
        )
    if options.timeout is not None and options.timeout < 1:
        raise InvalidRequest("`timeout`: it is in milliseconds, at least 1", field="timeout")
    scrape = ScrapeOptions(
        format="html" if bare_html else "markdown",
        include=sorted(include - {"html"} if bare_html else include),
        scope="page" if options.only_main_content is False else "main",
        select=select,
        remove=options.exclude_tags or [],
        images="inline",
        max_age_s=_max_age_s(options, formats),
        timeout_s=None if options.timeout is None else min(options.timeout / 1000, MAX_TIMEOUT_S),
        headers=options.headers or {},
        wait_for=min(int(options.wait_for), MAX_WAIT_MS) if options.wait_for else None,
        actions=actions,
    )
    wanted = Wanted(
        options=checked(scrape),
        formats=frozenset(formats),
        questions=_questions(options, forms),
        not_done=not_done,
    )
    return wanted if may_store else without_keeping(wanted)


def without_keeping(wanted: Wanted) -> Wanted:
    """The same, with neither pages nor answers kept in the cache."""
    questions = {name: msgspec.structs.replace(each, cache=UNKEPT) for name, each in wanted.questions.items()}
    options = msgspec.structs.replace(wanted.options, store=False)
    return msgspec.structs.replace(wanted, options=options, questions=questions)


def refuse(given: Mapping[str, Any]) -> None:
    """Raises InvalidRequest for what a client would rely on in vain."""
    for name, reason in _REFUSED.items():
        if given.get(name):
            raise InvalidRequest(f"`{name}`: {reason}", field=name)


def find_not_done(given: Mapping[str, Any], names: frozenset[str]) -> list[str]:
    """Those of the names that ask for something."""
    return [
        name
        for name in sorted(names)
        if given.get(name) not in (None, "", [], {}) and given[name] not in _NOT_DONE[name]
    ]


def warning_of(not_done: list[str], *messages: str) -> str | None:
    """What the client should know, in one text; None where there is nothing."""
    names = ", ".join(dict.fromkeys(not_done))
    parts = [f"this gateway does not do: {names}"] if names else []
    return "; ".join([*parts, *dict.fromkeys(messages)]) or None


def with_scheme(url: str) -> str:
    """An address as Firecrawl takes it: without a scheme too."""
    return url.strip() if "://" in url else f"https://{url.strip()}"


def question(name: str, *, prompt: str | None, schema: dict[str, Any] | None) -> PageQuestion:
    """What is asked of a page. An answer is always JSON: an object, where there is no schema.

    Raises:
        InvalidRequest: nothing is asked.
    """
    if not prompt and schema is None:
        raise InvalidRequest(f"`{name}`: send `prompt`, `schema` or both", field=name)
    return checked(PageQuestion(prompt=prompt or None, schema=schema or {"type": "object"}, evidence=False))


def joined_prompt(*prompts: str | None) -> str | None:
    """The prompts that there are, as one."""
    return "\n\n".join(each for each in prompts if each) or None


def _max_age_s(options: PageOptions, formats: set[str]) -> float:
    if "changeTracking" in formats:
        # what is to be compared is fetched, whatever age the client sends: it always sends one
        return 0
    return ScrapeOptions().max_age_s if options.max_age is None else min(options.max_age / 1000, MAX_AGE_S)


def _questions(options: PageOptions, forms: list[Format]) -> dict[str, PageQuestion]:
    found = {}
    for form in forms:
        if form.type == "summary":
            found["summary"] = PageQuestion(prompt=SUMMARY, evidence=False)
        elif form.type in ("json", "extract"):
            v1 = (options.extract if form.type == "extract" else options.json_options) or JsonOptions()
            prompt = joined_prompt(v1.system_prompt, form.prompt or v1.prompt)
            found[form.type] = question(form.type, prompt=prompt, schema=form.schema or v1.schema)
    return found


def _actions(actions: list[Action], not_done: list[str]) -> list[wire.Action]:
    """The steps that are done.

    Raises:
        InvalidRequest: a step that others may depend on cannot be done.
    """
    found = []
    for position, action in enumerate(actions):
        fields: dict[str, Any]
        match action.type:
            case "wait":
                fields = {"ms": action.milliseconds, "selector": action.selector}
            case "click":
                fields = {"selector": action.selector}
            case "write":
                fields = {"text": action.text, "selector": action.selector}
            case "press":
                fields = {"key": action.key}
            case "scroll":
                fields = {"selector": action.selector}
            case "screenshot":
                continue
            case "scrape" | "pdf":
                not_done.append(f"actions.{action.type}")
                continue
            case _:
                raise InvalidRequest(
                    f"`actions[{position}]`: {action.type[:60]!r} cannot be done; there are wait, click, write, press, "
                    "scroll and screenshot",
                    field="actions",
                )
        given = {name: value for name, value in fields.items() if value is not None}
        try:
            found.append(msgspec.convert({"type": action.type, **given}, wire.Action))
        except msgspec.ValidationError as exc:
            raise InvalidRequest(f"`actions[{position}]`: {exc}", field="actions") from exc
    return found


def _parsers_not_done(parsers: Any) -> list[str]:
    """PDFs are always read, and as a whole."""
    if parsers is None or parsers == ["pdf"]:
        return []
    plain = isinstance(parsers, list) and all(
        each == "pdf" or (isinstance(each, dict) and each.keys() == {"type"} and each["type"] == "pdf")
        for each in parsers
    )
    return [] if plain and parsers else ["parsers"]
