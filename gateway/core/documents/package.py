"""ZIP packages of documents (OOXML, OpenDocument, EPUB), read within bounds whatever they declare.

A part is unpacked when it is asked for, once, and never beyond the bounds: so nested archives, overlapping entries and
entries that lie about their size cost no more than honest ones. XML is read without its document type: no entity of a
file's own making is ever expanded and nothing outside of it is ever fetched.
"""

import io
import re
import zipfile
import zlib
from posixpath import join, normpath
from xml.etree import ElementTree

from gateway.core.documents.charset import decode
from gateway.core.documents.document import PackageKind
from gateway.core.documents.feeds import without_prolog
from gateway.errors import TooLarge, UnsupportedContent

MAX_PART_BYTES = 32 * 1024**2
# of all parts that are read
MAX_PACKAGE_BYTES = 64 * 1024**2
MAX_ENTRIES = 10_000

_MAGIC = b"PK\x03\x04"
# how every entry of a directory begins
_ENTRY = b"PK\x01\x02"
_FOLDERS: dict[str, PackageKind] = {"word/": "docx", "xl/": "xlsx", "ppt/": "pptx"}
_MIMETYPES: dict[bytes, PackageKind] = {
    b"application/epub+zip": "epub",
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.text-template": "odt",
}
_RELATIONS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
# the namespaces of files that are saved as "strict" OOXML (ISO/IEC 29500-1), and what all others call them
_STRICT = re.compile(
    r"http://purl\.oclc\.org/ooxml/(officeDocument|wordprocessingml|spreadsheetml|presentationml|drawingml)/"
)
_TRANSITIONAL = r"http://schemas.openxmlformats.org/\1/2006/"


class Package:
    """The parts of a package, by name.

    Args:
        body: the file.
    Raises:
        UnsupportedContent: it is damaged.
        TooLarge: it has more entries than MAX_ENTRIES.
    """

    def __init__(self, body: bytes) -> None:
        entries = body.count(_ENTRY)
        if entries > MAX_ENTRIES:
            raise TooLarge(
                f"the file is an archive of {entries} entries, more than the limit of {MAX_ENTRIES}"
            )
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(body))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as exc:
            raise damaged("its archive cannot be opened") from exc
        self.names = frozenset(self._zip.namelist())
        self._left_bytes = MAX_PACKAGE_BYTES

    def read(self, name: str) -> bytes | None:
        """A part unpacked; None where there is none.

        Raises:
            UnsupportedContent: it is damaged or encrypted.
            TooLarge: it is larger than MAX_PART_BYTES, or all that were read than MAX_PACKAGE_BYTES.
        """
        if name not in self.names:
            return None
        entry = self._zip.getinfo(name)
        if entry.flag_bits & 1:
            raise UnsupportedContent(
                "the file is encrypted; remove its password and send it again", reason="password"
            )
        limit = min(MAX_PART_BYTES, self._left_bytes)
        if entry.file_size <= limit:
            try:
                with self._zip.open(entry) as part:
                    content = part.read(limit + 1)
            except (
                zipfile.BadZipFile,
                zlib.error,
                NotImplementedError,
                EOFError,
                OSError,
                ValueError,
            ) as exc:
                raise damaged(f"{name[:100]} cannot be unpacked") from exc
            if len(content) <= limit:
                self._left_bytes -= len(content)
                return content
        raise TooLarge(
            f"{name[:100]} in the file unpacks to more than the limit of {MAX_PART_BYTES} bytes "
            f"({MAX_PACKAGE_BYTES} for all parts)"
        )

    def text(self, name: str) -> str | None:
        """A part of XML, from its root on; None where there is none."""
        content = self.read(name)
        if content is None:
            return None
        return _STRICT.sub(_TRANSITIONAL, without_prolog(decode(content).text.lstrip("\ufeff")))

    def tree(self, name: str) -> ElementTree.Element | None:
        """A part of XML, parsed; None where there is none.

        Raises:
            UnsupportedContent: it is not well-formed.
        """
        text = self.text(name)
        return None if text is None else parse_xml(text, name=name)

    def relations(self, name: str) -> dict[str, "Relation"]:
        """What a part of OOXML refers to, by id."""
        folder, _, file = name.rpartition("/")
        tree = self.tree(join(folder, "_rels", f"{file}.rels"))
        relations = {}
        for node in tree if tree is not None else ():
            target = node.get("Target", "")
            external = node.get("TargetMode") == "External"
            relations[node.get("Id", "")] = Relation(
                kind=node.get("Type", "").rpartition("/")[2],
                target=target if external else part_name(folder, target),
                external=external,
            )
        return relations


class Relation:
    """A reference from one part to another, or to an address outside of the file."""

    __slots__ = ("external", "kind", "target")

    def __init__(self, *, kind: str, target: str, external: bool) -> None:
        self.kind = kind
        self.target = target
        self.external = external


def package_kind(body: bytes) -> PackageKind | None:
    """What a body is by its content; None where it is no archive."""
    if not body.startswith(_MAGIC):
        return None
    try:
        package = Package(body)
        mimetype = package.read("mimetype") or b""
    except (UnsupportedContent, TooLarge):
        return "zip"
    if kind := _MIMETYPES.get(mimetype.strip()):
        return kind
    if "META-INF/container.xml" in package.names:
        return "epub"
    if "[Content_Types].xml" in package.names:
        for folder, kind in _FOLDERS.items():
            if any(name.startswith(folder) for name in package.names):
                return kind
    return "zip"


def parse_xml(text: str, *, name: str) -> ElementTree.Element:
    """XML as a tree.

    Raises:
        UnsupportedContent: it is not well-formed.
    """
    try:
        return ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError) as exc:
        raise damaged(f"{name[:100]} is no valid XML") from exc


def main_part(package: Package) -> str:
    """The name of an OOXML package's main part."""
    for relation in package.relations("").values():
        if relation.kind == "officeDocument" and not relation.external:
            return relation.target
    raise damaged("it does not name its main part")


def part_name(folder: str, target: str) -> str:
    """The name of a part from a reference to it."""
    return target.lstrip("/") if target.startswith("/") else normpath(join(folder, target))


def relation_id(node: ElementTree.Element, attribute: str = "id") -> str:
    """The id of a relationship that an element names."""
    return node.get(_RELATIONS + attribute, "")


def local(node: ElementTree.Element) -> str:
    """An element's name without its namespace; empty for comments."""
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def attribute_of(node: ElementTree.Element, name: str) -> str:
    """An attribute by its name without namespace; empty where there is none."""
    return next((value for key, value in node.attrib.items() if key.rpartition("}")[2] == name), "")


def damaged(what: str) -> UnsupportedContent:
    """The error of a file that cannot be read."""
    return UnsupportedContent(
        f"the file is damaged: {what}; save it anew and send it again", reason="damaged"
    )
