"""Names of people, out of what stands in bylines and in data."""

import re
from collections.abc import Callable, Iterable

from gateway.core.metadata.placeholders import is_placeholder

MAX_NAMES = 20
_MAX_CHARACTERS = 100
_MAX_PIECES = 30
_MAX_REFUSED = 6

# "di", "von" and "de" begin names too: they are taken off in front of two words, and in bylines only
_BY = re.compile(
    r"^\W*(?:(?:(?:written|posted|published|story|words|text|article|reviewed|reported|created|submitted|authored"
    r"|updated|geschrieben|veröffentlicht|ein beitrag|publié|écrit|rédigé|escrito|publicado|scritto|pubblicato"
    r"|geschreven|skrevet|skrivet|tekst|text|napisane|opublikowane|ditulis)\s+)?"
    r"(?:by|par|por|door|av|af|przez|oleh|автор|από|bởi)\b"
    r"|(?:авторы?|автор статьи|текст|autore?|auteur|autor(?:in|ka|zy|ul)?|author|verfasser(?:in)?|redacteur|författare"
    r"|forfatter|kirjoittaja|tekijä|yazar|yazan|szerző|penulis|tác giả|συντάκτης|text|words|story)(?=\s?:)"
    r"|بقلم|الكاتب|כתב|מאת|作者|文|撰文|記者|记者|著者|執筆|筆者|글쓴이|글)(?:\s*[:：/／]\s*|\s+|$)",
    re.I,
)
_BY_OR_NAME = re.compile(
    r"^\W*(?:[Vv]on|[Dd]i|[Dd]e|[Dd]a)\s+(?=[^\W\d_][^\s,]*\s+[^\W\d_])(?!de[rnmls]?\s|la\s)"
)
# … and in lower case in front of one word too: who is called so is not called by it alone
_BY_WORD = re.compile(r"^\W*(?:von|di|de|da)\s+(?=[^\W\d_a-z][^\s,]*$)")
_PARTICLE_FIRST = re.compile(r"^(?:Von|Di|De|Da)\s+(?:der|den|dem|la|las|los|le)\s")
# who made the pictures, or put the text into another language, is not who wrote it
_CRAFT = (
    r"(?:photos?|photograph(?:s|y|ies?)?|pictures?|images?|illustrat(?:ions?|ed)|drawings?|graphics?|artwork|videos?"
    r"|translat(?:ed|ion)|fotos?|fotograf(?:ie|ía|ia|ías)|bild(?:er)?|zeichnung(?:en)?|grafik(?:en)?|illustrationen"
    r"|übersetz(?:t|ung)|traduit|traducción|traduzione|ilustraci(?:ón|ones)|illustrazion[ei]|foto's|beeld|kuvat?"
    r"|zdjęci[ea]|фото|fotoğraf(?:lar)?|صور|写真|图片?|摄影|사진)"
)
_CREDIT = re.compile(rf"^\W*{_CRAFT}(?:\s+(?:by|von|par|por|de|di|da|door|av|af|przez))?\b", re.I)
_CREDIT_BEFORE = re.compile(rf"\b{_CRAFT}$", re.I)
# in a text whose white space is single spaces
_END = re.compile(
    r"[|•·—–…»]| - | / |,? (?:on|at|in|is|for|published|updated|posted|last|view|edited by|contact) |,? \d{1,2}[ ,./-]"
    r"|,? (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)(?:uary|ruary|ch|il|e|y|ust|t|tember|ober|ember)?\.?"
    r"(?: \d|$)|,? (?:photos?|fotos?|photographs?|pictures|images|illustrations?|bilder|video)(?:\s?:| by )"
    r"|,? (?:mon|tues?|wednes|thurs?|fri|satur|sun)day\b| (?:view|follow|posted|published|updated)$|\(@",
    re.I,
)
_ROLE = re.compile(
    r"(?:writers?|reporters?|editors?|correspondents?|contributors?|columnists?|journalists?|critics?|producers?"
    r"|photographers?|authors?|bloggers?|staff|team|founder|ceo|officer|director|manager|redakteur(?:in)?"
    r"|journaliste|redattore|periodista|specialist|analyst|strategist)$",
    re.I,
)
# white space is single spaces here
_JOIN = re.compile(r" (?:and|und|et|y|e|och|og|en|i|и|και|&) |;")
_JOINS = frozenset(", & ; / · and und et y e och og en i и και with mit".split())
_NO_NAME = re.compile(
    r"https?:|www\.|@|\d{3}|^\d+ |^(?:news|blog|our|partner content)$|[{}<>=#*$€£%]|\d{1,2}:\d\d"
    r"|^(?:authors?|admin(?:istrator)?|about|more|share|follow|view|read|see|all|by|posts?|comments?|skip|menu|home"
    r"|search|subscribe|sign|log|login|register|reply|published|updated|posted|written|edited|last|user ?names?|name"
    r"|names|next|previous|back|contact|learn|click|load|show|hide|close|open|print|save|email|e-mail|newsletters?"
    r"|advertisements?|advertising|sponsored|categor(?:y|ies)|tags?|topics?|photos?|images?|videos?|credits?|source"
    r"|the authors?|articles|meet|join|member|joined|guest author|unknown|none|null|n/a|article|full|bio|date"
    r"|today|yesterday|\d+ (?:min|hours?|days?)\w*"
    r"|(?:january|february|march|april|may|june|july|august|september|october|november|december"
    r"|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun|monday|tuesday|wednesday|thursday"
    r"|friday|saturday|sunday)\.?$"
    r")(?![\w'’.-])|^anonymous$|^[\W\d_]*$",
    re.I,
)
_GROUP = re.compile(
    r"\b(?:staff|team|news\w*|editor(?:s|ial)?|desk|press|agency|reporters?|correspondents?|redaktion|redazione"
    r"|redacción|redação|rédaction|redactie|redakcja|редакция|magazine|media|times|post|journal|university|institute"
    r"|company|inc|ltd|gmbh|llc|group|network|blog|admin|contributors?|association|society|channel|tv|radio|online|daily|weekly|studio"
    r"|foundation|center|centre|college|school|department|ministry|council|bank|services?|release|research)\b|\.\w{2,4}$",
    re.I,
)
_PARTICLE = frozenset(
    "von van der den de del della di da do dos das du la le los las el al bin ibn ben bint af av zu zur zum ter ten y e"
    " 't san st".split()
)
_WORD = re.compile(r"[^\W\d_][\w'’‘`´-]*|(?:[^\W\d_]{1,3}\.)+|[\w'’-]+(?:\.[\w'’-]+)+")
# a single word that is no "Jr." and no degree
_PLACE = re.compile(r"(?!(?:Jr|Sr|Esq|Ph[Dd]|M[Dd]|[IVX]+)\b)[^\W\d_]{3,30}")
_CASELESS = re.compile(r"[\u0590-\u0dff\u0e00-\u0fff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af ·・]{2,20}")
_SPLIT_NAME = re.compile(r"(?:first|given|fore|last|family|sur)[-_]?name", re.I)


