"""Names out of bylines: whole, in many languages, and none out of buttons, dates and templates."""

import pytest

from gateway.core.metadata.names import clean_name, is_person, names_in


@pytest.mark.parametrize(
    ("byline", "name"),
    [
        # "by" in other languages
        ("Von Lars Müller", "Lars Müller"),
        ("By Nina Vik, Oslo", "Nina Vik"),
        ("By Nina Vik, Ole Dahl", "Nina Vik, Ole Dahl"),
        ("By Nina Vik, PhD", "Nina Vik, PhD"),
        ("Par Élise Durand", "Élise Durand"),
        ("Por Ana María López", "Ana María López"),
        ("Di Mauro Rossi", "Mauro Rossi"),
        ("Door Jan de Vries", "Jan de Vries"),
        ("Av Kari Nordmann", "Kari Nordmann"),
        ("Af Mette Hansen", "Mette Hansen"),
        ("Przez Annę Nowak", "Annę Nowak"),
        ("Oleh Budi Santoso", "Budi Santoso"),
        ("Автор: Анна Петрова", "Анна Петрова"),
        ("作者：鲁迅", "鲁迅"),
        ("文／王小明", "王小明"),
        ("بقلم: نجيب محفوظ", "نجيب محفوظ"),
        ("מאת: עמוס עוז", "עמוס עוז"),
        ("Auteur : Jeanne Moreau", "Jeanne Moreau"),
        # parts of names that look like "by"
        ("Byrne Halvard", "Byrne Halvard"),
        ("Von der Leyen", "Von der Leyen"),
        ("Von Ursula von der Leyen", "Ursula von der Leyen"),
        ("Maria de la Cruz", "Maria de la Cruz"),
        ("Omar al-Bashir", "Omar al-Bashir"),
        ("Bram K. Olsen", "Bram K. Olsen"),
        ("J. R. R. Tolkien", "J. R. R. Tolkien"),
        ("Martin Luther King Jr.", "Martin Luther King Jr."),
        # who made the pictures or translated did not write
        ("Photos by Ana Lima", None),
        ("Photography by Ana Lima", None),
        ("Fotos von Ana Lima", None),
        ("Bilder: Ana Lima", None),
        ("Фото: Анна Петрова", None),
        ("写真：山田花子", None),
        ("Translated by Ana Lima", None),
        ("Words by Bo Ek, photos by Ana Lima", "Bo Ek"),
        ("Fotini Paul", "Fotini Paul"),
        # what stands beside them
        ("By Ada Lovelace, Staff Writer", "Ada Lovelace"),
        ("Ada Lovelace • 5 min read", "Ada Lovelace"),
        ("Sofia Gonzalez December 4", "Sofia Gonzalez"),
        ("Ada Lovelace posted on Monday", "Ada Lovelace"),
        ("By Ada Lovelace and Alan Turing", "Ada Lovelace, Alan Turing"),
        ("Ada Lovelace & Alan Turing", "Ada Lovelace, Alan Turing"),
        # what is no name
        *(
            (text, None)
            for text in ("Skip to content", "Share", "Published", "Username", "Read more", "…", "· · ·")
        ),
        *(
            (text, None)
            for text in ("Dec", "Monday", "May 22, 2026", "12 comments", "2 days ago", "Sign In", "Full Bio")
        ),
        *(
            (text, None)
            for text in ("{{ author.name }}", "${author}", "<%= author %>", "%%author%%", "[object Object]")
        ),
        *((text, None) for text in ("undefined", "null", "admin", "https://a.example/b", "a@b.example")),
    ],
)
def test_clean_name_takes_a_name_and_nothing_else(byline: str, name: str | None) -> None:
    assert clean_name(byline) == name


@pytest.mark.parametrize(
    "name", ["Di Lorenzo, Mauro", "Von Trier, Lars", "De Sica, Vittorio", "di Prima, Diane"]
)
def test_clean_name_keeps_the_beginning_of_a_stated_name(name: str) -> None:
    assert clean_name(name, stated=True) == name


@pytest.mark.parametrize(
    ("pieces", "markup", "names"),
    [
        (["By ", "Ada Lovelace", " and ", "Alan Turing"], "", "Ada Lovelace, Alan Turing"),
        (["By", "Ada Lovelace", "Former consultant of many"], "", "Ada Lovelace"),
        (["mara", "mara"], "", "mara"),
        (["Ada", " ", "Lovelace"], '<i class="first-name">', "Ada Lovelace"),
        (["phinds", "Science Advisor"], "", "phinds"),
        (["", "Published", "May 2"], "", None),
        ([], "", None),
    ],
)
def test_names_in_stops_where_the_element_of_the_name_does(
    pieces: list[str], markup: str, names: str | None
) -> None:
    assert names_in(pieces, markup=lambda: markup) == names


@pytest.mark.parametrize(
    "name", ["Ada Lovelace", "夏目漱石", "Ursula von der Leyen", "J. R. R. Tolkien", "Éva Nagy"]
)
def test_is_person_knows_people(name: str) -> None:
    assert is_person(name)


@pytest.mark.parametrize(
    "name", ["The Daily News", "Guardian staff reporter", "BBC", "Reuters", "example.com", "Top 10"]
)
def test_is_person_knows_groups(name: str) -> None:
    assert not is_person(name)


@pytest.mark.parametrize(
    "piece", ["By ", "a", "A ", "and ", "by by ", ", ", "Ada Lovelace and ", "\u0300", "·"]
)
def test_clean_name_bounds_its_answer(piece: str) -> None:
    name = clean_name(piece * 5_000)
    assert name is None or len(name) <= 100
