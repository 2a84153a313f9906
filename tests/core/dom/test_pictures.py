"""Pictures of the content are kept, with their captions; icons, avatars and cards of other pages are not."""

import pytest

from gateway.core import CleanOptions, clean

LINES = [
    f"<p>The {name} pier was rebuilt after the winter storms, and the harbour office has published a new plan for"
    " the visiting boats that want to stay there overnight.</p>"
    for name in ("north", "south", "east")
]


def images(between: str, *, before: str = "", after: str = "") -> list[str]:
    html = f"<main><article><h1>Piers</h1>{before}{LINES[0]}{between}{LINES[1]}{LINES[2]}{after}</article></main>"
    page = clean(html, url="https://example.org/", options=CleanOptions(images="inline"))
    assert [image.url for image in page.images if f"]({image.url})" not in page.markdown] == []
    return [image.url.rpartition("/")[2] for image in page.images]


@pytest.mark.parametrize(
    "html",
    [
        pytest.param('<p><img src="/a.jpg"></p>', id="paragraph"),
        pytest.param('<figure><div class="x"><img src="/a.jpg"></div></figure>', id="figure"),
        pytest.param('<div><div><a href="/a.jpg"><img src="/a.jpg"></a></div></div>', id="linked"),
        pytest.param('<amp-img src="/a.jpg" width="600" height="400"></amp-img>', id="amp"),
        pytest.param(
            '<figure><button aria-label="Enlarge"><img src="/a.jpg"></button></figure>', id="button"
        ),
        pytest.param('<div class="promo-image"><img src="/a.jpg"></div>', id="name-of-a-picture"),
        pytest.param(
            '<div><figure><a href="/full"><img src="/a.jpg"></a><figcaption>By <a href="/x">Ada Bell</a>'
            "</figcaption></figure></div>",
            id="linked-with-a-credit",
        ),
        pytest.param('<div><noscript><img src="/a.jpg"></noscript></div>', id="noscript-alone"),
        pytest.param('<p><img src="/a.jpg" width="1024" height="0"></p>', id="height-unknown"),
        pytest.param('<p><img src="/ar_16:9/d_transparent.gif/a.jpg"></p>', id="word-in-its-address"),
        pytest.param('<p><img src="data:," mill-lazy-src="/a.jpg"></p>', id="late"),
        pytest.param(
            f"<figure>{'<div>' * 9}<img src='/a.jpg'>{'</div>' * 9}</figure>", id="figure-of-many-boxes"
        ),
        pytest.param(
            '<figure><noscript><img src="/a.jpg"></noscript><img src="data:image/gif;base64,R0"></figure>',
            id="noscript-before",
        ),
        pytest.param(
            '<figure><img class="thumb" src="/30/a.jpg"><canvas></canvas><img data-src="/1000/a.jpg">'
            '<noscript><img src="/1000/a.jpg"></noscript></figure>',
            id="small-until-it-is-loaded",
        ),
        pytest.param(
            '<div><img aria-hidden="true" src="data:image/webp;base64,R0"><picture><img data-src="/a.jpg"></picture>'
            '<noscript><img src="/a.jpg"></noscript></div>',
            id="placeholder-beside-it",
        ),
    ],
)
def test_pictures_of_the_content_are_kept(html: str) -> None:
    assert images(html) == ["a.jpg"]
    assert images("", before=html) == ["a.jpg"]
    assert images("", after=html) == ["a.jpg"]


@pytest.mark.parametrize(
    "html",
    [
        pytest.param('<p><img src="/a.jpg" width="1" height="1"></p>', id="tracker"),
        pytest.param('<p><img src="/a.jpg" width="1024" height="1"></p>', id="line"),
        pytest.param('<p><img src="/a.jpg" width="0" height="0"></p>', id="no-size"),
        pytest.param(
            '<p><img src="/a" style="position: absolute; left: -999px"></p>', id="outside-the-window"
        ),
        pytest.param('<p><img src="/a" style="width:1px; height:1px"></p>', id="style-of-a-tracker"),
        pytest.param(
            '<p><noscript><img src="/a" style="position:absolute;TOP:-999px"></noscript></p>',
            id="in-noscript",
        ),
        pytest.param('<p><img src="/img/spacer.gif?v=2"></p>', id="spacer"),
        pytest.param('<p><img src="/a.jpg" width="24" height="24"></p>', id="icon"),
        pytest.param('<p><img class="avatar" src="/a.jpg"></p>', id="avatar"),
        pytest.param('<div class="ad"><img src="/a.jpg"></div>', id="advertisement"),
        pytest.param('<nav><img src="/a.jpg"></nav>', id="navigation"),
        pytest.param(
            '<aside class="more"><a href="/r"><img src="/a.jpg"><h3>Ten quiet bays to anchor in</h3></a></aside>',
            id="card",
        ),
    ],
)
def test_other_images_are_not(html: str) -> None:
    assert images(html) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("<figure><div><img src=/a.jpg></div></figure>", "", id="above-the-headline"),
        pytest.param(
            "", "<div><div><div><div><div><img src=/a.jpg></div></div></div></div></div>", id="deep"
        ),
    ],
)
def test_picture_beside_the_headline_is_the_content_s_first(before: str, after: str) -> None:
    head = "<header><h1>Piers</h1><p>By Ada Bell<p>May 2<p><a href=#>Share</a><p><a href=#>Save</a></header>"
    html = f"<article>{before}{head}{after}<div>{LINES[0]}{LINES[1]}{LINES[2]}</div></article>"
    page = clean(html, url="https://example.org/", options=CleanOptions(images="inline"))
    assert page.markdown.count("![](https://example.org/a.jpg)") == 1


