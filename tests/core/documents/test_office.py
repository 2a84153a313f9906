"""Office documents and e-books through to markdown, and hostile packages."""

import io
import re
import struct
import tracemalloc
import zipfile
from collections.abc import Callable

import pytest

from gateway.core import CleanOptions, clean
from gateway.core.documents.document import Document
from gateway.core.documents.office import ListLine, nested_lists
from gateway.core.documents.package import MAX_ENTRIES, MAX_PART_BYTES, Package
from gateway.core.documents.reader import kind_of, read_document
from gateway.core.documents.xlsx import MAX_CELLS
from gateway.core.model.page import Page
from gateway.errors import GatewayError, TooLarge, UnsupportedContent
from tests.core.documents.office_files import (
    CHAPTER,
    changed,
    make_docx,
    make_epub,
    make_odt,
    make_pptx,
    make_xlsx,
    part_of,
    zipped,
)

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MAKERS = {"docx": make_docx, "xlsx": make_xlsx, "pptx": make_pptx, "epub": make_epub, "odt": make_odt}
MAIN = {
    "docx": "word/document.xml",
    "xlsx": "xl/worksheets/sheet1.xml",
    "pptx": "ppt/slides/slide1.xml",
    "epub": "OPS/two.xhtml",
    "odt": "content.xml",
}


def document_of(body: bytes, content_type: str = "") -> Document:
    return read_document(body, content_type=content_type, url="https://h.example/file")


def page_of(body: bytes) -> Page:
    return clean(document_of(body).html, url="https://h.example/file", options=CleanOptions(scope="page"))


@pytest.mark.parametrize(
    ("make", "lines"),
    [
        pytest.param(
            make_docx,
            [
                "# Harbour rules",
                "Boats keep **left** and go *slowly*. [the map](https://harbour.example/map) the disk",
                "## Moorings",
                "- outer one",
                "1. first\n2. second",
                "| berth | metres | price |\n|---|---|---|\n| A | 12 | 30 |\n| B | 14 | 40 |\n| both |  | 70 |",
                "The area is πr²by the master[^1]",
                "[^1]: At low water.",
            ],
            id="docx",
        ),
        pytest.param(
            make_xlsx,
            [
                "## Berths & fees",
                "| **berth** | since | share | fee | map |  |",
                "| A | 2024-03-02 | 12.5% | 30 | [see](https://harbour.example/a) |  |",
                "| B | 2023-01-05 06:30:00 | 0.5 | 41.5 | TRUE |  |",
                "| sum |  |  | =SUM(D2:D3) |  |  |",
                "| all \\<b>fees\\</b> \\| net |  |  | 71.5 |  |  |",
                "|  |  |  |  |  | far corner |",
            ],
            id="xlsx",
        ),
        pytest.param(
            make_pptx,
            [
                "## What we saw",
                "- Boats\n  - red ones\n  - blue ones\n- [**Birds**](https://birds.example/)",
                "| bird | count | seen |\n|---|---|---|\n| tern | 7 | noon |",
                "**Notes**\n\n> Speak slowly here.",
                "## Slide 2\n\nA box of its own",
            ],
            id="pptx",
        ),
        pytest.param(
            make_epub,
            [
                "# One day\n\nTide & *moor*, 1 [out](https://moor.example/)",
                "# Two\n\nSecond chapter.",
            ],
            id="epub",
        ),
        pytest.param(
            make_odt,
            [
                "# Tide table",
                "Come **early** to [the quay](https://tide.example/)[^1].",
                "1. one\n\n   1. deep\n\n2. two",
                "| high | low |\n|---|---|\n| 9:10 | 15:20 |",
                "[^1]: By boat.",
            ],
            id="odt",
        ),
    ],
)
def test_office_document_keeps_its_structure(make: Callable[[], bytes], lines: list[str]) -> None:
    page = page_of(make())
    for line in lines:
        assert line in page.markdown
    assert page.metadata.author == "Ada Quay"
    assert page.title
    assert "ignore all" not in page.markdown


@pytest.mark.parametrize("make", [make_xlsx, make_pptx])
def test_hidden_sheet_and_slide_are_left_out_with_a_warning(make: Callable[[], bytes]) -> None:
    assert "hidden_text_removed" in [notice.code for notice in page_of(make()).warnings]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<html><table><tr><td>1", "html"),
        (b"<table border=1>", "html"),
        (b"a;b\n1;2\n", "text"),
        (b"%PDF-1.4", "pdf"),
    ],
)
@pytest.mark.parametrize("content_type", ["application/vnd.ms-excel", "application/msword; charset=utf-8"])
def test_page_under_the_name_of_an_office_type_is_a_page(content_type: str, body: bytes, kind: str) -> None:
    assert kind_of(body, content_type=content_type, url=None) == kind


