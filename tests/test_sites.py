"""Pages as sites that everyone reads serve them: what a reader came for comes out, in order, and nothing beside it."""

from pathlib import Path

import msgspec
import pytest

from gateway.core import Page, clean

SITES = Path(__file__).parent.parent / "fixtures" / "sites"


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What must come out of a page, and what must not."""

    title: str | None = None
    author: str | None = None
    published: str | None = None  # the day
    headings: list[str]  # in this order, others may stand between them
    has: list[str]  # in this order
    lacks: list[str]


PAGES = {
    "github-issue": Expected(
        title="Tide table is off by one hour after the clocks change #412",
        author="mira-olsen",
        published="2024-03-31",
        headings=["Steps to reproduce"],
        has=[
            "`tides print` shows every high water one hour early",
            "1. Set the time zone to `Europe/Oslo`.\n2. Print any day",
            "```shell\ntides print --zone Europe/Oslo 2024-03-31\n# high water 04:10, the board says 05:10\n```",
            "- [x] happens on Linux\n- [ ] happens on Windows",
            "> The harbour board at our quay disagrees",
            "I have a fix that asks for the offset of each day.",
        ],
        lacks=["Sign in", "Pull requests", "Assignees", "No one assigned", "Milestone", "Privacy", "Codespaces"],
    ),
    "github-readme": Expected(
        author="quayside",
        headings=["Tides", "Installation", "Usage"],
        has=[
            "Tide tables for small harbours, computed on your own machine",
            "```shell\npip install tides\ntides print --days 7\n```",
            '```python\nfrom tides import table\n\nfor water in table("north quay"):\n    print(water)\n```',
            "| `--days` | how many days are printed |",
            "> [!NOTE]\n> The table is no aid to navigation.",
        ],
        lacks=["Sign in", "820 stars", "Python 98.2%", "v2.1.0", "Enterprise", "Go to file", "Privacy"],
    ),
    "stack-overflow": Expected(
        title="How do I add a day to a date that ends a month?",
        author="Signe Aas",
        published="2021-11-17",
        headings=["How do I add a day to a date that ends a month?", "2 Answers"],
        has=[
            "```python\nfrom datetime import date\n\nday = date(2021, 11, 30)\n"
            "day = day.replace(day=day.day + 1)  # ValueError\n```",
            "Is there a call in the standard library",
            "```python\nday += timedelta(days=1)\n```",
            "A `date` has no clock",
        ],
        lacks=["Log in", "Hot Network", "Why do boats lean", "Overflow Blog", "badges", "Your Answer",
               "Subtract a month", "Highest score"],
    ),
    "sphinx": Expected(
        title="tides.table",
        headings=["tides.table", "Accuracy"],
        has=[
            "compute the waters of a quay from its constants",
            ": Compute the high and low waters of a quay.",
            "- **quay** (*str*) – its name in the list of quays",
            "the waters in order of time",
            '```python\n>>> table("north quay")[0]\nWater(height=2.1, kind="high")\n```',
            "| calm | 0.1 m |",
        ],
        lacks=["¶", "Quick search", "Installing", "Powered by", "Documentation overview", "Page source"],
    ),
    "mdn": Expected(
        title="Array.prototype.rotate()",
        headings=["Array.prototype.rotate()", "Syntax", "Parameters", "Examples"],
        has=[
            "The **`rotate()`** method of arrays",
            "```js\nrotate(n)\nrotate(n, start)\n```",
            "`n`\n: By how many places the elements move.",
            '```js\nconst quays = ["north", "east", "south"];\n',
        ],
        lacks=["Skip to", "concat()", "In this article", "Copy", "helpful", "blueprint", "\njs\n"],
    ),
    "docusaurus": Expected(
        title="Print a table",
        headings=["Print a table", "Install the printer", "Configure it"],
        has=[
            "One command prints the waters of a week",
            "```bash\nnpm install tides-print\n```\n\n```bash\nyarn add tides-print\n```",
            "tides.yml\n\n```yaml\nquay: north\ndays: 7\n```",
            "> [!TIP]\n> Laminate the page",
        ],
        lacks=["Skip to", "Storm warnings", "On this page", "Edit this page", "Built with", "Introduction"],
    ),
    "confluence": Expected(
        title="Mooring plan for the summer",
        author="Lena Hald",
        published="2024-05-03",
        headings=["Mooring plan for the summer", "Berths", "Booking"],
        has=[
            "the eastern basin is kept for visiting boats",
            "| Berth | Length |\n|---|---|\n| N1 | 12 m |",
            "> [!NOTE]\n> Berth N2 is closed",
            'book.py',
            '```python\nimport office\n\noffice.book("N1", nights=3)\n```',
        ],
        lacks=["Log in", "Winter storage", "Page tree", "Powered by", "No labels", "1 Comment", "Report a bug"],
    ),
    "mediawiki": Expected(
        title="Sandhavn lighthouse",
        author="Contributors to Wikimedia projects",
        published="2009-05-07",
        headings=["Sandhavn lighthouse", "History"],
        has=[
            "| Range | 18 nmi",
            "The **Sandhavn lighthouse** stands on the northern point",
            "a stair of ninety steps",
            "$d\\approx {\\sqrt {2Rh}}$",
            "*List of lights*",
        ],
        lacks=["edit", "Main page", "Create account", "Deutsch", "Jump to content", "Categories", "Retrieved from",
               "Text is available"],
    ),
    "discourse": Expected(
        title="Anchor drags in soft mud",
        author="karin",
        published="2024-05-11",
        headings=["Anchor drags in soft mud"],
        has=[
            "our plough anchor drags at every gust",
            "```yaml\nchain: 20\nrope: 10\n```",
            "Would a wider fluke hold better",
            "Seven times the depth in chain",
        ],
        lacks=["Related topics", "Which chain for a small boat", "Powered by", "Guidelines", "Categories"],
    ),
    "reddit": Expected(
        title="How do you dry sails in a marina without a loft?",
        author="saltyknot",
        published="2024-01-20",
        headings=["How do you dry sails in a marina without a loft?"],
        has=[
            "Our marina has no loft and no lawn",
            "- hoisting them in the box on a calm morning",
            "I am afraid of mildew",
            "Hoist them head to wind before breakfast",
        ],
        lacks=["Log In", "Be kind, no sales", "41K", "Privacy Policy", "Explore", "Reply"],
    ),
    "arxiv": Expected(
        title="Waves at a vertical wall",
        author="Ane Holm, Ole Dahl",
        headings=["Waves at a vertical wall", "1 Introduction", "2 Measurements"],
        has=[
            "We measure how high waves run up a vertical wall",
            "Let $h$ be the depth and $T$ the period of the wave",
            "$$H=\\frac{a}{T^{2}}h \\tag{1}$$",
            "has to be measured anew for each.",
            "Heights at the wall.",
            "| winter | height |\n|---|---|\n| 2021 | 1.9 m |",
            "*Walls and waves*, 1988.",
        ],
        lacks=["Back to Abstract", "Download PDF", "experimental", "Generated on", "Report Issue", "Submit without"],
    ),
    "recipe": Expected(
        title="Fisherman's Pea Soup",
        author="Inga Moe",
        published="2023-10-08",
        headings=["Which peas to buy", "Ingredients", "Instructions"],
        has=[
            "my grandmother kept warm on the stove",
            "- 400 g yellow peas\n- 1 onion\n- 1 l fish stock",
            "- Soak the peas overnight in plenty of water.",
            "it freezes well for a month",
        ],
        lacks=["Rye bread of the pilots", "newsletter", "Filed Under", "Privacy", "About Inga", "Hi, I'm Inga"],
    ),
    "live-blog": Expected(
        title="Storm at the coast: all ferries cancelled – live",
        author="Nina Vik",
        published="2024-02-22",
        headings=["Bridge closed to lorries", "No ferry before noon"],
        has=[
            "the harbour office asks people to stay away",
            "The police have closed the bridge",
            "cancelled all crossings of the morning",
            "> Please stay off the north wall",
        ],
        lacks=["Most viewed", "Ten walks", "Share on Facebook", "Contact us", "Opinion", "Newest"],
    ),
    "shop": Expected(
        title="Oilskin jacket “Skagen”",
        headings=["Oilskin jacket “Skagen”", "Details", "Measures"],
        has=[
            "kept out the rain of forty winters",
            "- Waxed cotton, lined with wool",
            "| Size | Chest | Length |\n|---|---|---|\n| S | 102 cm | 71 cm |",
            "Brush it off when dry",
        ],
        lacks=["Add to cart", "Quantity", "Pilot cap", "You may also like", "Newsletter", "Refund policy", "Boots"],
    ),
    "amp": Expected(
        title="Ferry line to the outer island is saved",
        author="Jens von Hagen",
        published="2024-04-18",
        headings=["Ferry line to the outer island is saved", "A long quarrel"],
        has=[
            "The council has voted to pay for the ferry",
            "The boat will sail three times a day",
            "The quarrel about the line began",
            "https://www.youtube.com/watch?v=abc123",
        ],
        lacks=["Advertisement", "Weather", "Harbour gets a new crane", "More from the Herald", "Back to top", "☰"],
    ),
}  # fmt: skip


def read(name: str) -> Page:
    return clean((SITES / f"{name}.html").read_bytes(), url=f"https://site.example/{name}")


def test_every_page_has_its_expectations() -> None:
    assert {path.stem for path in SITES.glob("*.html")} == PAGES.keys()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_what_its_reader_came_for(name: str) -> None:
    page, expected = read(name), PAGES[name]
    at = 0
    for piece in expected.has:
        found = page.markdown.find(piece, at)
        assert found >= 0, f"{piece!r} is not in (the rest of) {page.markdown[at:]!r}"
        at = found + len(piece)
    outline = [block.heading for block in page.outline]
    places = [outline.index(heading) for heading in expected.headings]
    assert places == sorted(places)
    assert [word for word in expected.lacks if word in page.markdown] == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_known_by_its_title_author_and_day(name: str) -> None:
    page, expected = read(name), PAGES[name]
    if expected.title is not None:
        assert page.title == expected.title
    if expected.author is not None:
        assert page.metadata.author == expected.author
    if expected.published is not None:
        assert (page.metadata.published or "")[:10] == expected.published