def test_banner_that_leads_home_is_not_kept() -> None:
    banner = "<div><a href=/><img src=/banner.jpg></a></div>"
    html = f"<article>{banner}<h1>Piers</h1>{LINES[0]}{LINES[1]}{LINES[2]}</article>"
    assert clean(html, url="https://example.org/a", options=CleanOptions(images="inline")).images == []


@pytest.mark.parametrize(
    "sources",
    [
        pytest.param(("/1/thumb.jpg", "/2/thumb.jpg"), id="folders"),
        pytest.param(("/image?url=1.jpg", "/image?url=2.jpg"), id="queries"),
    ],
)
@pytest.mark.parametrize("attribute", ["src", "data-src"])
def test_pictures_whose_files_have_one_name_are_two(attribute: str, sources: tuple[str, str]) -> None:
    gallery = "".join(f'<img {attribute}="{source}">' for source in sources)
    assert len(images(f"<figure>{gallery}</figure>")) == 2


def test_gallery_has_its_captions_and_not_its_numbers() -> None:
    slides = "".join(
        f"<div><img src=/p{n}.jpg><span>{n}/3</span><figcaption>Crane {n}.</figcaption></div>"
        for n in (1, 2, 3)
    )
    html = f"<article><h1>Piers</h1>{LINES[0]}<figure>{slides}</figure>{LINES[1]}{LINES[2]}</article>"
    markdown = clean(html, url="https://example.org/", options=CleanOptions(images="inline")).markdown
    assert [f"Crane {n}." in markdown for n in (1, 2, 3)] == [True] * 3
    assert "/3" not in markdown


def test_gallery_behind_the_text_is_whole() -> None:
    figure = "<figure class=item><img src=/p{0}.jpg><figcaption>Crane {0}, seen from the quay.</figcaption></figure>"
    gallery = "".join(map(figure.format, range(12)))
    assert images("", after=f"<div class=gallery>{gallery}</div>") == [f"p{n}.jpg" for n in range(12)]
    cards = "<div class=card><img src=/p{0}.jpg><a href=/{0}>Crane {0}, seen from the quay</a></div>"
    assert images("", after=f"<div class=more>{''.join(map(cards.format, range(12)))}</div>") == []


@pytest.mark.parametrize(
    "css", ["left:-2px", "top: -10px", "width:100px", "max-width:1px;width: 12px", "width:0;min-width:100%"]
)
def test_styles_of_pictures_do_not_hide_them(css: str) -> None:
    assert images(f'<p><img src="/a.jpg" style="{css}"></p>') == ["a.jpg"]


def test_picture_that_is_repeated_stays() -> None:
    stars = "<p>Rated " + "<img src=/star.png alt=star>" * 3
    page = clean(stars, url="https://example.org/", options=CleanOptions(images="inline", scope="page"))
    assert page.markdown.count("star.png") == 3


def test_a_picture_has_its_caption() -> None:
    figure = '<figure><img src="/a.jpg"><figcaption>A crane. <button>Enlarge</button></figcaption></figure>'
    html = f"<main><article><h1>Piers</h1>{LINES[0]}{figure}{LINES[1]}{LINES[2]}</article></main>"
    markdown = clean(html, url="https://example.org/", options=CleanOptions(images="inline")).markdown
    assert "![](https://example.org/a.jpg)\n\nA crane." in markdown


def test_a_thousand_pictures_in_one_place_are_placed_in_time() -> None:
    html = f"<main>{LINES[0]}<div>{'<i><img src=/a.jpg></i>' * 5000}{'<p>x' * 5000}</div>{LINES[1]}</main>"
    assert clean(html, options=CleanOptions(images="inline")).markdown


def test_size_that_is_no_number_is_none() -> None:
    assert images('<p><img src="/a.jpg" width="²" height="²"></p>') == ["a.jpg"]
    assert images(f'<p><img src="/a.jpg" width="{"9" * 5000}" height="0"></p>') == []