def test_office_document_has_language_and_date() -> None:
    metadata = page_of(make_docx()).metadata
    assert (metadata.language, metadata.published) == ("en-GB", "2024-03-02T09:30:00Z")


@pytest.mark.parametrize(
    "content_type", ["", "application/octet-stream", "application/zip", "text/plain", "text/html"]
)
@pytest.mark.parametrize("kind", MAKERS)
def test_office_document_is_known_by_its_bytes(kind: str, content_type: str) -> None:
    assert kind_of(MAKERS[kind](), content_type=content_type, url=None) == kind


def test_sheet_counts_dates_from_1904_where_it_says_so() -> None:
    body = make_xlsx()
    book = part_of(body, "xl/workbook.xml").replace("<workbookPr/>", '<workbookPr date1904="1"/>')
    assert "2028-03-03" in page_of(changed(body, "xl/workbook.xml", book)).markdown


@pytest.mark.parametrize("kind", ["docx", "xlsx", "pptx"])
def test_strict_office_document_reads_as_any_other(kind: str) -> None:
    body = MAKERS[kind]()
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    old, new = rb"http://schemas.openxmlformats.org/(\w+)/2006/", rb"http://purl.oclc.org/ooxml/\1/"
    strict = {
        name: re.sub(old, new, part) if name.endswith((".xml", ".rels")) else part
        for name, part in parts.items()
    }
    # the package's own namespaces are the same in both
    strict = {
        name: part.replace(
            b"http://purl.oclc.org/ooxml/package/", b"http://schemas.openxmlformats.org/package/2006/"
        )
        for name, part in strict.items()
    }
    assert page_of(zipped(dict(strict))).markdown == page_of(body).markdown


def test_formula_shows_its_last_value() -> None:
    body = make_xlsx()
    sheet = part_of(body, "xl/worksheets/sheet1.xml").replace(
        "<f>SUM(D2:D3)</f><v></v>", "<f>SUM(D2:D3)</f><v>71.5</v>"
    )
    assert "| sum |  |  | 71.5 |" in page_of(changed(body, "xl/worksheets/sheet1.xml", sheet)).markdown


