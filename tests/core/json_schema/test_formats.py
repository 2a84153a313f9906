"""Formats of JSON Schema: each with values that have it and values that do not."""

import pytest

from gateway.core.json_schema.formats import FORMATS
from gateway.core.json_schema.schema import Schema

VALUES: dict[str, tuple[list[str], list[str]]] = {
    "date": (
        ["2024-02-29", "1999-12-31"],
        ["2023-02-29", "20240229", "2024-2-9", "2024-02-29T00", "٢٠٢٤-٠١-٠١", ""],
    ),
    "time": (
        ["08:30:06Z", "23:59:60+01:00", "00:00:00.5-23:59"],
        ["08:30", "24:00:00Z", "08:30:06", "8:30:06Z"],
    ),
    "date-time": (
        ["2024-02-29T08:30:06.2Z", "2024-02-29t08:30:06+02:00"],
        ["2024-02-29 08:30:06Z", "2024-02-29", "T"],
    ),
    "duration": (["P3Y6M4DT12H30M5S", "P2W", "PT36H", "P1D"], ["P", "PT", "1D", "P1H", "P1W2D", "P1Y2D"]),
    "email": (["joe@example.com", "joe@localhost", "je suis@x.fr"], ["joe", "@x", "joe@", "joe@a b"]),
    "hostname": (["example.com", "a-b.c1"], ["-a.com", "a_b", "a..b", "a." + "b" * 64, ""]),
    "ipv4": (
        ["127.0.0.1", "255.255.255.255"],
        ["256.0.0.1", "1.2.3", "1.2.3.4.", "1.2.3.4.5", "01.2.3.4", "1.2.3.4\n"],
    ),
    "ipv6": (["::1", "2001:db8::ff00:42:8329"], ["1::2::3", "12345::", "fe80::1%eth0", "::1 "]),
    "uri": (
        ["https://example.org/a?b#c", "urn:isbn:1", "https://例え.jp/"],
        ["/a", "example.org", "http://a b", "http://<x>"],
    ),
    "uuid": (
        ["2EB8AA08-AA98-11EA-B4AA-73B441D16380"],
        ["2eb8aa08aa9811eab4aa73b441d16380", "2eb8aa08-aa98-11ea"],
    ),
}


def test_every_format_has_examples() -> None:
    assert VALUES.keys() == FORMATS.keys()


@pytest.mark.parametrize("name", VALUES)
def test_format_is_checked(name: str) -> None:
    schema = Schema({"format": name})
    right, wrong = VALUES[name]
    assert [text for text in right if schema.violations(text)] == []
    assert [text for text in wrong if not schema.violations(text)] == []
    assert schema.violations(wrong[0])[0].message.endswith(f"is not of the format '{name}'")
    assert not schema.violations(5)


def test_unknown_format_is_a_note() -> None:
    assert not Schema({"type": "string", "format": "phone number"}).violations("x")
