"""Caching decisions, a table for each question."""

import pytest

from gateway.core.http.cache_policy import (
    after_not_modified,
    current_age_s,
    fresh_until_s,
    judge_freshness,
    lifetime,
    merge_cache_headers,
    not_storable_reason,
    personal_header,
    read_cache_control,
)

NOW = 1_800_000_000.0
DATE = "Fri, 15 Jan 2027 08:00:00 GMT"


@pytest.mark.parametrize(
    ("status", "headers", "caller", "reason"),
    [
        pytest.param(200, {}, {}, None, id="plain"),
        pytest.param(301, {}, {}, None, id="moved"),
        pytest.param(404, {}, {}, "status 404", id="not-found-may-pass"),
        pytest.param(206, {}, {}, "status 206", id="partial"),
        pytest.param(500, {"cache-control": "max-age=60"}, {}, "status 500", id="server-error"),
        pytest.param(403, {}, {}, "status 403", id="refused"),
        pytest.param(200, {"cache-control": "No-Store"}, {}, "no-store", id="no-store"),
        pytest.param(200, {"cache-control": "max-age=9, private"}, {}, "private", id="private"),
        pytest.param(200, {"cache-control": 'private="x-a, x-b"'}, {}, "private", id="private-fields"),
        pytest.param(200, {"set-cookie": ""}, {}, "set-cookie", id="cookie"),
        pytest.param(200, {"vary": "accept, *"}, {}, "vary: *", id="vary-star"),
        pytest.param(200, {"vary": "accept-language"}, {}, None, id="vary"),
        pytest.param(200, {}, {"Accept-Language": "fr"}, None, id="harmless-header"),
        pytest.param(
            200, {}, {"Authorization": "x"}, "the request carried authorization", id="authorization"
        ),
        pytest.param(200, {}, {"Cookie": "x"}, "the request carried cookie", id="cookie-sent"),
        pytest.param(200, {}, {"X-Token": "x"}, "the request carried x-token", id="unknown-header"),
        pytest.param(
            200,
            {"cache-control": "public"},
            {"Authorization": "x"},
            "the request carried authorization",
            id="public-does-not-make-it-everybodys",
        ),
    ],
)
def test_response_is_kept_only_when_it_may(
    status: int, headers: dict[str, str], caller: dict[str, str], reason: str | None
) -> None:
    assert not_storable_reason(store=True, caller_headers=caller, status=status, headers=headers) == reason
    assert (
        not_storable_reason(store=False, caller_headers=caller, status=status, headers=headers)
        == "store is false"
    )


@pytest.mark.parametrize(
    ("name", "personal"),
    [
        ("Authorization", True),
        ("Cookie", True),
        ("Proxy-Authorization", True),
        ("X-Api-Key", True),
        ("X-Anything", True),
        ("Range", True),
        ("Accept-Language", False),
        ("User-Agent", False),
        ("Referer", False),
    ],
)
def test_header_is_personal_unless_known_to_be_nobodys(name: str, personal: bool) -> None:
    assert personal_header({"accept": "*/*", name: "value"}) == (name.lower() if personal else None)


