"""Bytes of a page to text, the way a browser reads them, and always to valid Unicode.

The order is WHATWG's (Encoding Standard; HTML Standard, 13.2.3 "determining the character encoding"):
byte order mark, HTTP header, `<meta>`, then a guess by the bytes and the page's language. Two deliberate
differences: bytes that are valid UTF-8 are UTF-8 whatever a header claims, since text in a legacy encoding
almost never is by accident, while pages moved to UTF-8 behind an old server header are common; and a declared
encoding that the bytes plainly are not in counts as not declared.

Only WHATWG's labels name an encoding. Python would also honour `zlib`, `punycode`, `utf-7` or
`unicode_escape`, none of which a page may choose.
"""

import codecs
import re

from msgspec import Struct

from gateway.core.documents.charset_guess import guess_encoding
from gateway.wire import Notice

# characters that are encoded at a time
_PIECE = 4096
# Python codec: the WHATWG labels it answers to, lower case (https://encoding.spec.whatwg.org/#names-and-labels).
# `replacement` encodings (hz-gb-2312, iso-2022-kr …) are left out: their labels count as unknown.
_LABELS = {
    "utf-8": "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8",
    "cp866": "866 cp866 csibm866 ibm866",
    "iso8859-2": "csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2",
    "iso8859-3": "csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3",
    "iso8859-4": "csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4",
    "iso8859-5": "csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595 iso_8859-5"
    " iso_8859-5:1988",
    "iso8859-6": "arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6 iso-8859-6-e"
    " iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987",
    "iso8859-7": "csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7 iso88597"
    " iso_8859-7 iso_8859-7:1987 sun_eu_greek",
    "iso8859-8": "csiso88598e csiso88598i csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-8859-8-i"
    " iso-ir-138 iso8859-8 iso88598 iso_8859-8 iso_8859-8:1988 logical visual",
    "iso8859-10": "csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6",
    "iso8859-13": "iso-8859-13 iso8859-13 iso885913",
    "iso8859-14": "iso-8859-14 iso8859-14 iso885914",
    "iso8859-15": "csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9",
    "iso8859-16": "iso-8859-16",
    "koi8-r": "cskoi8r koi koi8 koi8-r koi8_r",
    "koi8-u": "koi8-ru koi8-u",
    "mac-roman": "csmacintosh mac macintosh x-mac-roman",
    "mac-cyrillic": "x-mac-cyrillic x-mac-ukrainian",
    "cp874": "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874",
    "cp1250": "cp1250 windows-1250 x-cp1250",
    "cp1251": "cp1251 windows-1251 x-cp1251",
    "cp1252": "ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591"
    " iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252 x-user-defined",
    "cp1253": "cp1253 windows-1253 x-cp1253",
    "cp1254": "cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5"
    " latin5 windows-1254 x-cp1254",
    "cp1255": "cp1255 windows-1255 x-cp1255",
    "cp1256": "cp1256 windows-1256 x-cp1256",
    "cp1257": "cp1257 windows-1257 x-cp1257",
    "cp1258": "cp1258 windows-1258 x-cp1258",
    "gb18030": "chinese csgb2312 csiso58gb231280 gb18030 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk",
    "big5hkscs": "big5 big5-hkscs cn-big5 csbig5 x-x-big5",
    "euc_jp": "cseucpkdfmtjapanese euc-jp x-euc-jp",
    "iso2022_jp": "csiso2022jp iso-2022-jp",
    "cp932": "csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis",
    "cp949": "cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601"
    " windows-949",
    "utf-16-be": "unicodefffe utf-16be",
    "utf-16-le": "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le",
}
_CODECS = {label: codec for codec, labels in _LABELS.items() for label in labels.split()}
# WHATWG's own name, where it is not that of Python or the one below
_NAMES = {
    **{"big5hkscs": "big5", "cp866": "ibm866", "cp874": "windows-874", "cp932": "shift_jis"},
    **{"cp949": "euc-kr", "euc_jp": "euc-jp", "iso2022_jp": "iso-2022-jp", "mac-roman": "macintosh"},
    "mac-cyrillic": "x-mac-cyrillic",
}
# as chardet names them; text in the others is known by its first bytes or is valid UTF-8 too
_GUESSED_AMONG = sorted(
    codec.replace("_", "-") for codec in _LABELS if not codec.startswith("utf-") and codec != "iso2022_jp"
)
_BY_PYTHON_NAME = {codecs.lookup(codec).name: codec for codec in _LABELS}

