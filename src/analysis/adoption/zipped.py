"""The parts of a zipped workbook, read within bounds: what is too large unpacked is refused before it is unpacked."""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.parsers import expat

from analysis.adoption.sheets import too_large
from analysis.faults import Fault, InputError

MOST_UNPACKED = 300_000_000  # bytes of XML; a sheet of two million numbers is about half of it
MOST_PARTS = 10_000
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, UnicodeDecodeError)


class Package:
    """An open zipped workbook; only the parts that are asked for are unpacked, each checked before."""

    def __init__(self, path: Path) -> None:
        """Open the file; raise InputError where it is no whole zip file or holds too many parts."""
        self.path = path
        try:
            self.archive = zipfile.ZipFile(path)
        except DAMAGED as error:
            raise self.damaged(str(error)) from None
        self.sizes = {info.filename: info.file_size for info in self.archive.infolist()}
        self.asked: set[str] = set()
        if len(self.archive.infolist()) > MOST_PARTS:
            raise too_large(str(path), f"{len(self.sizes)} parts in the file", f"at most {MOST_PARTS}")

    def claim(self, names: Iterable[str], place: str = "") -> None:
        """Count the sizes of parts that will be read; raise InputError where they are too large together."""
        self.asked.update(name for name in names if name in self.sizes)
        size = sum(self.sizes[name] for name in self.asked)
        if size > MOST_UNPACKED:
            found = f"{size / 1e6:,.0f} MB of cells once unpacked"
            raise too_large(place or str(self.path), found, f"at most {MOST_UNPACKED / 1e6:,.0f} MB")

    def parse(self, name: str, handler: Any) -> None:
        """Feed a part to `handler`, which has start(name, attributes), end(name) and text(characters).

        Names come without their namespace. Raises InputError where the part is missing, damaged, or longer than it
        says, and where it defines entities, which could unfold to anything.
        """
        self.claim([name])
        parser = expat.ParserCreate(namespace_separator=" ")
        local: dict[str, str] = {}

        def start(tag: str, attributes: dict[str, str]) -> None:
            if any(" " in key for key in attributes):
                attributes = {_local(key, local): value for key, value in attributes.items()}
            handler.start(_local(tag, local), attributes)

        def refuse_entities(*_: object) -> None:
            raise InputError([Fault(f"{self.path}, part {name}", "definitions of entities", "none, as in a workbook")])

        parser.StartElementHandler = start
        parser.EndElementHandler = lambda tag: handler.end(_local(tag, local))
        parser.CharacterDataHandler = handler.text
        parser.StartDoctypeDeclHandler = refuse_entities
        parser.buffer_text = True
        if name not in self.sizes:
            raise self.damaged(f"no part {name}")
        try:
            with self.archive.open(name) as part:
                parser.ParseFile(part)
        except (*DAMAGED, expat.ExpatError, KeyError, ValueError, IndexError) as error:
            raise self.damaged(f"{name}: {error}") from None

    def damaged(self, detail: str) -> InputError:
        """Return the refusal of a file that is not a whole workbook."""
        expected = "a whole workbook; open it in the spreadsheet program and save it again"
        return InputError([Fault(str(self.path), f"a damaged file ({detail})", expected)])

    def beside(self, name: str, target: str) -> str:
        """Return the part that a relation of the part `name` leads to."""
        return (
            target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"{posixpath.dirname(name)}/{target}")
        )

    def relations(self, name: str) -> dict[str, tuple[str, str]]:
        """Return the kind and the part of every relation of a part, by id; none where it has no relations."""
        folder, file = posixpath.split(name)
        place = f"{folder}/_rels/{file}.rels"
        found = _Relations()
        if place in self.sizes:
            self.parse(place, found)
        return {key: (kind, self.beside(name, target)) for key, kind, target in found.all}


class _Relations:
    def __init__(self) -> None:
        self.all: list[tuple[str, str, str]] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            kind = attributes.get("Type", "").rsplit("/", 1)[-1]
            self.all.append((attributes.get("Id", ""), kind, attributes.get("Target", "")))

    def end(self, name: str) -> None:
        pass

    def text(self, characters: str) -> None:
        pass


def _local(name: str, known: dict[str, str]) -> str:
    found = known.get(name)
    if found is None:
        found = known[name] = name.rsplit(" ", 1)[-1]
    return found