def clean_name(text: str, *, stated: bool = False) -> str | None:
    """A name, or several joined by a comma, out of a byline.

    Args:
        text: what stands there; "Written by Ada Lovelace | May 5" gives Ada Lovelace.
        stated: it is data, where "Di Lorenzo, Mauro" begins with a name and not with "by".
    Returns:
        None where the text is no name: an address, a date, a button, a template's placeholder.
    """
    text = " ".join(text.split())
    if not stated and is_credit(text):
        return None
    for _ in range(2):
        text = without_by(text)
    if not stated and (found := _BY_OR_NAME.match(text)) and not _PARTICLE_FIRST.match(text):
        text = text[found.end() :]
    if end := _END.search(f"{text} "):
        text = text[: end.start()]
    text = text.rstrip()
    if not stated and (found := _BY_WORD.match(text)):
        text = text[found.end() :]
    names = [name for part in _JOIN.split(text) if (name := _without_roles(part, stated=stated))]
    text = ", ".join(dict.fromkeys(names))
    refused = not text or len(text) > _MAX_CHARACTERS or _NO_NAME.search(text) or is_placeholder(text)
    return None if refused else text


def without_by(text: str) -> str:
    """A text without the "by" that it begins with."""
    found = _BY.match(text)
    return text[found.end() :] if found else text


def is_credit(text: str) -> bool:
    """Whether a line begins with who made the pictures, or who translated."""
    return _CREDIT.match(text) is not None


def follows_credit(text: str) -> bool:
    """Whether a text ends with what pictures are called: the name behind it is their maker's."""
    return _CREDIT_BEFORE.search(text.rstrip(" :/-")) is not None


def _without_roles(text: str, *, stated: bool) -> str:
    parts = [part for part in text.split(",") if part.strip()]
    kept = [part for place, part in enumerate(parts) if not place or not _ROLE.search(part.strip())]
    if len(kept) > 1 and not stated and is_person(kept[0]) and _PLACE.fullmatch(kept[-1].strip()):
        # "By Nina Vik, Oslo": who writes has two names
        kept.pop()
    text = ",".join(kept).strip(' ,;:|-–—/"“”')
    return text if text.endswith((" Jr.", " Sr.", ".")) and len(text.split()) > 1 else text.rstrip(".")


def names_in(pieces: Iterable[str], *, markup: Callable[[], str] = str) -> str | None:
    """The names in the texts of a byline's elements, one after the other.

    Args:
        pieces: the texts of its nodes; a name stops where its element does.
        markup: gives the element's HTML, whose classes say whether given and family name stand apart.
    """
    names: list[str] = []
    joined, refused = True, 0
    for place, piece in enumerate(pieces):
        text = " ".join(piece.split())
        if place >= _MAX_PIECES or refused >= _MAX_REFUSED:
            break
        if not text or not without_by(text):
            continue
        if text.lower() in _JOINS:
            joined = True
            continue
        name = clean_name(text)
        is_half = names and name and " " not in name and " " not in names[-1] and name != names[-1]
        if is_half and _SPLIT_NAME.search(markup()):
            names[-1] += f" {name}"
            continue
        if names and (not joined or name is None):
            break
        if name is None:
            refused += 1
            continue
        names.append(name)
        joined = text.endswith((",", "&", ";", " and", " und", " et", " y"))
    return ", ".join(dict.fromkeys(names[:MAX_NAMES])) or None


def is_person(name: str) -> bool:
    """Whether a name, or the first of several, reads as a person's: two to five words, none of a group's."""
    name = name.split(",")[0].strip()
    words = name.split()
    if _GROUP.search(name) or any(mark.isdigit() for mark in name):
        return False
    if _CASELESS.fullmatch(name):
        return True
    if not 2 <= len(words) <= 5:
        return False
    return all(
        (word[0].isupper() and _WORD.fullmatch(word))
        or word.lower() in _PARTICLE
        or word.startswith(("al-", "d'", "d’"))
        for word in words
    )