# What a browser of that locale assumes where nothing is declared (HTML Standard, 13.2.3.2, step 9).
_BY_LANGUAGE = {
    codec: languages.split()
    for codec, languages in {
        "cp1256": "ar fa",
        "cp1251": "be bg ky mk ru sr tg uk",
        "cp1250": "cs hr sk",
        "iso8859-2": "hu pl sl",
        "iso8859-7": "el",
        "cp1257": "et lt lv",
        "cp1255": "he",
        "cp932": "ja",
        "cp949": "ko",
        "cp874": "th",
        "cp1254": "az ku tr",
        "cp1258": "vi",
        "gb18030": "zh",
    }.items()
}
_FALLBACK = {language: codec for codec, languages in _BY_LANGUAGE.items() for language in languages}
_TRADITIONAL = ("zh-tw", "zh-hk", "zh-mo", "zh-hant")

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_BE, "utf-16-be"), (codecs.BOM_UTF16_LE, "utf-16-le"))
# where the Standard's prescan stops
_PRESCAN_BYTES = 1024
# a parser that meets a later <meta> changes its mind: this far
_HEAD_BYTES = 65_536
# fewer mistakes than one in so many non-ASCII bytes: UTF-8, damaged
_HIGH_BYTES_A_MISTAKE = 20

_HEADER_CHARSET = re.compile(r"charset\s*+=\s*+[\"']?+\s*+([^\s\"';,]+)", re.I)
_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.S)
_META = re.compile(rb"<meta[\s/][^>]{0,500}", re.I)
_META_CHARSET = re.compile(rb"[\s/\"']charset\s*+=\s*+[\"']?+\s*+([^\s\"'/>;]+)", re.I)
_CONTENT_CHARSET = re.compile(rb"[\s\"';]charset\s*+=\s*+[\"']?+\s*+([^\s\"'/>;]+)", re.I)
_CONTENT_TYPE = re.compile(rb"http-equiv\s*+=\s*+[\"']?+\s*+content-type", re.I)
_CONTENT = re.compile(rb"[\s/\"']content\s*+=", re.I)
_XML = re.compile(rb"\s*+<\?xml[^>]{0,200}?encoding\s*+=\s*+[\"']([^\"'>]+)", re.I)
_LANGUAGE = re.compile(rb"<html[^>]{0,500}?\slang\s*+=\s*+[\"']?+\s*+([a-z0-9-]{2,20})", re.I)
_ASCII = bytes(range(128))


class Decoded(Struct, frozen=True, kw_only=True):
    """The text of a body, and WHATWG's name of its encoding where that had to be guessed."""

    text: str
    guessed: str | None = None


def decode(body: bytes, *, content_type: str = "") -> Decoded:
    """Turn the bytes of a page into text that holds no NUL and no lone surrogate.

    Args:
        body: the page as received, decompressed.
        content_type: the HTTP header's value, if there was one.
    Returns:
        Text that encodes to UTF-8; bytes that mean nothing become U+FFFD, NULs disappear.
    Source: WHATWG Encoding Standard, 6.1 "decode"; HTML Standard, 13.2.3.
    """
    for mark, codec in _BOMS:
        if body.startswith(mark):
            return Decoded(text=body[len(mark) :].decode(codec, "replace").replace("\0", ""))
    if b"\0" in body:
        if wide := _wide_codec(body, content_type):
            return Decoded(text=body.decode(wide, "replace").replace("\0", ""))
        body = body.translate(None, b"\0")
    declared = _declared(body, content_type)
    if declared == "iso2022_jp" and b"\x1b" in body:
        # seven bits, so always valid UTF-8 too
        return Decoded(text=body.decode(declared, "replace"))
    if (text := _as_utf8(body)) is not None:
        return Decoded(text=text)
    if declared:
        text = body.decode(declared, "replace")
        if not _is_damaged(text, body):
            return Decoded(text=text)
    guessed = _guess(body)
    return Decoded(text=body.decode(guessed, "replace"), guessed=name_of(guessed))


def notice_of_guess(guessed: str) -> Notice:
    """The warning that a page's encoding was guessed."""
    message = f"nothing valid declares the charset; the bytes were read as {guessed}"
    return Notice(code="charset_guessed", message=message)