def test_sheet_beyond_the_limit_is_cut_with_a_warning() -> None:
    body = make_xlsx()
    row = "<row>" + "<c><v>1</v></c>" * 1000 + "</row>"
    sheet = part_of(body, "xl/worksheets/sheet1.xml")
    many = sheet.replace("</sheetData>", row * (MAX_CELLS // 1000 + 1) + "</sheetData>")
    document = document_of(changed(body, "xl/worksheets/sheet1.xml", many))
    assert [notice.code for notice in document.warnings] == ["cells_cut"]
    assert document.html.count("<td") <= 2 * MAX_CELLS


def test_cells_at_the_corners_of_a_sheet_cost_no_more_than_two_cells() -> None:
    cells = "".join(
        f'<row r="{n * 500 + 1}"><c r="{column}{n * 500 + 1}"><v>1</v></c></row>'
        for n, column in enumerate(COLUMNS)
    )
    merges = '<mergeCell ref="A1:XFD1048576"/>' * 100
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"<sheetData>{cells}</sheetData><mergeCells>{merges}</mergeCells></worksheet>"
    )
    document = document_of(changed(make_xlsx(), "xl/worksheets/sheet1.xml", sheet))
    assert document.html.count("<td") < 2 * len(COLUMNS)


COLUMNS = [a + b for a in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" for b in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]


@pytest.mark.parametrize(
    ("levels", "html"),
    [
        pytest.param([0, 0], "<p>0</p><p>1</p>", id="no-list"),
        pytest.param([1, 2, 1], "<ul><li>0<ul><li>1</li></ul></li><li>2</li></ul>", id="nested"),
        pytest.param([3, 3, 1], "<ul><li>0</li><li>1</li></ul><ul><li>2</li></ul>", id="begins-deep"),
        pytest.param([1, 0, 1], "<ul><li>0</li></ul><p>1</p><ul><li>2</li></ul>", id="interrupted"),
    ],
)
def test_nested_lists_follow_the_levels(levels: list[int], html: str) -> None:
    assert nested_lists([ListLine(level, "ul", str(at)) for at, level in enumerate(levels)]) == html


# --- what cannot be read ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "content_type", "reason", "said"),
    [
        pytest.param(
            OLE + "WordDocument".encode("utf-16-le"), "", "old_format", "save it as .docx", id="doc"
        ),
        pytest.param(OLE + "Workbook".encode("utf-16-le"), "", "old_format", "save it as .xlsx", id="xls"),
        pytest.param(
            OLE + "PowerPoint Document".encode("utf-16-le"), "", "old_format", "save it as .pptx", id="ppt"
        ),
        pytest.param(
            OLE + "EncryptedPackage".encode("utf-16-le"),
            "",
            "password",
            "remove its password",
            id="encrypted",
        ),
        pytest.param(OLE + b"\0" * 600, "", "ole", "no document", id="ole"),
        pytest.param(zipped({"a.txt": "x"}), "application/zip", "archive", "unpack it", id="zip"),
        pytest.param(b"PK\x03\x04 and no more", "", "damaged", "damaged", id="truncated"),
        pytest.param(
            b"\0\1\2\3",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "mislabelled",
            "not what its type says",
            id="mislabelled",
        ),
        pytest.param(
            make_epub(
                **{
                    "META-INF/encryption.xml": '<e><CipherReference URI="OPS/two.xhtml"/></e>',
                }
            ),
            "",
            "password",
            "DRM",
            id="locked-book",
        ),
    ],
)
def test_unreadable_file_says_why_and_what_to_do(
    body: bytes, content_type: str, reason: str, said: str
) -> None:
    with pytest.raises(UnsupportedContent, match=said) as caught:
        document_of(body, content_type)
    assert caught.value.extra["reason"] == reason


# --- hostile packages ------------------------------------------------------------------------------------


def lying_size(body: bytes, name: str, size: int) -> bytes:
    """The archive with another size declared for a part, in both places where sizes stand."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        entry = archive.getinfo(name)
        old = struct.pack("<II", entry.compress_size, entry.file_size)
    return body.replace(old, struct.pack("<II", entry.compress_size, size))


def encrypted(body: bytes) -> bytes:
    """The archive with the flag of every entry that says it is encrypted."""
    at, changed_body = body.find(b"PK\x01\x02"), bytearray(body)
    while at >= 0:
        changed_body[at + 8] |= 1
        at = body.find(b"PK\x01\x02", at + 4)
    return bytes(changed_body)


def overlapping(copies: int) -> bytes:
    """Entries that all name the bytes of one."""
    kernel = zipped({"word/document.xml": b"<a/>" * 1000, "[Content_Types].xml": "<t/>"})
    end = kernel.rindex(b"PK\x05\x06")
    start = kernel.index(b"PK\x01\x02")
    entries = kernel[start:end]
    directory = b"".join(entries.replace(b"document.xml", b"doc%05d.xml" % n) for n in range(copies))
    directory = directory.replace(b"word/doc", b"wor/ddoc")
    tail = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, copies * 2, copies * 2, len(directory), start, 0)
    return kernel[:start] + directory + tail


@pytest.mark.parametrize("kind", MAKERS)
def test_part_that_unpacks_beyond_the_limit_is_refused_without_unpacking_it(kind: str) -> None:
    bomb = changed(MAKERS[kind](), MAIN[kind], b" " * (MAX_PART_BYTES + 1))
    tracemalloc.start()
    with pytest.raises(TooLarge, match="unpacks to more"):
        document_of(bomb)
    assert tracemalloc.get_traced_memory()[1] < MAX_PART_BYTES / 2
    tracemalloc.stop()


@pytest.mark.parametrize("kind", MAKERS)
def test_part_that_lies_about_its_size_is_damaged(kind: str) -> None:
    body = changed(MAKERS[kind](), MAIN[kind], b" " * 1_000_000)
    with pytest.raises(UnsupportedContent, match="cannot be unpacked"):
        document_of(lying_size(body, MAIN[kind], 100))


def test_parts_together_are_bounded() -> None:
    half = bytes(MAX_PART_BYTES - 1)
    package = Package(zipped({name: half for name in "abc"}))
    package.read("a")
    package.read("b")
    with pytest.raises(TooLarge):
        package.read("c")


def test_archive_of_too_many_entries_is_refused_before_it_is_listed() -> None:
    with pytest.raises(TooLarge, match=f"limit of {MAX_ENTRIES}"):
        document_of(zipped({str(n): b"" for n in range(MAX_ENTRIES + 1)}))


@pytest.mark.parametrize("kind", MAKERS)
def test_encrypted_archive_asks_for_its_password_to_be_removed(kind: str) -> None:
    with pytest.raises(UnsupportedContent, match="encrypted"):
        document_of(encrypted(MAKERS[kind]()))


def test_overlapping_entries_are_read_once_or_refused() -> None:
    with pytest.raises(GatewayError):
        document_of(overlapping(400))


ENTITIES = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/hostname">]>'
)


@pytest.mark.parametrize("kind", ["docx", "xlsx", "pptx", "odt"])
@pytest.mark.parametrize("name", ["b", "f"])
def test_entity_of_the_files_own_is_never_expanded(kind: str, name: str) -> None:
    body = MAKERS[kind]()
    text = part_of(body, MAIN[kind])
    at = text.index("<", text.find("?>") + 2)
    evil = text[:at] + ENTITIES + text[at:].replace(">", f">&{name};", 1)
    with pytest.raises(UnsupportedContent, match="no valid XML"):
        document_of(changed(body, MAIN[kind], evil))


def test_entity_of_a_book_is_never_expanded() -> None:
    body = make_epub(**{"OPS/two.xhtml": CHAPTER.format("<p>&evil;</p>")})
    with pytest.raises(UnsupportedContent, match="no valid XML"):
        document_of(body)


@pytest.mark.parametrize(
    ("kind", "opening"),
    [
        pytest.param("docx", "<w:sdt><w:sdtContent>", id="docx"),
        pytest.param("pptx", "<p:grpSp>", id="pptx"),
        pytest.param("xlsx", "<x>", id="xlsx"),
        pytest.param("epub", "<div>", id="epub"),
        pytest.param("odt", "<text:section>", id="odt"),
    ],
)
def test_deep_xml_ends_in_text_or_an_error_of_ours(kind: str, opening: str) -> None:
    body = MAKERS[kind]()
    text = part_of(body, MAIN[kind])
    inside = {
        "docx": "<w:body>",
        "pptx": "<p:spTree>",
        "xlsx": "<sheetData>",
        "epub": "<body>",
        "odt": "<office:text>",
    }[kind]
    closing = "".join(f"</{tag}>" for tag in reversed(opening.strip("<>").split("><")))
    depth = 20_000
    deep = text.replace(inside, inside + opening * depth + closing * depth, 1)
    assert deep != text
    try:
        document_of(changed(body, MAIN[kind], deep))
    except UnsupportedContent as error:
        assert error.extra["reason"] in ("nesting", "damaged")


@pytest.mark.parametrize("kind", MAKERS)
def test_file_without_its_main_part_or_cut_short_is_damaged(kind: str) -> None:
    body = MAKERS[kind]()
    for broken in (changed(body, MAIN[kind], b"<a>"), body[: len(body) // 2], body[:-30]):
        with pytest.raises(UnsupportedContent) as caught:
            document_of(broken)
        assert caught.value.extra["reason"] == "damaged"


@pytest.mark.parametrize("number", ["²", "9" * 5000, "0" * 9 + "8"])
@pytest.mark.parametrize("kind", ["xlsx", "pptx", "odt"])
def test_number_that_is_none_fails_no_document(kind: str, number: str) -> None:
    body = MAKERS[kind]()
    part = re.sub(r'(?<!version)="\d+"', f'="{number}"', part_of(body, MAIN[kind]))
    part = part.replace("<text:s/>", f'<text:s text:c="{number}"/>')
    assert document_of(changed(body, MAIN[kind], part)).html


def test_reference_to_a_file_outside_is_not_followed() -> None:
    body = make_docx()
    rels = part_of(body, "word/_rels/document.xml.rels")
    outside = rels.replace('Target="footnotes.xml"', 'Target="file:///etc/hostname" TargetMode="External"')
    page = page_of(
        changed(
            body, "word/_rels/document.xml.rels", outside.replace("footnotes.xml", "../../../etc/hostname")
        )
    )
    assert "Boats keep" in page.markdown


def test_long_document_is_read_from_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    paragraphs = "".join(f"<w:p><w:r><w:t>Paragraph {n}.</w:t></w:r></w:p>" for n in range(100))
    rows = "".join(f"<w:tr><w:tc><w:p><w:r><w:t>{n}</w:t></w:r></w:p></w:tc></w:tr>" for n in range(100))
    xml = part_of(make_docx(), "word/document.xml")
    long = xml.replace("<w:body>", f"<w:body>{paragraphs}<w:tbl>{rows}</w:tbl>")
    body = changed(make_docx(), "word/document.xml", long)
    monkeypatch.setattr("gateway.core.documents.docx.MAX_ELEMENTS", 200)
    document = document_of(body)
    assert "Paragraph 40." in document.text and "Paragraph 80." not in document.text
    [notice] = document.warnings
    assert notice.code == "document_cut" and notice.count is not None and notice.count > 150
