"""Looking for words in every byte of a folder, whatever form of file they hide in."""

from __future__ import annotations

import base64
import gzip
import html
import io
import json
import re
import unicodedata
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import pikepdf
from pdf_reading import open_pdf, read_pages

DATA = re.compile(rb"data:([^;,\"')\s]*)((?:;[^;,\"')\s]*)*),([^\"')\s>]*)")
JSON_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
DEEPEST = 20  # levels of an object of a PDF
PARQUET, PDF, ZIP, GZIP = b"PAR1", b"%PDF", b"PK\x03\x04", b"\x1f\x8b"


def squeeze(text: str) -> str:
    """Return a text as it is compared: composed, in small letters, without spaces, joiners and hyphens."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\s\u00ad\u200b-\u200d\u2010\u2011\u2060-]|<wbr/?>", "", plain)


def read_texts(content: bytes) -> Iterator[str]:
    """Yield every text that a file holds: as it stands, and unpacked from whatever it is packed in."""
    yield from _as_text(content)
    if content.startswith(PDF):
        yield from _read_pdf(content)
    elif content.startswith(ZIP):
        yield from _read_zip(content)
    elif content.startswith(PARQUET):
        yield from _read_parquet(content)
    elif content.startswith(GZIP):
        yield from read_texts(gzip.decompress(content))
    else:
        yield from _read_embedded(content)


def _as_text(content: bytes) -> Iterator[str]:
    text = content.decode("utf-8", errors="replace")
    yield text
    yield html.unescape(text)
    yield unquote(text)
    yield re.sub(r"<[^>]*>", "", text)  # a word broken by markup
    if "\\u" in text:
        yield JSON_ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    if b"\0" in content:
        yield content.decode("utf-16-le", errors="replace")
        yield content.decode("utf-16-be", errors="replace")


def _read_embedded(content: bytes) -> Iterator[str]:
    """Yield the texts in data URIs and in long pieces of base64."""
    for found in DATA.finditer(content):
        body = found[3].replace(b"\\n", b"").replace(b"\\", b"")
        packed = base64.b64decode(body + b"==") if b"base64" in found[2] else unquote(body.decode()).encode()
        yield from read_texts(packed)
    for piece in re.findall(rb"[A-Za-z0-9+/]{24,}={0,2}", content):
        yield from _as_text(base64.b64decode(piece[: len(piece) // 4 * 4] + b"=="))


def _read_pdf(content: bytes) -> Iterator[str]:
    for page in read_pages(content):
        yield page.content
        yield page.artifacts
    with open_pdf(content) as document:
        for thing in document.objects:
            yield from _read_object(thing)
        yield from map(str, document.docinfo.values())
        yield str(document.open_metadata())


def _read_object(thing: pikepdf.Object) -> Iterator[str]:
    if isinstance(thing, pikepdf.Stream):
        yield from _as_text(_inflate(thing))
    yield from _strings(thing)


def _inflate(stream: pikepdf.Stream) -> bytes:
    try:
        return stream.read_bytes()
    except pikepdf.PdfError:
        return stream.read_raw_bytes()


def _strings(thing: pikepdf.Object, depth: int = 0) -> Iterator[str]:
    """Yield the strings and names of an object, but for those of objects of their own."""
    if isinstance(thing, pikepdf.String | pikepdf.Name):
        yield str(thing)
        return
    parts: list[object] = []
    if isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
        names = sorted(thing.keys())
        yield from names
        parts = [thing[name] for name in names]
    elif isinstance(thing, pikepdf.Array):
        parts = list(thing)
    for part in parts:
        if isinstance(part, pikepdf.Object) and not part.is_indirect and depth < DEEPEST:
            yield from _strings(part, depth + 1)


def _read_zip(content: bytes) -> Iterator[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        yield archive.comment.decode("utf-8", errors="replace")
        for member in archive.infolist():
            yield member.filename
            yield member.comment.decode("utf-8", errors="replace")
            yield from read_texts(archive.read(member))


def _read_parquet(content: bytes) -> Iterator[str]:
    table = pd.read_parquet(io.BytesIO(content))
    yield from map(str, table.columns)
    yield json.dumps({str(key): str(value) for key, value in table.attrs.items()})
    for name in table:
        yield " ".join(map(str, table[name].dropna().unique()))


def read_folder(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield every text of a folder with where it stands; the names of files and folders are texts too."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        yield name, name
        if path.is_symlink():
            yield name, str(path.readlink())
        elif path.is_file():
            yield from ((name, text) for text in read_texts(path.read_bytes()))


def search(texts: Iterator[tuple[str, str]], words: set[str]) -> dict[str, set[str]]:
    """Return which of these words stand in the texts, and where."""
    found: dict[str, set[str]] = {}
    for place, text in texts:
        squeezed = squeeze(text)
        for word in words:
            if word in squeezed:
                found.setdefault(word, set()).add(place)
    return found
