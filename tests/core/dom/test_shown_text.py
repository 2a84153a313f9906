"""Obfuscated e-mail addresses are decoded; text is NFC, code and addresses are as the page has them."""

import unicodedata

import pytest

from gateway.core import CleanOptions, clean

PAGE = CleanOptions(scope="page")


def obfuscate(address: str, key: int = 0x54) -> str:
    """As the CDN does: the key, then each byte XORed with it."""
    return bytes([key, *(byte ^ key for byte in address.encode())]).hex()


SPAN = f'<span class="__cf_email__" data-cfemail="{obfuscate("ada@daily.example")}">[email&#160;protected]</span>'
HREF = f"/cdn-cgi/l/email-protection#{obfuscate('ada@daily.example')}"


@pytest.mark.parametrize(
    "html",
    [
        pytest.param(f"<p>Write to {SPAN} today</p>", id="span"),
        pytest.param(f'<p>Write to <a href="{HREF}">{SPAN}</a> today</p>', id="link"),
        pytest.param(
            f'<p>Write to <a href="/cdn-cgi/l/email-protection" class="__cf_email__" data-cfemail="'
            f'{obfuscate("ada@daily.example", 7)}">[email&#160;protected]</a> today</p>',
            id="marked-link",
        ),
    ],
)
def test_clean_shows_an_obfuscated_email_address(html: str) -> None:
    page = clean(f"<body><h1>Contact</h1>{html}", url="https://daily.example/contact", options=PAGE)
    assert "Write to ada@daily.example today" in page.text
    assert "protected" not in page.markdown
    assert "ada@daily.example" in page.markdown
    assert "email-protection" not in page.markdown


@pytest.mark.parametrize(
    "code",
    ["", "54", "zz", "54" * 5_000, obfuscate("no address"), obfuscate('a@b"><script>'), "5", "54ff", "é"],
)
def test_clean_leaves_what_is_no_address(code: str) -> None:
    page = clean(f'<body><p>Write to <span data-cfemail="{code}">[protected]</span> today', options=PAGE)
    assert "Write to [protected] today" in page.text


def test_clean_composes_characters_outside_of_code() -> None:
    decomposed, composed = "Cafe\u0301", "Caf\u00e9"
    page = clean(
        f'<body><h1>{decomposed}</h1><p>{decomposed} <code>{decomposed}</code> <a href="/{decomposed}">x</a></p>'
        f"<pre>{decomposed}</pre>",
        url="https://daily.example/",
        options=PAGE,
    )
    assert page.title == composed
    assert f"# {composed}" in page.markdown
    assert f"{composed} `{decomposed}`" in page.markdown
    assert f"```\n{decomposed}\n```" in page.markdown
    assert page.links[0].url in (f"https://daily.example/{decomposed}", "https://daily.example/Cafe%CC%81")


@pytest.mark.parametrize(
    "decomposed",
    ["Cafe\u0301", "\u09c7\u09be", "\u1100\u1161", "\u212b", "o\u0323\u0302", "\U00011131\U00011127"],
    ids=["mark", "vowel-sign", "jamo", "sign", "two-marks", "four-bytes"],
)
@pytest.mark.parametrize(
    "around", ["It\u2019s plain. ", "\u3053\u306e\u6587\u306f\u9577\u3044\u3002"], ids=["few", "many"]
)
def test_clean_composes_whatever_is_around(decomposed: str, around: str) -> None:
    page = clean(f"<body><p>{around * 40}{decomposed}{around * 40}</p>", options=PAGE)
    assert unicodedata.normalize("NFC", decomposed) in page.text
    assert decomposed not in page.text


def test_what_is_shown_in_each_other_is_shown_once() -> None:
    formulas = '<span data-tex="a_1">x' * 200
    assert clean(f"<p>Let {formulas}</p>", options=PAGE).markdown == "Let $a_1$"
    code = obfuscate("ada@daily.example")
    addresses = f'<span data-cfemail="{code}">x' * 200
    assert clean(f"<p>Write {addresses}</p>", options=PAGE).markdown == "Write ada@daily.example"


def test_an_attribute_of_much_text_is_no_formula() -> None:
    page = f'<p>a <span data-tex="x">{"many words " * 400}</span></p>'
    assert "many words" in clean(page, options=PAGE).markdown


def test_more_lines_than_anyone_reads_stay_one() -> None:
    page = clean(f'<p style="white-space: pre-line">{chr(10).join(map(str, range(30_000)))}', options=PAGE)
    assert "29998 29999" in page.markdown
