"""Bytes to text: WHATWG's order, WHATWG's labels, valid Unicode always."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.documents.charset import codec_of, decode, to_utf8

RUSSIAN = "Привет, мир: обычный текст"


@pytest.mark.parametrize(
    ("text", "codec", "content_type"),
    [
        pytest.param("naïve – “quoted”", "utf-8", "", id="utf-8-undeclared"),
        pytest.param("naïve – “quoted”", "utf-8-sig", "text/html; charset=koi8-r", id="mark-beats-header"),
        pytest.param("naïve – text", "utf-16", "text/html; charset=utf-8", id="utf-16-mark"),
        pytest.param("<p>naïve</p>", "utf-16-le", "", id="utf-16-le-without-mark"),
        pytest.param("<p>naïve</p>", "utf-16-be", "", id="utf-16-be-without-mark"),
        pytest.param("naïve", "utf-16-le", "text/html; charset=UTF-16LE", id="utf-16-by-header"),
        pytest.param(RUSSIAN, "cp1251", 'text/html; charset="windows-1251"', id="header-quoted"),
        pytest.param(RUSSIAN, "koi8-r", "text/html;charset=KOI8-R ; x=y", id="header-case"),
        pytest.param(
            "<meta charset=windows-1251>" + RUSSIAN, "koi8-r", "x; charset=koi8-r", id="header-first"
        ),
        pytest.param("<meta charset='windows-1251'>" + RUSSIAN, "cp1251", "", id="meta-charset"),
        pytest.param("<META  CHARSET = koi8-r />" + RUSSIAN, "koi8-r", "", id="meta-upper-case"),
        pytest.param(
            '<meta http-equiv="Content-Type" content="text/html; charset=Shift_JIS">日本語のページ',
            "cp932",
            "",
            id="meta-http-equiv",
        ),
        pytest.param(
            "<!-- <meta charset=koi8-r> --><meta charset=windows-1251>" + RUSSIAN,
            "cp1251",
            "",
            id="not-in-comment",
        ),
        pytest.param(
            "<!--" + "x" * 3000 + "--><meta charset=cp1251>" + RUSSIAN, "cp1251", "", id="late-meta"
        ),
        pytest.param('<?xml version="1.0" encoding="gbk"?><p>中文网页', "gbk", "", id="xml-declaration"),
        pytest.param("日本語のページ", "iso2022_jp", "text/html; charset=iso-2022-jp", id="seven-bit"),
        pytest.param("£5 – “fine”", "cp1252", "text/html; charset=iso-8859-1", id="latin-1-is-windows-1252"),
        pytest.param("£5 – “fine”", "cp1252", "", id="undeclared-windows-1252"),
        pytest.param("<html lang='ru'>" + RUSSIAN, "cp1251", "", id="by-language"),
        pytest.param("<html class=x lang=zh-TW>繁體中文網頁", "big5", "", id="by-script-of-language"),
        pytest.param("<html lang=ja>日本語のページです", "cp932", "", id="by-language-japanese"),
        pytest.param("naïve – “quoted”", "utf-8", "text/html; charset=iso-8859-1", id="header-lies-utf-8"),
        pytest.param(
            "<meta charset=utf-8>£5 – “fine”", "cp1252", "text/html; charset=utf-8", id="utf-8-lies"
        ),
    ],
)
def test_decode_reads_what_a_browser_reads(text: str, codec: str, content_type: str) -> None:
    assert decode(text.encode(codec), content_type=content_type) == text


@pytest.mark.parametrize(
    "label",
    [
        "zlib",
        "punycode",
        "utf-7",
        "utf_7",
        "unicode_escape",
        "raw_unicode_escape",
        "idna",
        "rot13",
        "base64",
        "undefined",
        "mbcs",
        "hex",
        "bz2",
        "quopri",
        "uu",
        "hz",
        "hz-gb-2312",
        "iso-2022-kr",
        "utf-32",
        "cp037",
    ],
)
def test_decode_refuses_labels_of_python_alone(label: str) -> None:
    assert codec_of(label) is None
    body = b"+ADw-script+AD4- \\x41 xn--bcher-kva \xe9"
    assert decode(body, content_type=f"text/html; charset={label}") == body.decode("cp1252")
    assert decode(b"<meta charset=%b>\xe9" % label.encode()).endswith("é")


def test_decode_keeps_damaged_utf8_as_utf8() -> None:
    text = "Größe über Straße " * 40
    assert decode(text.encode() + b"\xff end") == text + "\ufffd end"
    assert decode(text.encode() + "é".encode()[:1]) == text + "\ufffd"


def test_decode_drops_nuls() -> None:
    assert decode(b"<p>a\0b\0\0</p>") == "<p>ab</p>"
    assert to_utf8("a\0b") == b"ab"


def test_to_utf8_joins_or_replaces_surrogates() -> None:
    assert to_utf8("a\ud83d\ude00b\ud800c").decode() == "a\U0001f600b\ufffdc"


@given(
    st.binary(max_size=400),
    st.sampled_from(
        ["", "utf-8", "utf-16le", "gb18030", "big5", "euc-jp", "iso-2022-jp", "shift_jis", "euc-kr"]
    )
    | st.text(max_size=12),
)
def test_decode_is_total_and_its_text_encodes(body: bytes, label: str) -> None:
    text = decode(body, content_type=f"text/html; charset={label}")
    assert "\0" not in text
    text.encode("utf-8")


@given(st.text(st.characters(exclude_categories=[]), max_size=60))
def test_to_utf8_is_total_and_settles(text: str) -> None:
    body = to_utf8(text)
    assert b"\0" not in body
    assert to_utf8(body.decode()) == body
