"""What C finds in style sheets is what Python finds in them: signs of hiding, blocks, custom properties, names."""

import os
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from gateway.core.dom.native import prefer_native
from gateway.core.visibility import css_scan
from gateway.core.visibility.css import declarations
from gateway.core.visibility.css_scan import read_prelude
from gateway.core.visibility.signs import find_signs, keep_signs
from tests.requirements import SHARED, require_folder
from training.corpus import page_ids, read_samples

CORPUS = SHARED / "data" / "wcxb"
CORPUS_PAGES = int(os.environ.get("NATIVE_PAGES", 60))
# sheets made of pieces
SHEETS = max(1, int(os.environ.get("NATIVE_MUTATED", 5000)) // 5)
MOST_USES = 20


def compare(compiled: ModuleType, raw: bytes, first: int = 20_000) -> None:
    """Read a sheet both ways, as it is and stripped."""
    stripped = css_scan.strip(raw)
    assert compiled.strip_css(raw) == stripped
    for css in (raw, stripped):
        signs, possible, *nesting = compiled.scan_css(css, first)
        assert sorted(signs + keep_signs(css, possible, first)) == find_signs(css, first)
        assert tuple(nesting) == css_scan.find_nesting(css)
        compare_values(compiled, css)
        compare_preludes(compiled, css)
        for word in (b"color", b"visibility", b"font-size"):
            for most in (1, 2, 500):
                assert compiled.find_setting(css, word, most) == css_scan.find_setting(css, word, most)


def compare_values(compiled: ModuleType, css: bytes) -> None:
    index, found = compiled.index_values(css), css_scan.find_values(css)
    for name, place in found.items():
        assert compiled.find_value(css, index, name) == place
    for name in (b"--", b"--a", b"--b", b"--c", b"-", b"", b"a"):
        assert compiled.find_value(css, index, name) == found.get(name, -1)


def compare_preludes(compiled: ModuleType, css: bytes) -> None:
    """What stands before some places, read both ways."""
    braces = [at for at, byte in enumerate(css) if byte == ord("{")][:200]
    for start in (*braces, *range(0, len(css) + 1, max(1, len(css) // 20))):
        for most in (0, 1, 5, 2000):
            assert compiled.read_prelude(css, start, most) == read_prelude(css, start, most)


def compare_uses(compiled: ModuleType, css: bytes, word: bytes) -> None:
    index = compiled.index_names(css)
    for most in (1, 3, MOST_USES):
        uses = css_scan.find_uses(css, word, most)
        assert compiled.find_uses(css, index, word, most) == uses
        names = (b"color", b"display", b"a")
        # those that are left out have none of the names
        kept = compiled.find_uses(css, index, word, most, names)
        assert [place for place in uses if place in kept] == kept
        for place in set(uses) - set(kept):
            block = css[place + 1 :].partition(b"}")[0].lower()
            assert b"\\" not in block and not any(name in block for name in names)


PIECES = """
{ } ; : ( ) , % ! / \\ " ' * /* */ . # - -- + 0 1 2 9 00 000 1000 999 0. .0 0.5 1px .5px .05 px em rem v vw e
display none var visibility hidden collapse opacity font font-size bold line- max- height width clip clip-path
-path scale x y z 3 d 3d rotate 90deg 270deg -90deg translate zoom mask mask-image transparent fill-color t
rgb( rgba rgba( hsl( hsla( #fff #000 #1 #e #d1 #1234 #1230 #1112220 white black color color: background
background: background-color background-color: left: right: top: bottom: a ab \\41 \\f101 \\20 é maſk
mas\u212a ;color: {color: ;background: {background-color:#fff ;color:#fff ;background:#fff display:none
height:0 translatex( scale( opacity( --a --a: --b ---c: a--d: { } ; : { }
calc( min( max( clamp( matrix( matrix3d( skew( skewx( rotatey( rotate blur( offset offset-path block-size inline-size
margin inset margin-inline inset-block -inline indent start table-column currentcolor turn rad 8 oklch( lab( color-mix(
rgba(0,0,0,0) #0000 #00000000 font-size-adjust e2 \0 @layer .b
""".split()
SHEET = st.lists(st.sampled_from([*PIECES, " ", " ", "\n", "\t", "\v", "\f"]), max_size=60).map("".join)


@pytest.mark.timeout(0)
@settings(max_examples=SHEETS, deadline=None)
@given(sheet=SHEET, first=st.sampled_from([0, 10, 30, 20_000]))
def test_sheets_of_pieces_are_read_alike(compiled: ModuleType, sheet: str, first: int) -> None:
    compare(compiled, sheet.encode(), first)
    compare(compiled, sheet.upper().encode(), first)


@settings(max_examples=300, deadline=None)
@given(sheet=st.binary(max_size=80))
def test_broken_sheets_are_read_alike(compiled: ModuleType, sheet: bytes) -> None:
    compare(compiled, sheet)


# of few letters, so that they have one another in them
WORD = st.text(alphabet="ab.#", min_size=1, max_size=8)


@settings(max_examples=500, deadline=None)
@given(
    sign=st.sampled_from(".#"), word=WORD, parts=st.lists(st.text(alphabet="ab.#{}", max_size=20), max_size=8)
)
def test_names_are_found_alike(compiled: ModuleType, sign: str, word: str, parts: list[str]) -> None:
    named = sign + word
    compare_uses(compiled, named.join(parts).encode(), named.encode())


@pytest.mark.timeout(0)
def test_sheets_of_labelled_pages_are_read_alike(compiled: ModuleType) -> None:
    require_folder(CORPUS)
    for sample in read_samples(CORPUS, page_ids(CORPUS, sample=CORPUS_PAGES)):
        tree = LexborHTMLParser(sample.html, scripting=True)
        css = "\n".join(style.text_lexbor() for style in tree.css("style")).encode()
        compare(compiled, css)
        for element in tree.css("[class]")[:200]:
            word = f".{(element.attrs['class'] or '').strip()}".encode()
            compare_uses(compiled, css, word)


DECLARED = r"Display display : ; none ! important !important / * /* */ \\ é - { } , : ; : ;".split()
# declarations of which browsers drop some
DECLARED += [
    f"{name}:{value}{after}"
    for name in ("display", "visibility", "opacity", "font-size", "color", "opacity ")
    for value in (
        "none",
        "hidden",
        "0",
        ".5",
        "1.",
        "1e3",
        "12px",
        "1.5rem",
        "5%",
        "12 px",
        "abcdefg",
        "-1",
        "block",
    )
    for after in (";", " !important;", "!important !important;", "!ie;", "! important ; ")
]
STYLE = st.lists(st.sampled_from([*DECLARED, " ", "\t", "\x1f", "\0", "\ud800"]), max_size=30).map("".join)


@settings(max_examples=SHEETS, deadline=None)
@given(style=STYLE)
@pytest.mark.usefixtures("used")
def test_declarations_are_read_alike(compiled: ModuleType, style: str) -> None:
    forms: list[str | bytes] = [style, style.encode("utf-8", "surrogatepass")]
    in_c = [declarations(form) for form in forms]
    prefer_native(False)
    in_python = [declarations(form) for form in forms]
    prefer_native(True)
    assert in_c == in_python
    assert [list(each) for each in in_c] == [list(each) for each in in_python]
    is_plain = style.isascii() and "\\" not in style and "/*" not in style
    assert all((compiled.split_declarations(form) is not None) == is_plain for form in forms)


@pytest.mark.parametrize("cut", range(40))
def test_sheets_that_end_anywhere_are_read_alike(compiled: ModuleType, cut: int) -> None:
    for sheet in (
        "a{width:0}b{font-size:.5px;font:a 1px}c{d{clip:",
        "/* a */ b{content:'{\\'}';--c : d}/* e",
        "a{transform:translate(1,-1000px);scale: 0.0%",
        "a{color:#1230;background : rgba(25, 0",
        "a{opacity:0.00 !important;left:+1000px;top:-99vh",
        "a{b{c:d}}}e{\\64 isplay:none}#abcde.fghijk{.abcdef",
    ):
        compare(compiled, sheet[:cut].encode())
        compare_uses(compiled, sheet[:cut].encode(), b".abcdef")
        compare_uses(compiled, sheet[:cut].encode(), b".a")


@pytest.mark.parametrize(
    ("selector", "is_kept"),
    [
        (".a", True),
        (".a ", True),
        (".a, .b", True),
        (".a\v, .b", True),
        (".b .a", True),
        (".b>.a:hover", True),
        (".a.b", True),
        (".a:not(.b .c)", True),
        (".a[b='c d']", True),
        (".a\\:b", True),
        (".a\0b", True),
        (".a .b, .a", True),
        (".a.b .a", True),
        (".a .b", False),
        (".a>.b", False),
        (".a + .b", False),
        (".a.b ~ .c", False),
        (".ab", False),
        (".a-b", False),
        (".aé", False),
        # of a longer one no more is read
        (".a .b" + " " * 3000, True),
        (".ab, .a", True),
    ],
)
def test_blocks_for_an_element_itself(compiled: ModuleType, selector: str, is_kept: bool) -> None:
    css = f"x{{}}{selector}{{b:c}}".encode()
    found = compiled.find_uses(css, compiled.index_names(css), b".a", 9, (b"b",), True)
    assert bool(found) == is_kept


def test_extension_refuses_an_index_that_is_none(compiled: ModuleType) -> None:
    index = compiled.index_names(b".abcdef{}")
    for wrong in (b"", index[:-1], index + b"a"):
        with pytest.raises(ValueError, match="another index"):
            compiled.find_uses(b".abcdef{}", wrong, b".abcdef", 9)
    for word in (b"abcdefg", b"a", b""):
        with pytest.raises(ValueError, match="a word that is in none"):
            compiled.find_uses(b".abcdef{}", index, word, 9)
    index = compiled.index_values(b"--a:b")
    for wrong in (b"", index[:-1], index + b"a", bytes(len(index))):
        with pytest.raises(ValueError, match="another index"):
            compiled.find_value(b"--a:b", wrong, b"--a")
    # of other sheets
    assert compiled.find_value(b"", index, b"--a") == compiled.find_value(b"--b", index, b"--a") == -1
    for place in (-1, 4):
        with pytest.raises(ValueError, match="outside"):
            compiled.read_prelude(b"a{}", place, 9)
    for names in ((b"",), (b"a",) * 65):
        with pytest.raises(ValueError, match="word"):
            compiled.find_uses(b".abcdef{}", compiled.index_names(b".abcdef{}"), b".abcdef", 9, names)
    for word in (b"", b"-a", b"\xe9"):
        with pytest.raises(ValueError, match="no letter"):
            compiled.find_setting(b"a{}", word, 9)
    for wrong in ("text", None, 3):
        with pytest.raises(TypeError):
            compiled.strip_css(wrong)
    for wrong in (None, 3, [b"a:b"]):
        for read in (compiled.split_declarations, compiled.read_declarations, compiled.index_values):
            with pytest.raises(TypeError):
                read(wrong)
