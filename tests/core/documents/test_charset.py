"""Bytes to text: WHATWG's order, WHATWG's labels, valid Unicode always."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.cleaning import clean
from gateway.core.documents import charset_guess
from gateway.core.documents.charset import codec_of, decode, name_of, to_utf8

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
    assert decode(text.encode(codec), content_type=content_type).text == text


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
    assert decode(body, content_type=f"text/html; charset={label}").text == body.decode("cp1252")
    assert decode(b"<meta charset=%b>\xe9" % label.encode()).text.endswith("é")


def test_decode_keeps_damaged_utf8_as_utf8() -> None:
    text = "Größe über Straße " * 40
    assert decode(text.encode() + b"\xff end").text == text + "\ufffd end"
    assert decode(text.encode() + "é".encode()[:1]).text == text + "\ufffd"


def test_decode_drops_nuls() -> None:
    assert decode(b"<p>a\0b\0\0</p>").text == "<p>ab</p>"
    assert to_utf8("a\0b") == b"ab"
    for letters in ("a" * 4096 + "\u0394", "\u0394" * 5000, "\U0001f600" * 4097):
        assert to_utf8(letters) == letters.encode()


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
    text = decode(body, content_type=f"text/html; charset={label}").text
    assert "\0" not in text
    text.encode("utf-8")


@given(st.text(st.characters(exclude_categories=[]), max_size=60))
def test_to_utf8_is_total_and_settles(text: str) -> None:
    body = to_utf8(text)
    assert b"\0" not in body
    assert to_utf8(body.decode()) == body


SENTENCES = {
    "ru": "Гавань открыта каждый день с шести утра. Северный пирс был перестроен после зимних штормов",
    "pl": "Żółte łodzie wróciły na noc, żeglarze śpią, a molo odbudowano po sztormach.",
    "cs": "Přístav je otevřen každý den od šesti hodin ráno. Severní molo bylo po zimních bouřích zno",
    "zh": "港口每天早上六点开放。北码头在冬季风暴之后重新修建，港务局公布了新的",
    "zh-tw": "港口每天早上六點開放。北碼頭在冬季風暴之後重新修建，港務局公布了新的",
    "ja": "港は毎朝六時に開きます。北の桟橋は冬の嵐のあとに建て直され、港湾事務",
    "ko": "항구는 매일 아침 여섯 시에 문을 엽니다. 북쪽 부두는 겨울",
    "el": "Το λιμάνι είναι ανοιχτό κάθε μέρα από τις έξι το πρωί. Η βόρεια προβλήτα ξαναχτίστηκε μετά",
    "he": "הנמל פתוח בכל יום משש בבוקר. המזח הצפוני נבנה מחדש אחרי סערות החורף, ומשרד הנמל פרסם תוכני",
    "ar": "الميناء مفتوح كل يوم من الساعة السادسة صباحا. أعيد بناء الرصيف الشمالي بعد عواصف الشتاء، و",
    "th": "ท่าเรือเปิดทุกวันตั้งแต่หกโมงเช้า ท่าเทียบเรือด้านเหนือถูกสร้างขึ้นใหม่หลังพายุฤดูหนาว",
    "tr": "Liman her gün sabah altıdan itibaren açıktır. Kuzey iskelesi kış fırtınalarından sonra yen",
}


@pytest.mark.parametrize("long", [True, False], ids=["page", "heading"])
@pytest.mark.parametrize(
    ("language", "name"),
    [
        ("ru", "windows-1251"),
        ("ru", "koi8-r"),
        ("pl", "iso-8859-2"),
        ("cs", "windows-1250"),
        ("zh", "gb18030"),
        ("zh-tw", "big5"),
        ("ja", "shift_jis"),
        ("ja", "euc-jp"),
        ("ko", "euc-kr"),
        ("el", "windows-1253"),
        ("he", "windows-1255"),
        ("ar", "windows-1256"),
        ("th", "windows-874"),
        ("tr", "windows-1254"),
    ],
)
def test_decode_guesses_what_nothing_declares(language: str, name: str, long: bool) -> None:
    sentence = SENTENCES[language]
    text = f"<title>Harbour</title><h1>{sentence if long else sentence[:48]}</h1><p>All rights reserved"
    decoded = decode(text.encode(codec_of(name) or ""))
    assert decoded.text == text
    assert decoded.guessed is not None
    assert name_of(codec_of(decoded.guessed) or "") == decoded.guessed


@pytest.mark.parametrize(
    ("body", "guessed"),
    [
        pytest.param(RUSSIAN.encode("cp1251"), "windows-1251", id="undeclared"),
        pytest.param(b"<meta charset=utf-8>" + RUSSIAN.encode("cp1251"), "windows-1251", id="declared-utf-8"),
        pytest.param(b"<meta charset=euc-jp>" + RUSSIAN.encode("koi8-r"), "koi8-r", id="declared-another"),
        pytest.param(b"<meta charset=koi8-r>" + RUSSIAN.encode("koi8-r"), None, id="declared"),
        pytest.param("<p>£5, a café".encode("cp1252"), "windows-1252", id="a-sign-or-two"),
        pytest.param("<html lang=ru>Да".encode("cp1251"), "windows-1251", id="too-short-but-a-language"),
        pytest.param(b"<html lang=ja>\xe9 \xff", "windows-1252", id="not-in-that-language"),
        pytest.param(RUSSIAN.encode(), None, id="utf-8"),
        pytest.param(b"plain", None, id="ascii"),
    ],
)
def test_decode_says_which_encoding_it_guessed(body: bytes, guessed: str | None) -> None:
    assert decode(body).guessed == guessed


@pytest.mark.parametrize(
    "piece", [b"\xff", b"\x81\x40", b"<\xe9", b"\x1b$B", b"\xc3\x28", bytes(range(128, 256))]
)
def test_decode_guesses_from_a_bounded_sample(piece: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    detect = charset_guess.chardet.detect

    def count(body: bytes, **options: object) -> object:
        seen.append(len(body))
        return detect(body, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(charset_guess.chardet, "detect", count)
    decode(piece * 400_000)
    assert all(size <= 40_000 for size in seen)


def test_clean_warns_of_a_guessed_charset() -> None:
    page = clean(("<h1>Заголовок</h1><p>" + RUSSIAN).encode("koi8-r"))
    assert RUSSIAN in page.text
    assert [warning.message for warning in page.warnings if warning.code == "charset_guessed"] == [
        "nothing valid declares the charset; the bytes were read as koi8-r"
    ]
