"""What opens hidden text is a control that readers see and that opens; what only looks like one opens nothing."""

import pytest

from tests.core.visibility.pages import LONG, reason_for

SAID = "Buyers who write the code 7731 get a refund."


def is_hidden(body: str) -> bool:
    return reason_for(SAID, f"<article><h1>Title</h1><p>{LONG}</p>{body}</article>") is not None


@pytest.mark.parametrize(
    "control",
    [
        "<button><span hidden>More</span></button>",
        '<button><b><span style="display:none">More</span></b></button>',
        '<style>.n{display:none}</style><button><b class="n">More</b></button>',
        "<button><span></span></button>",
        "<button><!-- More --></button>",
        '<button style="color:transparent">More</button>',
        '<button style="color:#fff;background:#fff">More</button>',
        "<button disabled>More</button>",
        '<button type="submit">Send</button>',
        '<button type="reset">Clear</button>',
        '<a role="button" href="/elsewhere">More</a>',
        '<div aria-expanded="true">More</div>',
        '<div role="tab" aria-selected="true">More</div>',
    ],
)
def test_what_opens_nothing(control: str) -> None:
    assert is_hidden(f"{control}<div hidden>{SAID}</div>")


@pytest.mark.parametrize(
    "control",
    [
        "<button>More</button>",
        "<button><span>More</span></button>",
        "<button><svg></svg></button>",
        '<button><span class="icon"></span></button>',
        "<button><b><i></i></b><span hidden>Less</span></button>",
        '<button type="button" aria-expanded="false">More</button>',
        '<a role="button" href="#more">More</a>',
        '<a role="button">More</a>',
        '<a href="/answers/7" aria-expanded="false">More</a>',
        '<div role="tab" aria-selected="false">More</div>',
        '<div role="button" style="color:#333;background:#fff">More</div>',
    ],
)
def test_what_opens_the_text_behind_it(control: str) -> None:
    assert not is_hidden(f"{control}<div hidden>{SAID}</div>")


def test_what_fades_in_opens_what_is_see_through_and_nothing_else() -> None:
    fading = '<div class="elementor-invisible"><h3>More</h3><div style="{}">' + SAID + "</div></div>"
    assert is_hidden(fading.format("display:none"))
    assert not is_hidden(fading.format("visibility:hidden"))
    tab = (
        '<div class="elementor-invisible tab"><h3>More</h3><div style="display:none">' + SAID + "</div></div>"
    )
    assert not is_hidden(tab)


@pytest.mark.parametrize("between", ["", "<!-- -->", "<style></style>", "<script></script> <!-- -->"])
def test_a_paragraph_beside_is_seen_whatever_stands_between(between: str) -> None:
    assert is_hidden(f'<div class="faq"><b>Q</b><p>Prose.</p>{between}<p hidden>{SAID}</p></div>')


@pytest.mark.parametrize("name", ["establish", "database", "japanese", "stable", "tables"])
def test_a_word_is_no_name_of_a_widget(name: str) -> None:
    assert is_hidden(f'<div id="{name}">Prose.</div><div class="tab" hidden>{SAID}</div>')


@pytest.mark.parametrize("name", ["tab", "tab-2", "mytabs", "panel", "tabpane"])
def test_a_part_of_a_widget_is_shown_in_turn_with_others(name: str) -> None:
    assert not is_hidden(f'<div class="{name}">Prose.</div><div class="tab b" hidden>{SAID}</div>')


@pytest.mark.parametrize(
    ("summary", "hides"),
    [
        ('<summary style="display:none">x</summary>', True),
        ('<summary style="font-size:0">x</summary>', True),
        ("<summary hidden>x</summary>", True),
        ("<summary>x</summary>", False),
        ("", False),
        ('<p>x</p><summary style="display:none">x</summary>', False),
    ],
)
def test_details_are_closed_where_their_summary_is_gone(summary: str, hides: bool) -> None:
    assert is_hidden(f"<details>{summary}<p>{SAID}</p></details>") is hides
    assert not is_hidden(f"<details open>{summary}<p>{SAID}</p></details>")


@pytest.mark.parametrize(
    ("beside", "hides"),
    [("", True), ("<p>Prose.</p>", True), ('<img src="a.png">', False), ("<mjx-math></mjx-math>", False)],
)
def test_a_formula_is_hidden_unless_it_is_drawn_beside_it(beside: str, hides: bool) -> None:
    formula = f"<span hidden><math><mtext>{SAID}</mtext></math></span>"
    assert is_hidden(f"<div>{formula}{beside}</div>") is hides
    assert is_hidden(f"<div>{beside} {formula}</div>") is hides
