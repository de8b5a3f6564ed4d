"""The manifest of a rendered edition: what went in, what came out, and every indicator behind it."""

from __future__ import annotations

import hashlib
import json
import math
import platform
import re
import subprocess
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import requires, version
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import AfterValidator, ConfigDict, ValidationError

import analysis
from analysis.declarations import Edition, Identifier
from analysis.documents import Checked, read_text
from analysis.faults import Fault, InputError
from analysis.files import file_hash
from analysis.scenarios import FOLDER as SCENARIOS
from analysis.store import Store

NAME = "manifest.json"
FORMAT = 2
DISTRIBUTION = "oproep"
WITHOUT_INFLUENCE = ("jupyterlab",)  # a person's window on the notebooks; no output passes through it
MISSING = "\\N"  # an empty text and no value differ


def write_manifest(
    store: Store, edition: Edition, outputs: Mapping[str, bytes], indicators: pd.DataFrame, changed: Iterable[str]
) -> bytes:
    """Return the manifest as JSON (see `Manifest`); the tables released to the edition must be on disk.

    It holds no time of making and no path outside the project, so that the same inputs give the same bytes.
    """
    commit, clean = describe_commit(store.root)
    released = _describe_released(store, edition)
    content: dict[str, Any] = {
        "format": FORMAT,
        "call": store.call_id,
        "edition": edition.model_dump(mode="json"),
        "synthetic": store.sources.synthetic,
        "versions": list_versions(),
        "commit": commit,
        "clean": clean,
        "code": hash_code(),
        "inputs": _hashes(store.root, [*_list_raw(store, edition), *store.reference.rglob("*")]),
        "changed_since_delivery": sorted(changed),
        "notebooks": _hashes(store.root, _templates(store)),
        "tables": _hash_tables(store, edition, released),
        "released": released,
        "outputs": {name: hashlib.sha256(output).hexdigest() for name, output in sorted(outputs.items())},
        "indicators": [{key: _plain(value) for key, value in row.items()} for row in indicators.to_dict("records")],
    }
    return (json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


def list_versions() -> dict[str, str]:
    """Return the versions of Python, of this package, and of every direct dependency that an output passes through."""
    always = (requirement for requirement in requires(DISTRIBUTION) or () if "extra ==" not in requirement)
    names = (re.match(r"[\w.-]+", requirement) for requirement in always)
    needed = sorted(name.group() for name in names if name and name.group() not in WITHOUT_INFLUENCE)
    return {"python": platform.python_version(), **{name: version(name) for name in (DISTRIBUTION, *needed)}}


@cache
def hash_code(package: Path = Path(analysis.__file__).parent) -> str:
    """Return one sha256 over the names and bytes of all files of the package: code, texts and templates."""
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*"), key=lambda path: path.relative_to(package).as_posix()):
        name = path.relative_to(package)
        if path.is_file() and not _is_by_product(name):
            digest.update(f"{name.as_posix()}\0{file_hash(path)}\n".encode())
    return digest.hexdigest()


def hash_content(table: pd.DataFrame) -> str:
    """Return the sha256 of a table's names, types and values as CSV: the same whatever wrote or compressed its file."""
    types = ",".join(str(kind) for kind in table.dtypes)
    content = table.to_csv(index=False, lineterminator="\n", na_rep=MISSING)
    return hashlib.sha256(f"{types}\n{content}".encode()).hexdigest()


def describe_commit(root: Path) -> tuple[str | None, bool | None]:
    """Return the commit that the project stands at, and whether its code, notebooks and raw data are as committed.

    Both are None outside a repository, and in a repository that does not keep this project's notebooks.
    """
    if not _ask_git(root, "ls-files", "--", "notebooks/pipeline.yml"):
        return None, None
    changes = _ask_git(root, "status", "--porcelain", "--", "src", "notebooks", "data/raw")
    return _ask_git(root, "rev-parse", "HEAD") or None, None if changes is None else not changes


def _ask_git(root: Path, *question: str) -> str | None:
    """Return what git answers, or None where it has no answer; nothing of the repository is written."""
    command = ["git", "--no-optional-locks", *question]
    try:
        return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def _templates(store: Store) -> list[Path]:
    folder = store.root / "notebooks"
    return [folder / "pipeline.yml", *(folder / f"{step.name}.ipynb" for step in store.pipeline.steps)]


def _list_raw(store: Store, edition: Edition) -> list[Path]:
    """Return what was delivered; the kept scenarios, which are no input of an edition for outside, only inside."""
    paths = [path for path in store.raw.rglob("*") if path.is_file()]
    inside = edition.audience == "internal"
    return [path for path in paths if inside or path.relative_to(store.raw).parts[0] != SCENARIOS]


def _hashes(root: Path, paths: Iterable[Path]) -> dict[str, str]:
    names = {path.relative_to(root): path for path in paths if path.is_file()}
    return {name.as_posix(): file_hash(names[name]) for name in sorted(names) if not _is_by_product(name)}


def _is_by_product(name: Path) -> bool:
    """Return whether an editor or Python left this file by the way."""
    return any(part.startswith(".") or part == "__pycache__" for part in name.parts)


def _hash_tables(store: Store, edition: Edition, released: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return the hash of every table that a declared step made; files of steps that are no more do not count.

    Outside the house only of those that are released whole: who knows all of a table but one withheld count finds that
    count by trying which one gives the hash.
    """
    made = sorted(name for step in store.pipeline.steps for name in step.makes if store.table_path(name).is_file())
    if edition.audience != "internal":
        shown = [name for name in made if name in released]
        made = [name for name in shown if hash_content(store.read_table(name)) == released[name]["sha256"]]
    return store.table_hashes(made)


def _describe_released(store: Store, edition: Edition) -> dict[str, dict[str, Any]]:
    names = sorted(path.stem for path in store.edition_folder(edition.name).glob("*.parquet"))
    tables = {name: store.read_table(name, edition.name) for name in names}
    return {
        name: {"rows": len(table), "columns": [str(column) for column in table], "sha256": hash_content(table)}
        for name, table in tables.items()
    }


def _plain(value: Any) -> Any:
    """Return a cell as JSON has it: a number in full precision, a day in ISO form, nothing as null."""
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    return value.item() if hasattr(value, "item") else value


# Reading.


def _inside(name: str) -> str:
    """Refuse the name of a file that does not lie in the folder of the edition."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or not path.parts:
        raise ValueError("the name of a file in the folder of the edition")
    return name


class Number(Checked):
    """An indicator as the manifest records it: a value, or a day where it is a date; other columns are passed over."""

    model_config = ConfigDict(extra="ignore")

    indicator: str
    value: float | None
    day: str | None
    unit: str

    @property
    def shown(self) -> float | str | None:
        """Return the value, or the day in ISO form."""
        return self.value if self.day is None else self.day


class ReleasedTable(Checked):
    """A table as it was released to the edition: its size, and the sha256 of its content (see `hash_content`)."""

    rows: int
    columns: tuple[str, ...]
    sha256: str


class Manifest(Checked):
    """All that a manifest of this format records; hashes are sha256 in hexadecimal digits.

    `inputs` and `notebooks` are paths within the project; `tables` are processed tables, all of them in an internal
    edition and in others those released whole; `released` is what of them the edition holds; `code` is the hash of the
    package; `clean` tells whether code, notebooks and raw data were those of `commit`; `outputs` are all other files of
    the edition.
    """

    format: Literal[2]
    call: Identifier
    edition: Edition
    synthetic: bool
    versions: dict[str, str]
    commit: str | None
    clean: bool | None
    code: str
    inputs: dict[str, str]
    changed_since_delivery: tuple[str, ...]
    notebooks: dict[str, str]
    tables: dict[str, str]
    released: dict[str, ReleasedTable]
    outputs: dict[Annotated[str, AfterValidator(_inside)], str]
    indicators: tuple[Number, ...]

    @property
    def numbers(self) -> dict[str, Number]:
        """Return the indicators by id."""
        return {number.indicator: number for number in self.indicators}


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of an edition's folder; raise InputError where it is missing, foreign, broken or older."""
    path = folder / NAME
    if not path.is_file():
        raise InputError([Fault(str(path), "no such file", f"the folder of an edition, with its {NAME}")])
    written = f"a manifest as `oproep run` writes it, format {FORMAT}"
    try:
        content = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise InputError([Fault(str(path), f"text that is not JSON ({error})", written)]) from None
    given = content.get("format", 1) if isinstance(content, dict) and "indicators" in content else None
    if given is None:
        raise InputError([Fault(str(path), "no manifest of an edition", written)])
    if given != FORMAT:
        found = f"a manifest of format {given!r}"
        raise InputError([Fault(str(path), found, f"format {FORMAT}; `oproep run` writes the edition again in it")])
    try:
        return Manifest.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InputError([Fault(f"{path}, {place}", first["msg"], written)]) from None
