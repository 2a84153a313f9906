"""What many hidden elements ask of the same element is read once: work grows with the page, not with its square."""

import time
from collections.abc import Callable

import pytest
from selectolax.lexbor import LexborHTMLParser

from gateway.core.visibility.css import is_near
from gateway.core.visibility.hidden import find_hidden
from gateway.core.visibility.shades import Shades

TEXT = "Some words that are long enough to be counted as the text of a part of a series."


def hidden_for(control: str, size: int) -> str:
    return f"{control}<p>z</p>" + "<div hidden id=x>a b</div><p>q</p>" * (size // 36)


def blank_control(size: int) -> str:
    return hidden_for(f'<a href="#x">{" " * size}</a>', size)


def comments_in_control(size: int) -> str:
    return hidden_for(f'<a href="#x">{"<!---->" * (size // 7)}</a>', size)


def long_style_around_control(size: int) -> str:
    return hidden_for(f'<div style="width:0;{"a:b;" * (size // 4)}"><a href="#x">go</a></div>', size)


def long_text_beside_series(size: int) -> str:
    parts = (f"<div class=k{at // 3} hidden>{TEXT}{'abc'[at % 3]}</div>" for at in range(size // 110))
    return f"<section><h4>{'big ' * (size // 2)}</h4>{''.join(parts)}</section>"


def letters_and_backgrounds(size: int) -> str:
    return "".join(
        f'<p style="color:#{0x110000 + at:06x}">a</p><p style="background:#{0xC00000 + at:06x}">b</p>'
        for at in range(size // 64)
    )


def rules_for_long_style(size: int) -> str:
    rules = "".join(f".a{at}{{display:none}}" for at in range(150))
    names = " ".join(f"a{at}" for at in range(150))
    return f"<style>{rules}</style><p class='{names}' style='display:block;{'a:b;' * size}'>x"


def sheet(css: str) -> str:
    return f"<style>{css}</style><p class=a>x</p>"


def calculations(size: int) -> str:
    return "".join(f'<p style="left:calc({"(" * 90}{at}px">x</p>' for at in range(size // 120))


def long_calculations(size: int) -> str:
    return f'<p style="position:absolute;left:calc({"1px + " * (size // 6)}1px)">x</p>'


def transforms(size: int) -> str:
    return "".join(f'<p style="transform:{"a(" * 400}{at}">x</p>' for at in range(size // 830))


def letters_before_a_function(size: int) -> str:
    return "".join(f'<p style="transform:matrix{"a" * 900}{at}">x</p>' for at in range(size // 940))


def shapes(size: int) -> str:
    return "".join(f'<p style="clip-path:polygon({"0 0," * 90}{at}">x</p>' for at in range(size // 400))


def masks(size: int) -> str:
    return "".join(f'<p style="mask:{"linear-gradient(red," * 20}{at}">x</p>' for at in range(size // 430))


def mixed_colors(size: int) -> str:
    return "".join(f'<p style="color:color-mix(a{",(" * 90}{at})">x</p>' for at in range(size // 220))


def filters(size: int) -> str:
    return f'<p style="filter:{"blur(" * (size // 5)}">x</p>'


def paddings(size: int) -> str:
    return f'<p style="margin:-9999px;padding:{"1px " * (size // 4)}">x</p>'


def sheets_left_open(size: int) -> str:
    return "<style>a{</style>" * (size // 17)


def deep_sheet(size: int) -> str:
    return sheet("@media all{" * (size // 11) + ".a{display:none}")


def blocks_behind_blocks(size: int) -> str:
    return sheet(f".a{{{'b{}display:none;' * (size // 16)}}}")


def scopes(size: int) -> str:
    return sheet("@scope (.b){.a{display:none}}" * (size // 29))


def scopes_of_long_lists(size: int) -> str:
    return sheet(f"@scope ({'.b,' * 200}.c){{.a{{display:none}}}}" * (size // 620))


def layers(size: int) -> str:
    return sheet("".join(f"@layer l{at}{{.a{{display:none}}}}" for at in range(size // 30)))


def imports(size: int) -> str:
    return (
        sheet("@import 'data:text/css,a{}';" * (size // 28)) + sheet("/**/" * (size // 4)) + sheet("@import ")
    )


def sheets_with_imports(size: int) -> str:
    return "<style>@import 'data:text/css,a{'</style>" * (size // 40)


def media_in_brackets(size: int) -> str:
    return "".join(sheet(f"@media {'(' * 400}{at}{{.a{{display:none}}}}") for at in range(size // 450))


def controls_with_parts(size: int) -> str:
    return "<button>" + "<b></b>" * (size // 7) + "</button>" + "<div hidden>a b</div>" * (size // 21)


def controls_in_controls(size: int) -> str:
    return f"<button>{'<b>' * 400}</button><div hidden>a b</div>" * (size // 1300)


def comments_beside(size: int) -> str:
    return f"<div class=tab><p>z</p>{'<!---->' * (size // 14)}" + "<p hidden>a b</p><!---->" * (size // 48)


def formulas(size: int) -> str:
    return f"<div hidden><math><mtext>a b</mtext></math></div>{' ' * 40}" * (size // 90)


def summaries(size: int) -> str:
    return "<details><summary style='display:none'>a</summary>b" * (size // 52)


def summaries_of_one(size: int) -> str:
    return "<details>" + "<summary style='display:none'>a</summary>" * (size // 41)


def least_time(work: Callable[[], object]) -> float:
    """CPU of the best of three: meanwhile the garbage of other tests may be collected."""

    def took() -> float:
        begin = time.process_time()
        work()
        return time.process_time() - begin

    return min(took() for _ in range(3))


@pytest.mark.parametrize(
    "make",
    [
        blank_control,
        comments_in_control,
        long_style_around_control,
        long_text_beside_series,
        letters_and_backgrounds,
        rules_for_long_style,
        calculations,
        long_calculations,
        transforms,
        letters_before_a_function,
        shapes,
        masks,
        mixed_colors,
        filters,
        paddings,
        sheets_left_open,
        deep_sheet,
        blocks_behind_blocks,
        scopes,
        scopes_of_long_lists,
        layers,
        imports,
        sheets_with_imports,
        media_in_brackets,
        controls_with_parts,
        controls_in_controls,
        comments_beside,
        formulas,
        summaries,
        summaries_of_one,
    ],
)
def test_work_does_not_grow_with_the_square_of_a_page(make: Callable[[int], str]) -> None:
    """Some took a minute."""
    tree = LexborHTMLParser(make(500_000), scripting=True)
    assert least_time(lambda: find_hidden(tree, warnings=[])) < 1.5


def test_letters_far_down_share_what_is_behind_them() -> None:
    letters = '<p style="color:#fff">a</p>' * 10_000
    tree = LexborHTMLParser(f'<b style="background:#fff">x</b>{"<div>" * 400}{letters}', scripting=True)
    # of a page without sheets
    assert len(find_hidden(tree)) == 10_000
    assert least_time(lambda: find_hidden(tree)) < 1.5


def test_of_many_colors_none_that_is_near_is_missed() -> None:
    colors = {f"{at * 7919 % 0xFFFFFF:06x}" for at in range(500)}
    shades = Shades(colors | {"", "transparent"})
    near = 0
    for at in range(2000):
        color = f"{at * 104729 % 0xFFFFFF:06x}"
        is_found = any(is_near(color, other) for other in colors)
        near += is_found
        assert shades.may_have_near(color) or not is_found
    assert 100 < near < 1900
    assert not shades.may_have_near("")
    few = Shades({"ffffff"})
    assert few.may_have_near("f0f0f0") and not few.may_have_near("eeeeee")
