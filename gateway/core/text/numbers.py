"""Numbers and money as they are written on pages, in every way they can be read, with where they stand.

A number that can be read in two ways (1,299 in English and in French) yields both: it is evidence for either.
The scan is linear in the text.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from gateway.core.text.words import DIGITS, GROUPING, Span, decimals, joins

_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₩": "KRW", "₽": "RUB", "₺": "TRY"}
_SIGNS |= {"₫": "VND", "₴": "UAH", "₪": "ILS", "฿": "THB", "₱": "PHP", "₦": "NGN"}
_NAMES = {"US$": "USD", "CA$": "CAD", "C$": "CAD", "A$": "AUD", "AU$": "AUD", "NZ$": "NZD", "HK$": "HKD"}
_NAMES |= {"S$": "SGD", "NT$": "TWD", "R$": "BRL", "MX$": "MXN", "ZŁ": "PLN", "KČ": "CZK", "円": "JPY"}
_NAMES |= {"元": "CNY", "원": "KRW", "EURO": "EUR", "EUROS": "EUR", "YEN": "JPY"}
_NAMES |= {"DOLLAR": "USD", "DOLLARS": "USD"}
_CODES = (
    "AED ARS AUD BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR JPY KRW MXN MYR NGN NOK NZD "
    "PEN PHP PLN RON RUB SAR SEK SGD THB TRY TWD UAH USD VND ZAR"
)
CURRENCIES = frozenset(_CODES.split())
_MAGNITUDES = {"k": 3, "thousand": 3, "m": 6, "mn": 6, "million": 6, "b": 9, "bn": 9, "billion": 9}
_MAGNITUDES |= {"trillion": 12}

# a longer text is no number or amount
QUANTITY_CHARS = 64

_NUMBER = re.compile(rf"(?<![\d.,])\d{{1,3}}(?:[ \u00a0\u202f\u2009'’]\d{{3}}(?!\d))++(?:[.,]\d+)?|{DIGITS}")
_DIGITS = re.compile(DIGITS)
# int() takes quadratic time, and Python refuses above 4,300
_MAX_INT_DIGITS = 1000
_SIGN = f"[{''.join(_SIGNS)}]"
_BEFORE = re.compile(
    r"(?:(?P<outer>(?<![\w)\]])[-−])?"
    rf"(?P<currency>(?<![A-Za-z])[A-Za-z]{{0,2}}{_SIGN}|(?<!\w)[A-Z]{{3}})[ \u00a0]?)?"
    r"(?P<inner>(?<![\w)\]])[-−])?$"
)
_AFTER = re.compile(
    r"(?P<percent>[ \u00a0]?%)|"
    r"(?P<magnitude>(?:[kKmMbB]|[ \u00a0]?(?i:thousand|million|billion|trillion|mn|bn))(?!\w))?"
    rf"(?:[ \u00a0]?(?P<currency>[円元원]|{_SIGN}(?!\d)|"
    r"(?:[A-Z]{3}|(?i:zł|kč|dollars?|euros?|yen))(?!\w)))?"
)


class Number(NamedTuple):
    """One reading of a number; `span` takes in sign, currency, magnitude and percent sign."""

    value: float
    # ISO 4217, or "" where none stands with it
    currency: str
    span: Span


def find_numbers(text: str) -> Iterator[Number]:
    """Every number in every reading: signed, grouped, in percent, in thousands to trillions, as money."""
    for match in _NUMBER.finditer(text):
        yield from _readings_at(text, match[0], match.start())
        if GROUPING.search(match[0]):
            # "20 300" may be two numbers as well
            for part in _DIGITS.finditer(match[0]):
                yield from _readings_at(text, part[0], match.start() + part.start())


def read_quantity(text: str) -> list[Number]:
    """What a text that is a number or an amount and nothing else may mean; empty when it is neither."""
    if len(text) > QUANTITY_CHARS:
        return []
    return [number for number in find_numbers(text) if number.span == (0, len(text))]


def _readings_at(text: str, digits: str, start: int) -> Iterator[Number]:
    head_start, end = max(0, start - 8), start + len(digits)
    head = text[head_start:start]
    before, after = _BEFORE.search(head), _AFTER.match(text, end)
    # both match the empty text
    assert before and after
    currency = _currency(before["currency"])
    if not currency and (head[-1:] == "_" or joins(head[-1:], digits[0])):
        # the 200 of X200 is part of a name
        return
    sign = "-" if before["inner"] or (currency and before["outer"]) else ""
    if currency or before["inner"]:
        start = head_start + (before.start() if currency else before.start("inner"))
    if after["percent"]:
        for decimal in decimals(digits):
            for exponent in (0, -2):
                yield Number(_value(sign + decimal, exponent), "", Span(start, after.end()))
        return
    magnitude = after["magnitude"] or ""
    trailing = "" if currency else _currency(after["currency"])
    if magnitude in ("m", "b") and not (currency or trailing):
        # "5m" is a length
        magnitude = ""
    if trailing:
        end = after.end()
    elif magnitude:
        end = after.end("magnitude")
    exponent = _MAGNITUDES.get(magnitude.strip().lower(), 0)
    for decimal in decimals(digits):
        yield Number(_value(sign + decimal, exponent), currency or trailing, Span(start, end))


def _value(decimal: str, exponent: int) -> float:
    """An int where it is one, so that long numbers compare exactly."""
    if exponent == 0 and "." not in decimal and len(decimal) <= _MAX_INT_DIGITS:
        return int(decimal)
    return float(f"{decimal}e{exponent}")


def _currency(written: str | None) -> str:
    if not written:
        return ""
    written = written.upper()
    if written in CURRENCIES:
        return written
    return _SIGNS.get(written) or _NAMES.get(written, "")
