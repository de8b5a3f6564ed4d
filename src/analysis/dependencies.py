"""What a piece of code depends on, read from its text without running it: modules of this package, texts, data."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

PACKAGE = Path(__file__).parent
NAME = "analysis"
_parsing = Lock()
LOCKED = re.compile(r"^([A-Za-z0-9][\w.-]*)==", re.MULTILINE)


def code_of(notebook: str) -> str:
    """Return the code cells of a notebook, given as the text of its file, one after the other."""
    cells = json.loads(notebook)["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def meaning_of(notebook: str) -> str:
    """Return a hash of what a notebook says and does: sources and tags of its cells, without outputs and counts."""
    cells = json.loads(notebook)["cells"]
    said = [[cell["cell_type"], "".join(cell["source"]), cell["metadata"].get("tags", [])] for cell in cells]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def names_imported(code: str) -> set[str]:
    """Return every name that the code may import as a module, at its top or inside a function."""
    return _read(code)[0]


def attributes_read(code: str) -> set[str]:
    """Return the names of all attributes that the code reads, such as `published` of `step.published`."""
    return {node.attr for node in ast.walk(_parsed(code)) if isinstance(node, ast.Attribute)}


def texts_read(code: str, files: Iterable[str]) -> set[str]:
    """Return those of the files of texts whose keys, such as `answer.head`, stand in the code."""
    return set(files) & _read(code)[1]


def installed_versions(lock: Path | None = None) -> dict[str, str]:
    """Return the versions of Python and of every installed package that the lock names; of all where there is none."""
    found = {"python": "{}.{}.{}".format(*sys.version_info)}
    for path in Path(sysconfig.get_paths()["purelib"]).glob("*.dist-info"):
        name, _, version = path.stem.partition("-")
        found[_normal(name)] = version
    if lock is None or not lock.is_file():
        return found
    locked = {_normal(name) for name in LOCKED.findall(lock.read_text(encoding="utf-8"))}
    return {name: version for name, version in found.items() if name in locked or name == "python"}


def find_lock(root: Path) -> Path | None:
    """Return the lock of the project, or of the package's own repository."""
    for folder in (root, PACKAGE.parents[1]):
        if (folder / "requirements.lock").is_file():
            return folder / "requirements.lock"
    return None


@dataclass(frozen=True)
class Source:
    """One file of code: the hash of its bytes, what it imports, and the files of texts that it reads."""

    hash: str
    imports: tuple[str, ...]
    texts: tuple[str, ...]


@dataclass
class Package:
    """The code of this package; `known` holds what was read of a file before, by the hash of its bytes."""

    folder: Path = PACKAGE
    known: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def modules(self) -> dict[str, Source]:
        """Return every module by its dotted name."""
        return {self._name(path): self._source(path) for path in sorted(self.folder.rglob("*.py"))}

    @cached_property
    def texts(self) -> dict[str, dict[str, str]]:
        """Return per language the hash of every file of texts by its name, such as `answer`."""
        return {
            folder.name: {path.stem: _hash(path.read_bytes()) for path in sorted(folder.glob("*.yml"))}
            for folder in sorted((self.folder / "texts").glob("*"))
        }

    @cached_property
    def templates(self) -> dict[str, str]:
        """Return the hash of every file beside the code that is neither code nor text, by its path in the package."""
        paths = [path for path in sorted(self.folder.rglob("*")) if path.is_file() and not self._is_code(path)]
        return {path.relative_to(self.folder).as_posix(): _hash(path.read_bytes()) for path in paths}

    def closure(self, names: Iterable[str]) -> dict[str, Source]:
        """Return the modules that are loaded when these names are imported, with all that they import in turn."""
        found: dict[str, Source] = {}
        waiting = [name for name in names if name in self.modules]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found[name] = self.modules[name]
                waiting += [other for other in (*_with_packages(name), *found[name].imports) if other in self.modules]
        return dict(sorted(found.items()))

    def texts_of(self, sources: Iterable[Source], code: str = "") -> set[str]:
        """Return the files of texts that these modules and this code read."""
        names = {name for files in self.texts.values() for name in files}
        return {name for source in sources for name in source.texts} | texts_read(code, names)

    def templates_of(self, modules: Iterable[str]) -> dict[str, str]:
        """Return the files beside the code of the packages to which these modules belong."""
        folders = {"/".join(name.split(".")[1:2]) for name in modules} - {""}
        return {path: hash_ for path, hash_ in self.templates.items() if path.partition("/")[0] in folders}

    def memory(self) -> dict[str, Any]:
        """Return what was read of the files that are there now, to be given to the next `Package` as `known`."""
        present = {source.hash for source in self.modules.values()}
        return {digest: read for digest, read in self.known.items() if digest in present}

    def _source(self, path: Path) -> Source:
        content = path.read_bytes()
        digest, names = _hash(content), sorted({name for files in self.texts.values() for name in files})
        noted = self.known.get(digest)
        if noted is None or noted[2] != names:
            imported, keys = _read(content.decode("utf-8"))
            imports = sorted(name for name in imported if name.partition(".")[0] == NAME)
            noted = self.known[digest] = [imports, sorted(keys.intersection(names)), names]
        return Source(digest, tuple(noted[0]), tuple(noted[1]))

    def _name(self, path: Path) -> str:
        parts = (NAME, *path.relative_to(self.folder).with_suffix("").parts)
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def _is_code(self, path: Path) -> bool:
        inner = path.relative_to(self.folder).parts
        return (
            path.suffix in (".py", ".pyc") or inner[0] == "texts" or any(part.startswith((".", "_")) for part in inner)
        )


def _read(code: str) -> tuple[set[str], set[str]]:
    """Return the names that the code imports, and what its texts with a dot begin with, as keys of texts do."""
    names, keys = set[str](), set[str]()
    for node in ast.walk(_parsed(code)):
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str) and "." in node.value:
                keys.add(node.value.partition(".")[0])
        elif isinstance(node, ast.Import):
            names.update(name for alias in node.names for name in _with_packages(alias.name))
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.update(_with_packages(node.module), (f"{node.module}.{alias.name}" for alias in node.names))
        elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Call):
            keys.add(str(getattr(node.slice, "value", "")))  # as in read_texts(language)["labels"]
    return names, keys


def _with_packages(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[: end + 1]) for end in range(len(parts))]


def _parsed(code: str) -> ast.AST:
    """Return the syntax tree; code that is none depends on nothing, and fails when it is run."""
    with _parsing:  # CPython 3.11 loses count where two threads make trees at once
        try:
            return ast.parse(code)
        except (SyntaxError, ValueError):
            return ast.Module([], [])


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
