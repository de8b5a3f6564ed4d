"""Whether a report still holds: all is recomputed from the raw data, aside, and laid beside what the report says."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from analysis.comparison import (
    PAGE,
    TEXT,
    Change,
    agree,
    compare_numbers,
    compare_tables,
    compare_texts,
    count_states,
    say_change,
    say_items,
)
from analysis.faults import Fault, InputError
from analysis.files import file_hash, find_root
from analysis.publish.manifest import NAME, Manifest, Number, describe_commit, read_manifest
from analysis.publish.reading import Page, Written, read_page
from analysis.store import Store

Progress = Callable[[str], AbstractContextManager[object]]


class RecomputingError(InputError):
    """The report could not be recomputed, so that nothing can be said of it; the text says why."""

    def __init__(self, text: str) -> None:
        """Keep the text."""
        self.text = text
        super().__init__([Fault("the report", "no way to recompute it", "data and notebooks that run to their end")])

    def message(self) -> str:
        """Say why the report could not be recomputed."""
        return f"Whether the report holds cannot be told: {self.text}"


@dataclass(frozen=True)
class Verification:
    """A report beside what its raw data give now.

    `numbers` and `tables` hold all indicators and released tables; `written` the marked numbers of the page that are
    not those recomputed, `written_count` how many it has. `files` are the files of the folder: `changed` those without
    the bytes that the manifest records, `gone` and `new` those missing and not recorded. `rendered` are the recorded
    files beside those rendered anew, `texts` the passages and cells of the page that come out otherwise. `causes` are
    the inputs, notebooks, code, versions and commit that changed since the report was made.
    """

    call: str
    edition: str
    numbers: tuple[Change, ...]
    written: tuple[Change, ...]
    written_count: int
    tables: tuple[Change, ...]
    files: tuple[Change, ...]
    rendered: tuple[Change, ...]
    texts: tuple[Change, ...]
    causes: tuple[Change, ...]

    @property
    def holds(self) -> bool:
        """Return whether the report says what its data give, in the bytes that were made.

        Files that come out in other bytes but with the same numbers and words, and files that were laid beside the
        report, do not make it untrue.
        """
        altered = [change for change in self.files if change.state in ("changed", "gone")]
        moved = [change for change in (*self.numbers, *self.tables) if change.state != "same"]
        return not (altered or moved or self.written or self.texts)

    def as_json(self) -> dict[str, Any]:
        """Return all that was found, for a machine to read."""
        return {**asdict(self), "holds": self.holds}


def verify_report(
    report: Path, root: Path | None = None, show: Callable[[Store, str], Progress] | None = None
) -> Verification:
    """Recompute the report in a folder from the raw data of its call and return what differs.

    The project is `root`, or else the nearest one at or above the report, or at or above the working folder. Nothing in
    it is written: the work is done in a copy, which is removed. `show` gives what is entered around each step, for the
    store and the edition. Raises InputError where the report or the project cannot be read or recomputed.
    """
    manifest = read_manifest(report)
    store = Store(root.resolve() if root else _find_project(report), manifest.call)
    _ = store.call, store.pipeline  # refused, if at all, before anything is started
    try:
        with tempfile.TemporaryDirectory(prefix="oproep-verify-") as folder:
            aside = Store(Path(folder).resolve(), manifest.call)
            anew = _recompute(store, aside, manifest, show)
            return _compare(report, anew, manifest, describe_commit(store.root)[0])
    except OSError as error:
        raise RecomputingError(str(error)) from error


def _find_project(report: Path) -> Path:
    try:
        return find_root(report)
    except InputError:
        return find_root()


def _recompute(
    store: Store, aside: Store, manifest: Manifest, show: Callable[[Store, str], Progress] | None = None
) -> Path:
    """Run the call of `store` in the folder of `aside` and return its edition; whatever fails means: cannot tell."""
    from analysis.kernels import NotebookError
    from analysis.pipeline import run

    def here(text: str) -> str:
        return text.replace(str(aside.root), str(store.root))

    try:
        copy_project(store, aside)
        if show:
            (folder,) = run(aside, [manifest.edition], None, show(store, manifest.edition.name))
        else:
            (folder,) = run(aside, [manifest.edition])
    except InputError as error:
        raise InputError(
            Fault(here(fault.place), here(fault.found), fault.expected) for fault in error.faults
        ) from None
    except NotebookError as error:
        at_fault = error.error == InputError.__name__
        where = f"{error.notebook}, code cell {error.cell}: "
        raise RecomputingError(here(error.message if at_fault else f"{where}{error.error}: {error.message}")) from None
    except Exception as error:  # exit code 1 must mean that the report does not hold, and nothing else
        raise RecomputingError(here(f"{type(error).__name__}: {error}")) from error
    return folder


def copy_project(store: Store, aside: Store) -> None:
    """Copy what a run reads: the notebooks, the raw data of the call and the reference data."""
    hidden = shutil.ignore_patterns(".*", "__pycache__")
    for origin in (store.root / "notebooks", store.raw, store.reference):
        shutil.copytree(origin, aside.root / origin.relative_to(store.root), ignore=hidden)


# Beside each other.


def _compare(report: Path, anew: Path, manifest: Manifest, commit: str | None) -> Verification:
    fresh, page = read_manifest(anew), _read_page(anew)
    said = _read_page(report) if (report / PAGE).is_file() else None
    return Verification(
        manifest.call,
        manifest.edition.name,
        numbers=tuple(compare_numbers(manifest.numbers, fresh.numbers)),
        written=tuple(compare_written(said, page, fresh.numbers)) if said else (),
        written_count=len(said.written) if said else 0,
        tables=tuple(compare_tables(manifest.released, fresh.released)),
        files=tuple(_check_files(report, manifest.outputs)),
        rendered=tuple(_compare_hashes(manifest.outputs, fresh.outputs)),
        texts=tuple(compare_texts((*said.passages, *said.cells), (*page.passages, *page.cells))) if said else (),
        causes=tuple(_find_causes(manifest, fresh, commit)),
    )


def _read_page(folder: Path) -> Page:
    """Return what a page says; a byte that is no text is a change to report and not a reason to stop."""
    return read_page((folder / PAGE).read_bytes().decode("utf-8", "replace"))


def compare_written(said: Page, page: Page, numbers: Mapping[str, Number]) -> Iterator[Change]:
    """Yield every marked number of a page that is not the one recomputed, in value or in what it shows.

    A number of the prose is compared with its indicator, and its wording with those of the page rendered anew; the
    cells of a column with those of that page in their order.
    """
    anew = _by_key(page.written)
    for key, found in _by_key(said.written).items():
        if found[0].is_indicator:
            yield from _check_indicator(found, numbers.get(key), {mark.shown for mark in anew.get(key, ())})
        else:
            yield from _check_cells(found, anew.get(key, []))


def _by_key(marks: Iterable[Written]) -> dict[str, list[Written]]:
    grouped: dict[str, list[Written]] = defaultdict(list)
    for mark in marks:
        grouped[mark.key].append(mark)
    return grouped


def _check_indicator(found: Sequence[Written], number: Number | None, wordings: set[str]) -> Iterator[Change]:
    """Yield once each value that the indicator does not have, and each wording that the other page does not give it."""
    key = found[0].key
    if number is None:
        yield Change(key, "gone", found[0].shown)
        return
    for value in dict.fromkeys(mark.value for mark in found):
        if not agree(_parse(value), number.shown):
            yield Change(key, "changed", _parse(value), number.shown, number.unit)
    for shown in dict.fromkeys(mark.shown for mark in found):
        if wordings and shown not in wordings:
            yield Change(key, "changed", shown, "” or “".join(sorted(wordings)), TEXT)


def _check_cells(found: Sequence[Written], anew: Sequence[Written]) -> Iterator[Change]:
    key = found[0].key
    if len(found) != len(anew):
        yield Change(f"{key}, number of cells", "changed", len(found), len(anew))
    for row, (old, new) in enumerate(zip(found, anew, strict=False), start=1):
        if not agree(_parse(old.value), _parse(new.value)) or old.shown != new.shown:
            was, now = (f"“{mark.shown}” ({mark.value})" for mark in (old, new))
            yield Change(f"{key}, cell {row}", "changed", was, now)


def _parse(value: str) -> float | str:
    try:
        number = float(value)
    except ValueError:
        return value
    return number if math.isfinite(number) else value


def _check_files(report: Path, outputs: Mapping[str, str]) -> Iterator[Change]:
    """Yield every recorded file, and those of the folder that are not recorded; hidden ones are left aside."""
    for name, recorded in outputs.items():
        path = report / name
        same = path.is_file() and file_hash(path) == recorded
        yield Change(name, "same" if same else "changed" if path.is_file() else "gone")
    names = (path.relative_to(report) for path in sorted(report.rglob("*")) if path.is_file())
    visible = (name.as_posix() for name in names if not any(part.startswith(".") for part in name.parts))
    yield from (Change(name, "new") for name in visible if name not in outputs and name != NAME)


def _compare_hashes(was: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Change]:
    for name in was:
        yield Change(name, "gone" if name not in now else "same" if was[name] == now[name] else "changed")
    yield from (Change(name, "new") for name in now if name not in was)


def _find_causes(manifest: Manifest, fresh: Manifest, commit: str | None) -> Iterator[Change]:
    """Yield what changed since the report was made."""
    for was, now in ((manifest.inputs, fresh.inputs), (manifest.notebooks, fresh.notebooks)):
        yield from (change for change in _compare_hashes(was, now) if change.state != "same")
    if manifest.code != fresh.code:
        yield Change("code, texts and templates of the package", "changed")
    for name in dict.fromkeys([*manifest.versions, *fresh.versions]):
        was_at, now_at = manifest.versions.get(name), fresh.versions.get(name)
        if was_at != now_at:
            yield Change(f"version of {name}", "gone" if not now_at else "changed" if was_at else "new", was_at, now_at)
    if manifest.commit != commit:
        yield Change("commit", "changed", manifest.commit or "none", commit or "none")


# Saying.


def say_verification(found: Verification, every: bool = False) -> Iterator[str]:
    """Yield the lines that tell a verification: counts first, then what differs, or with `every` every number too."""
    verdict = "the report holds" if found.holds else "the report does not hold"
    yield f"{found.call}, {found.edition}: {verdict}."
    yield f"  numbers: {count_states(found.numbers, same='hold', gone='no longer computed')}"
    apart = f"{len(found.written)} not as recomputed" if found.written else "all as recomputed"
    yield f"  numbers marked on the page: {found.written_count}, {apart}"
    yield f"  released tables: {count_states(found.tables)}"
    recorded = count_states(found.files, same="as recorded", gone="missing", new="not part of the report")
    yield f"  files in the folder: {recorded}"
    yield f"  files rendered anew: {count_states(found.rendered, same='identical')}"
    yield f"  text rendered anew: {count_states(found.texts) if found.texts else 'the same'}"
    for heading, changes, gone in _parts(found, every):
        yield from say_items(heading, [say_change(change, gone) for change in changes], every)


def _parts(found: Verification, every: bool) -> Iterator[tuple[str, list[Change], str]]:
    """Yield heading, items and the word for what is gone, of every part."""
    if every:
        yield "numbers that hold", [change for change in found.numbers if change.state == "same"], ""
    yield "numbers that do not hold", _differing(found.numbers), "no longer computed"
    yield "numbers on the page that are not those recomputed", _told_apart(found), "no such number"
    yield "released tables", _differing(found.tables), "no longer released"
    yield "files in the folder", _differing(found.files), "missing"
    yield "files that come out otherwise", _differing(found.rendered), "no longer made"
    yield "text that comes out otherwise", list(found.texts), "gone"
    yield "changed since the report was made", list(found.causes), "gone"


def _told_apart(found: Verification) -> list[Change]:
    """Return the numbers of the page that differ, without those of a page as made whose indicator is told already."""
    as_made = any(change.name == PAGE and change.state == "same" for change in found.files)
    told = {change.name for change in _differing(found.numbers)} if as_made else set()
    return [change for change in found.written if change.name not in told]


def _differing(changes: Iterable[Change]) -> list[Change]:
    return [change for change in changes if change.state != "same"]
