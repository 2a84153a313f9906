"""Lines that are written in one go come out as after a closer look."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.core.markdown.inline import Style
from gateway.core.markdown.line import Atom, Line
from gateway.wire import LinkStyle

TEXTS = [
    "a",
    "b c",
    " ",
    "!",
    "x!",
    "(",
    ")",
    "*",
    "a*b",
    "_",
    "`",
    "[",
    "“q”",
    "é",
    "1.",
    "漢",
    "\\",
    "~",
    "http://u",
]
STEPS = st.one_of(
    st.tuples(st.just("text"), st.sampled_from([f" {text} " for text in TEXTS] + TEXTS)),
    st.tuples(
        st.just("open"), st.sampled_from(["em", "strong", "del", "sup", "sub", "http://u", "http://v"])
    ),
    st.tuples(
        st.sampled_from(["close", "close", "code", "break", "atom"]), st.sampled_from(["c", "`", "d e"])
    ),
)


def write(line: Line, steps: list[tuple[str, str]]) -> None:
    opened = 0
    for step, said in steps:
        if step == "text":
            line.add_text(said)
        elif step == "open":
            opened += line.open("a", url=said) if said.startswith("http") else line.open(said)
        elif step == "close" and opened:
            opened -= 1
            line.close()
        elif step == "code":
            line.open_code()
            line.add_text(said)
            line.close_code()
        elif step == "break":
            line.add_break()
        elif step == "atom":
            line.add_atom(Atom("![a](b)", "a", "a"))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(STEPS, max_size=14),
    st.sampled_from(["inline", "none", "reference"]),
    st.booleans(),
    st.booleans(),
)
def test_lines_come_out_as_after_a_closer_look(
    steps: list[tuple[str, str]], links: LinkStyle, bold: bool, cell: bool
) -> None:
    line = Line()
    write(line, steps)
    tokens, plain = line.take()
    quick, careful = Style(links, html=True), Style(links, html=True)
    # beside a formula each piece is looked at, for dollars
    careful.has_formula = True
    seen, right = (
        style.finish([*tokens], plain, bold=bold, alone=False, cell=cell) for style in (quick, careful)
    )
    assert seen == right
    assert list(quick.found) == list(careful.found)
    assert list(quick.references.items()) == list(careful.references.items())
