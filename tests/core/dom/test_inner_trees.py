"""Shadow roots and the documents of frames stand where a reader sees them."""

from html import escape

import pytest
from selectolax.lexbor import LexborHTMLParser

from gateway.core import clean
from gateway.core.dom.inner_trees import show_inner_trees


def shown(html: str) -> str:
    tree = LexborHTMLParser(html, scripting=True)
    show_inner_trees(tree)
    assert tree.body is not None
    return tree.body.inner_html or ""


ROOT = "<template shadowrootmode=open>"


@pytest.mark.parametrize(
    ("html", "body"),
    [
        pytest.param(f"<a-b>{ROOT}<p>in</p></template></a-b>", "<a-b><p>in</p></a-b>", id="root"),
        pytest.param(
            "<a-b><TEMPLATE shadowrootmode=CLOSED>in</template></a-b>", "<a-b>in</a-b>", id="capitals"
        ),
        pytest.param(
            "x<template><p>unused</p></template>", "x<template><p>unused</p></template>", id="template"
        ),
        pytest.param(
            f"<a-b>one{ROOT}<i><slot name=x>none</slot></i><slot></slot></template><b slot=x>two</b></a-b>",
            '<a-b><i><slot name="x"><b slot="x">two</b></slot></i><slot>one</slot></a-b>',
            id="slots",
        ),
        pytest.param(
            f"<a-b>{ROOT}<slot>else</slot></template> </a-b>", "<a-b><slot>else </slot></a-b>", id="fallback"
        ),
        pytest.param(f"<a-b>{ROOT}in</template><p>unslotted</p></a-b>", "<a-b>in</a-b>", id="unslotted"),
        pytest.param(
            f"<a-b>{ROOT}<c-d>{ROOT}<u><slot></slot></u></template>deep</c-d></template></a-b>",
            "<a-b><c-d><u><slot>deep</slot></u></c-d></a-b>",
            id="nested",
        ),
        pytest.param(f"<a-b>{ROOT}1</template>{ROOT}2</template></a-b>", "<a-b>1</a-b>", id="one-root-each"),
        pytest.param(
            f"<a-b>{ROOT}in</template><c-d>{ROOT}gone</template></c-d></a-b>",
            "<a-b>in</a-b>",
            id="unseen-root",
        ),
        pytest.param('<iframe srcdoc="<p>in</p>"></iframe>', "<section><p>in</p></section>", id="document"),
        pytest.param(
            f'<iframe srcdoc="{escape("<iframe srcdoc=deep></iframe>")}"></iframe>',
            "<section><section>deep</section></section>",
            id="nested-document",
        ),
        pytest.param(
            '<iframe hidden srcdoc="in"></iframe>', '<section hidden="">in</section>', id="hidden-frame"
        ),
        pytest.param(
            '<iframe width=0 srcdoc="in"></iframe>',
            '<iframe width="0" srcdoc="in"></iframe>',
            id="frame-of-no-size",
        ),
    ],
)
def test_inner_trees_stand_where_they_are_seen(html: str, body: str) -> None:
    assert shown(html) == body


def test_documents_nest_no_deeper_than_bounded() -> None:
    html = "end"
    for _ in range(8):
        html = f'<iframe srcdoc="{escape(html)}"></iframe>'
    assert shown(html).count("<section>") == 4


def test_a_thousand_roots_in_each_other_are_read_in_time() -> None:
    html = f"<a-b>{ROOT}" * 1000 + "x" + "</template></a-b>" * 1000
    assert "<a-b>" in shown(html)


def test_clean_reads_a_shadow_root_beside_other_text() -> None:
    lines = [
        f"<p>The {name} pier was rebuilt after the winter storms, and the office has a new plan.</p>"
        for name in ("north", "south", "east")
    ]
    html = (
        f"<main><h1>Piers</h1>{lines[0]}<news-story>{ROOT}{lines[1]}</template></news-story>{lines[2]}</main>"
    )
    markdown = clean(html).markdown
    assert markdown.index("north") < markdown.index("south") < markdown.index("east")
