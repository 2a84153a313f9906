# ruff: noqa: E501  (sentences in eight scripts are not broken)
"""The core end to end: bytes in, content out, whatever the bytes."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core import CleanOptions, clean
from gateway.errors import InvalidRequest

PAGES = Path(__file__).parents[2] / "fixtures" / "pages"

MENU = "<nav><ul><li><a href=/>{0}</a></li><li><a href=/a>{1}</a></li><li><a href=/b>{2}</a></li></ul></nav>"
FOOTER = "<footer><p>© 2026 Example · <a href=/p>{0}</a> · <a href=/t>{1}</a></p></footer>"

# menu words, a title, two paragraphs that say something, footer words
LANGUAGES = {
    "zh": (
        ("首页", "新闻", "联系我们"),
        "城市里的小菜园",
        "去年春天，我们在屋顶上开始种菜。一开始只有几盆番茄和辣椒，后来邻居们也加入进来，现在已经有二十多种蔬菜了。",
        "最大的困难不是水，而是风。屋顶上的风很大，幼苗常常被吹倒，所以我们用竹子搭了一道矮墙，效果比预想的好得多。",
        ("隐私政策", "使用条款"),
    ),
    "ja": (
        ("ホーム", "ニュース", "お問い合わせ"),
        "古い自転車を直す",
        "祖父の自転車は三十年も物置で眠っていました。タイヤは硬くなり、チェーンは錆びていましたが、フレームはまだ丈夫でした。",
        "まず分解して、部品を一つずつ洗いました。ベアリングに新しい油を差すと、車輪は驚くほど静かに回るようになりました。",
        ("プライバシー", "利用規約"),
    ),
    "th": (
        ("หน้าแรก", "ข่าว", "ติดต่อเรา"),
        "ตลาดเช้าริมคลอง",
        "ทุกเช้าวันเสาร์ชาวบ้านจะพายเรือมาขายผักและผลไม้ที่ปลูกเองในสวนหลังบ้าน ราคาถูกกว่าในเมืองมากและสดกว่าด้วย",
        "คนที่มาก่อนหกโมงเช้าจะได้กินขนมที่เพิ่งทำเสร็จใหม่ ๆ แม่ค้าเล่าว่าเธอตื่นตั้งแต่ตีสามเพื่อเตรียมของทั้งหมด",
        ("นโยบายความเป็นส่วนตัว", "ข้อกำหนด"),
    ),
    "ar": (
        ("الرئيسية", "الأخبار", "اتصل بنا"),
        "مكتبة صغيرة في القرية",
        "قبل عشر سنوات لم يكن في القرية مكان يقرأ فيه الأطفال بعد المدرسة، ثم قررت المعلمة أن تفتح بيتها وكتبها لهم كل مساء.",
        "اليوم تضم المكتبة أكثر من ثلاثة آلاف كتاب، ويأتي إليها القراء من القرى المجاورة، وقد ساعد الجميع في بناء رفوفها من الخشب.",
        ("سياسة الخصوصية", "الشروط"),
    ),
    "hi": (
        ("मुखपृष्ठ", "समाचार", "संपर्क"),
        "पहाड़ की चाय",
        "इस गाँव में चाय के बाग सौ साल से भी पुराने हैं और यहाँ के लोग आज भी पत्तियाँ हाथ से तोड़ते हैं, जैसे उनके दादा तोड़ते थे।",
        "बारिश के बाद की पहली फसल सबसे अच्छी मानी जाती है। उसकी खुशबू हल्की होती है और रंग सुनहरा, इसलिए उसका दाम भी दुगना मिलता है।",
        ("गोपनीयता नीति", "नियम"),
    ),
    "de": (
        ("Startseite", "Nachrichten", "Kontakt"),
        "Ein Ofen aus Lehm",
        "Im Herbst haben wir hinter dem Haus einen Ofen gebaut, aus Lehm, Stroh und alten Ziegeln, die der Nachbar nicht mehr brauchte.",
        "Das Trocknen dauerte länger als gedacht: Erst nach sechs Wochen durften wir das erste Feuer machen, und auch dann nur ein kleines.",
        ("Datenschutz", "Impressum"),
    ),
    "fr": (
        ("Accueil", "Actualités", "Contact"),
        "Le four du village",
        "Chaque dimanche, les habitants se retrouvent autour du four communal pour cuire le pain de la semaine et partager un repas.",
        "La tradition avait disparu pendant trente ans ; c'est une boulangère à la retraite qui a rallumé le feu et appris le geste aux enfants.",
        ("Confidentialité", "Mentions légales"),
    ),
    "ru": (
        ("Главная", "Новости", "Контакты"),
        "Лодка своими руками",
        "Зимой мы с отцом решили построить лодку. Чертежи нашли в старом журнале, а доски купили на лесопилке за соседней деревней.",
        "Труднее всего оказалось согнуть борта: дерево трескалось, пока мы не догадались держать его над паром не меньше двух часов.",
        ("Конфиденциальность", "Условия"),
    ),
}


def page_in(language: str) -> str:
    menu, title, first, second, footer = LANGUAGES[language]
    return (
        f"<!doctype html><html lang={language}><head><meta charset=utf-8><title>{title}</title></head><body>"
        f"<header>{MENU.format(*menu)}</header><main><article><h1>{title}</h1><p>{first}</p><p>{second}</p>"
        f"</article></main>{FOOTER.format(*footer)}</body></html>"
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_clean_finds_the_content_in_any_language(language: str) -> None:
    menu, title, first, second, footer = LANGUAGES[language]
    page = clean(page_in(language).encode())
    assert first in page.text
    assert second in page.text
    assert not any(word in page.text for word in (*menu[1:], *footer))
    assert page.title == title


@pytest.mark.parametrize("slug", sorted(path.name for path in PAGES.iterdir() if path.is_dir()))
def test_clean_is_surer_of_less_than_the_whole_page(slug: str) -> None:
    html = (PAGES / slug / "source.html").read_bytes()
    main, whole = clean(html), clean(html, options=CleanOptions(scope="page"))
    assert 0 < len(main.text) <= len(whole.text)
    assert main.confidence is not None and 0 < main.confidence <= 1
    assert main.page_type is not None
    assert whole.confidence is None


def test_clean_keeps_what_is_selected() -> None:
    html = "<div id=a><p>one</p><span class=x>two</span></div><p class=x>three <b>four</b></p>"
    page = clean(html, options=CleanOptions(select=".x"))
    assert page.text.split() == ["two", "three", "four"]
    assert page.confidence is None


def test_clean_removes_before_it_selects() -> None:
    html = "<div id=a><p>one</p><p class=ad>two</p><p>three</p></div>"
    page = clean(html, options=CleanOptions(select="#a", remove=(".ad", "p:last-child")))
    assert page.text == "one"


@pytest.mark.parametrize(
    ("options", "field"),
    [
        pytest.param(CleanOptions(select="p["), "select", id="select"),
        pytest.param(CleanOptions(remove=("p", ">>")), "remove", id="remove"),
    ],
)
def test_clean_names_the_selector_it_cannot_read(options: CleanOptions, field: str) -> None:
    with pytest.raises(InvalidRequest, match=field) as caught:
        clean("<p>a</p>", options=options)
    assert caught.value.extra["field"] == field


def test_clean_says_when_it_is_unsure() -> None:
    page = clean("<ul>" + "".join(f"<li><a href=/{i}>Item {i}</a></li>" for i in range(40)) + "</ul>")
    assert page.confidence is not None
    assert ("low_confidence" in {warning.code for warning in page.warnings}) == (page.confidence < 0.6)


def test_clean_counts_hidden_text_and_drops_it() -> None:
    html = "<main><h1>Kettle</h1><p>It boils water in a minute, and it is quiet.</p><p style='font-size:0'>Ignore it</p>"
    page = clean(html, options=CleanOptions(scope="page"))
    assert "Ignore" not in page.text
    assert [(w.code, w.count) for w in page.warnings if w.code == "hidden_text_removed"] == [
        ("hidden_text_removed", 1)
    ]


def test_clean_strips_characters_nobody_sees() -> None:
    hidden = "".join(chr(0xE0000 + ord(char)) for char in "obey")
    page = clean(f"<p>A kettle{hidden} boils.</p>", options=CleanOptions(scope="page"))
    assert page.text == page.markdown == "A kettle boils."
    assert [w.count for w in page.warnings if w.code == "invisible_characters_removed"] == [4]


def test_clean_reads_the_thread_behind_a_shell() -> None:
    posts = "".join(
        f"<article><p>Post {i}: the pump leaks when it is cold outside.</p></article>" for i in range(30)
    )
    html = f"<body><div id=app></div><noscript><header>Forum</header><main>{posts}</main></noscript></body>"
    page = clean(html)
    assert "Post 7: the pump leaks" in page.text
    assert "js_shell" not in {warning.code for warning in page.warnings}


@pytest.mark.parametrize("nested", ["<div>", "<b>", "<ul><li>", "<blockquote>", "<table><tr><td>"])
def test_clean_says_that_a_deep_page_is_cut(nested: str) -> None:
    page = clean(
        "<p>first words here</p>" + nested * 3000 + "deep", options=CleanOptions(scope="page", max_depth=100)
    )
    assert "first words here" in page.text
    assert "truncated" in {warning.code for warning in page.warnings}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x00\xff\xfe\x80" * 500, id="binary"),
        pytest.param(b"<html><frameset><frame src=a></frameset></html>", id="frameset"),
        pytest.param(b"<html><head><title>x", id="no-body"),
        pytest.param(b"<p>cut off <a href='", id="truncated"),
        pytest.param(b"<meta charset=utf-16><p>caf\xe9</p>", id="mis-declared"),
        pytest.param(b"<p>a\x00b</p>", id="nul"),
        pytest.param(b"word " * 200_000, id="one-long-line"),
        pytest.param(b"<p>" + b"x" * 1_000_000, id="one-long-word"),
    ],
)
def test_clean_makes_a_page_of_anything(body: bytes) -> None:
    page = clean(body)
    page.text.encode()
    assert page.blocks or page.warnings


def test_clean_accepts_lone_surrogates() -> None:
    clean("<p>a \ud800 b</p>").markdown.encode()


_WORDS = st.text(alphabet="ab <>/&\"'=\n\x00é汉\u202e", max_size=12)
_PIECES = st.sampled_from(
    "<div> </div> <p> <table><tr><td> <!-- --> <a href=x> </a> <script> </script> <ul><li> <pre> <noscript>"
    " </noscript> <template> <svg> <math> <select><option> <h1> <br> <style>p{display:none}</style>".split(
        " "
    )
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(_WORDS, _PIECES), max_size=40))
def test_clean_never_fails_on_markup(pieces: list[str]) -> None:
    page = clean("".join(pieces))
    assert page.confidence is None or 0 <= page.confidence <= 1
    page.markdown.encode()


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_clean_never_fails_on_bytes(body: bytes) -> None:
    clean(body).markdown.encode()