def encode(text: str) -> bytes:
    """`text.encode()`, faster: of a page's pieces, most are ASCII, which takes no encoder.

    Raises:
        UnicodeEncodeError: it has half of a surrogate pair.
    """
    return b"".join([text[at : at + _PIECE].encode() for at in range(0, len(text), _PIECE)])


def to_utf8(text: str) -> bytes:
    """Text that was never bytes as valid UTF-8: no NUL, halves of surrogate pairs joined or replaced."""
    try:
        body = encode(text)
    except UnicodeEncodeError:
        body = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
    return body.translate(None, b"\0") if b"\0" in body else body


def codec_of(label: str) -> str | None:
    """The Python codec for a WHATWG encoding label, or None where it is not one."""
    return _CODECS.get(label.strip("\t\n\f\r ").lower())


def name_of(codec: str) -> str:
    """WHATWG's name of an encoding, for one of the codecs that `codec_of` gives."""
    if codec in _NAMES:
        return _NAMES[codec]
    return codec.replace("cp", "windows-") if codec.startswith("cp") else codec.replace("iso8859", "iso-8859")


def _wide_codec(body: bytes, content_type: str) -> str | None:
    """UTF-16 without a mark: the header says so, or every other byte of the first markup is NUL."""
    header = _HEADER_CHARSET.search(content_type)
    if header and (codec := codec_of(header[1])) and codec.startswith("utf-16"):
        return codec
    at = body.find(b"<", 0, 64)
    if at < 0 or body[at + 1 : at + 2] != b"\0" or body[at + 3 : at + 4] != b"\0":
        return None
    return "utf-16-be" if at % 2 else "utf-16-le"


def _declared(body: bytes, content_type: str) -> str | None:
    """The first legacy encoding that header, `<meta>` or XML declaration name. UTF-8 needs no naming."""
    header = _HEADER_CHARSET.search(content_type)
    labels = [header[1]] if header else []
    head = _COMMENT.sub(b"", body[:_PRESCAN_BYTES])
    labels += _meta_labels(head) or _meta_labels(_COMMENT.sub(b"", body[_PRESCAN_BYTES:_HEAD_BYTES]))
    if xml := _XML.match(head):
        labels.append(xml[1].decode("ascii", "ignore"))
    codecs_named = [codec for label in labels if (codec := codec_of(label))]
    # a <meta> that could be read as ASCII is not UTF-16
    return next((codec for codec in codecs_named if not codec.startswith("utf-")), None)


def _meta_labels(head: bytes) -> list[str]:
    found = []
    for tag in _META.findall(head):
        content = _CONTENT.search(tag)
        match = _META_CHARSET.search(tag[: content.start()] if content else tag)
        if not match and content and _CONTENT_TYPE.search(tag):
            match = _CONTENT_CHARSET.search(tag, content.end())
        if match:
            found.append(match[1].decode("ascii", "ignore"))
    return found


def _as_utf8(body: bytes) -> str | None:
    """The body as UTF-8 if it is that, perhaps cut short or slightly damaged; else None."""
    try:
        text, used = codecs.utf_8_decode(body, "strict", False)
    except UnicodeDecodeError:
        text = body.decode("utf-8", "replace")
        return None if _is_damaged(text, body) else text
    if used == len(body):
        return text
    # cut inside a character
    return None if text.isascii() else text + "\ufffd"


def _is_damaged(text: str, body: bytes) -> bool:
    """Whether a decoding made so many mistakes that it is the wrong one."""
    mistakes = text.count("\ufffd")
    return mistakes > 0 and mistakes * _HIGH_BYTES_A_MISTAKE >= len(body.translate(None, _ASCII))


def _guess(body: bytes) -> str:
    """The codec by the bytes; where they look Western, what the page's language is written in."""
    name = guess_encoding(body, among=_GUESSED_AMONG)
    codec = (codec_of(name) or _BY_PYTHON_NAME.get(codecs.lookup(name).name)) if name else None
    if codec and codec != "cp1252":
        return codec
    of_language = _codec_of_language(body)
    return of_language if not _is_damaged(body.decode(of_language, "replace"), body) else codec or "cp1252"


def _codec_of_language(body: bytes) -> str:
    match = _LANGUAGE.search(body[:_HEAD_BYTES])
    language = match[1].decode("ascii").lower() if match else ""
    if language.startswith(_TRADITIONAL):
        return "big5hkscs"
    return _FALLBACK.get(language.split("-")[0], "cp1252")
