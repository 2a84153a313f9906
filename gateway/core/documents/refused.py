"""Files that are recognised only to say why they cannot be read, and what to do: archives, old office formats."""

from gateway.core.documents.document import Document, DocumentType, Looked, Received
from gateway.core.documents.package import Package
from gateway.errors import UnsupportedContent

_OLE = (
    # the container of Office 97 to 2003, and of encrypted files of today
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
)
# a stream's name in an OLE container -> what the file is
_STREAMS = {
    "EncryptedPackage": "",
    "WordDocument": "docx",
    "Workbook": "xlsx",
    "Book": "xlsx",
    "PowerPoint Document": "pptx",
}


def _recognises(looked: Looked) -> bool:
    return looked.body.startswith(_OLE) or looked.package == "zip"


def _read(received: Received) -> Document:
    body = received.body
    if body.startswith(_OLE):
        raise _old_format(body)
    # says what is wrong where it cannot be opened at all
    Package(body).read("mimetype")
    raise UnsupportedContent(
        "the file is an archive, and no document; unpack it and send what is inside", reason="archive"
    )


def _old_format(body: bytes) -> UnsupportedContent:
    found = next((name for name in _STREAMS if name.encode("utf-16-le") in body), None)
    if found is None:
        return UnsupportedContent(
            "the file is an OLE container that holds no document known here", reason="ole"
        )
    if not (modern := _STREAMS[found]):
        return UnsupportedContent(
            "the file is encrypted; remove its password and send it again", reason="password"
        )
    old = {"docx": "doc", "xlsx": "xls", "pptx": "ppt"}[modern]
    return UnsupportedContent(
        f"the file is in the old .{old} format of Office 97 to 2003; save it as .{modern} or PDF and send that",
        reason="old_format",
    )


REFUSED = DocumentType(kind="archive", recognises=_recognises, read=_read)