@pytest.mark.parametrize(
    ("headers", "age_s", "max_age_s", "action"),
    [
        pytest.param({}, 10, 3600, "hit", id="young-enough"),
        pytest.param({}, 3600, 3600, "stale", id="just-past-within-grace"),
        pytest.param({}, 3661, 3600, "miss", id="past-grace"),
        pytest.param({"etag": '"a"'}, 3661, 3600, "revalidate", id="past-grace-with-etag"),
        pytest.param({"last-modified": DATE}, 3661, 3600, "revalidate", id="past-grace-with-date"),
        pytest.param({}, 0, 0, "miss", id="zero-forces-a-fetch"),
        pytest.param({"etag": '"a"'}, 0, 0, "revalidate", id="zero-asks-the-origin"),
        pytest.param({"cache-control": "max-age=60"}, 30, 3600, "hit", id="fresh-by-the-origin"),
        pytest.param({"cache-control": "max-age=60"}, 500, 3600, "miss", id="origin-shortens"),
        pytest.param({"cache-control": "max-age=9999"}, 500, 60, "miss", id="caller-shortens"),
        pytest.param({"cache-control": "max-age=60, must-revalidate"}, 61, 3600, "miss", id="no-grace"),
        pytest.param({"cache-control": "s-maxage=60, max-age=9999"}, 61, 3600, "miss", id="shared-lifetime"),
        pytest.param({"cache-control": "no-cache", "etag": '"a"'}, 1, 3600, "revalidate", id="no-cache"),
        pytest.param({"pragma": "no-cache"}, 1, 3600, "miss", id="pragma-alone"),
        pytest.param(
            {"pragma": "no-cache", "cache-control": "max-age=9"}, 1, 3600, "hit", id="pragma-yields"
        ),
        pytest.param(
            {"cache-control": "max-age=60, stale-while-revalidate=600"}, 500, 3600, "stale", id="origin-grace"
        ),
        pytest.param(
            {"cache-control": "max-age=60, stale-while-revalidate=600"},
            500,
            100,
            "miss",
            id="grace-has-its-limit",
        ),
        pytest.param({"cache-control": "max-age=soon"}, 1, 3600, "miss", id="unreadable-is-stale"),
        pytest.param({"expires": "0"}, 1, 3600, "miss", id="expires-zero"),
        pytest.param({"age": "100", "cache-control": "max-age=60"}, 1, 3600, "miss", id="aged-on-the-way"),
    ],
)
def test_stored_page_is_judged(headers: dict[str, str], age_s: float, max_age_s: float, action: str) -> None:
    verdict = judge_freshness(headers=headers, stored_at_s=NOW - age_s, now_s=NOW, max_age_s=max_age_s)
    assert verdict.action == action
    assert verdict.etag == headers.get("etag")
    until_s = fresh_until_s(headers=headers, stored_at_s=NOW - age_s, max_age_s=max_age_s)
    assert (action == "hit") == (until_s > NOW)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({}, None, id="silent"),
        pytest.param({"cache-control": "max-age=60"}, 60, id="max-age"),
        pytest.param({"cache-control": "s-maxage=5, max-age=60"}, 5, id="shared-first"),
        pytest.param({"expires": "Fri, 15 Jan 2027 08:01:00 GMT", "date": DATE}, 60, id="expires"),
        pytest.param({"expires": "Fri, 15 Jan 2027 07:00:00 GMT", "date": DATE}, 0, id="expired"),
        pytest.param({"expires": "-1", "date": DATE}, 0, id="unreadable"),
        pytest.param({"cache-control": "max-age=99999999999999"}, 9999999999, id="huge"),
    ],
)
def test_lifetime_is_what_the_origin_says(headers: dict[str, str], expected: float | None) -> None:
    assert lifetime(headers) == expected


def test_age_counts_from_the_origin_and_never_backwards() -> None:
    assert current_age_s({"age": "40"}, stored_at_s=NOW - 2, now_s=NOW) == 42
    assert current_age_s({"age": "-3"}, stored_at_s=NOW + 9, now_s=NOW) == 0


def test_confirmation_updates_headers_but_not_the_bodys_form() -> None:
    stored = {"etag": '"a"', "content-type": "text/html", "age": "9", "cache-control": "max-age=1"}
    fresh = {"cache-control": "max-age=60", "content-type": "text/plain", "age": "2"}
    assert after_not_modified(stored, fresh) == {
        "etag": '"a"',
        "content-type": "text/html",
        "age": "2",
        "cache-control": "max-age=60",
    }


def test_cache_control_is_read_with_quotes_and_repeats() -> None:
    assert read_cache_control('Max-Age="60", private="a,b",, no-cache, max-age=1') == {
        "max-age": "60",
        "private": "a,b",
        "no-cache": "",
    }


@pytest.mark.parametrize(
    ("earlier", "last", "control"),
    [
        pytest.param([{}], {}, None, id="nobody-says-anything"),
        pytest.param([{}], {"cache-control": "max-age=60"}, "max-age=60", id="last-alone"),
        pytest.param(
            [{"cache-control": "max-age=60"}],
            {"cache-control": "max-age=9"},
            "max-age=9",
            id="last-is-shorter",
        ),
        pytest.param(
            [{"cache-control": "max-age=5"}, {}],
            {"cache-control": "max-age=60, s-maxage=90"},
            "max-age=5, s-maxage=5",
            id="earlier-is-shorter",
        ),
        pytest.param([{"expires": "0"}], {"cache-control": "max-age=60"}, "max-age=0", id="expired"),
        pytest.param([{"cache-control": "no-cache"}], {"etag": "x"}, "no-cache", id="asks-each-time"),
        pytest.param(
            [{"cache-control": 'private="a, b"'}],
            {"cache-control": "max-age=9"},
            'private="a, b", max-age=9',
            id="private",
        ),
    ],
)
def test_responses_kept_as_one_are_judged_by_the_strictest(
    earlier: list[dict[str, str]], last: dict[str, str], control: str | None
) -> None:
    merged = merge_cache_headers(earlier, last)
    judged = read_cache_control(merged.pop("cache-control", ""))
    assert judged == read_cache_control(control or "")
    assert merged == {name: value for name, value in last.items() if name != "cache-control"}


def test_cookie_and_vary_of_earlier_responses_count() -> None:
    merged = merge_cache_headers([{"set-cookie": ""}, {"vary": "accept"}], {"vary": "*", "etag": "x"})
    assert (merged["set-cookie"], merged["vary"], merged["etag"]) == ("", "accept, *", "x")
