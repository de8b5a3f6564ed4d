"""A root on storage that fsspec reaches, such as s3:// or ftp://, and the copy of one call in a local folder.

What a run needs is brought here, the run is done here by the same code, and what it made is sent back: tables first,
every edition under a name aside before it is put in place, and what leads to them, the list of sheets and `latest`,
last. A file that is the same on both sides is not sent again.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from analysis import remote
from analysis.files import ASIDE, SHARED_REFERENCE, file_hash, point, write_bytes
from analysis.leases import LOCK

LATEST, POINTER = "latest", "latest.txt"  # the link in a folder, and the file that stands for it on storage
MANIFEST, INDEX, SHEETS = "manifest.json", "index.html", "sheets"
ASIDES, OLD = ".aside", "/old-"  # where what is sent lies until it is put in place; an edition that makes way
OWN = {".lock", LOCK}
IDLE = 60.0  # seconds without a word after which a connection is not relied on


@dataclass(frozen=True)
class Needs:
    """What a task needs of a call and what it makes, where that is not all: paths below the root, of folders and files.

    What it makes is never taken from an earlier copy.
    """

    folders: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()


@dataclass
class Share:
    """One call on storage and its copy: what was brought of it, and what must be sent.

    `ledger` has for each file that is the same on both sides what the storage tells of it, and its sha256.
    """

    url: str
    call: str
    root: Path
    paths: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    ledger: dict[str, list[str]] = field(default_factory=dict)
    brought: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    used: float = field(default_factory=time.monotonic)
    refuse_lost: Callable[[], None] = lambda: None  # raises where another run has taken over the lock of ours

    def __post_init__(self) -> None:
        """Connect; raise InputError where that fails."""
        self.system, self.base = remote.connect(self.url)
        self.ledger |= _read_ledger(self.root)

    def name(self, path: Path) -> str:
        """Return the URL of a file or folder of the copy, as it may be shown."""
        return self.rename(path.as_posix())

    def rename(self, text: str) -> str:
        """Return a text with the folder of the copy called by the URL, as it may be shown."""
        return text.replace(str(self.root), remote.hide_secrets(self.url).rstrip("/"))

    def bring(self) -> None:
        """Make the copy equal to the storage; what is known to be the same is not fetched.

        Sheets that a run made which was killed before it sent them stay, to be judged by their notes, and are sent.
        """
        self._twice(self._bring)

    def _bring(self) -> None:
        there, here = self._list(), self._scan()
        unsent = {name for name in here.keys() - there.keys() - self.ledger.keys() if self._is_sheet(name)}
        for name in here.keys() - there.keys() - unsent:
            (self.root / name).unlink()
        for name in [name for name in self.ledger if self._is_within(name) and name not in there]:
            del self.ledger[name]
        self._fetch([name for name, told in there.items() if not self._is_same(name, told, here)], there)
        self.brought = {name: stamp for name, stamp in self._scan().items() if name not in unsent}

    def bring_news(self) -> None:
        """Bring what others have changed on the storage since it was last looked at; what was written here stays."""
        self._twice(self._bring_news)

    def _bring_news(self) -> None:
        there = self._list()
        known = {name: told for name, (told, _) in self.ledger.items()}
        for name in [name for name in self.brought if name in known and name not in there]:
            (self.root / name).unlink(missing_ok=True)
            del self.ledger[name], self.brought[name]
        news = [name for name, told in there.items() if not told or known.get(name) != told]
        self._fetch(news, there)
        here = self._scan()
        self.brought |= {name: here[name] for name in news}

    def _twice(self, bring: Callable[[], None]) -> None:
        """Bring what is wanted, and try once more where that fails: a run that sends may remove what was listed."""
        with remote.named(self.url):
            self._wake()
            try:
                bring()
            except Exception:
                self.system, self.base = remote.connect(self.url)
                bring()
            self._lead()
            _write_ledger(self.root, self.ledger)

    def bring_files(self, names: Sequence[str]) -> None:
        """Bring files that are known to be there, without a look at what the storage tells of them."""
        with remote.named(self.url):
            self._fetch(list(names), dict.fromkeys(names, ""))

    def send(self, settled: bool = True, note: bool = True) -> None:
        """Send what has changed in the copy since it was brought, or last sent; `latest` only when all is `settled`.

        Whatever ends it half-way, an edition on the storage is an old or a new one, and the next run sends the rest.
        Without a `note` of what is now on the storage it is all brought again, if it is ever brought.
        """
        if settled:
            self._write_pointer()
        here = self._scan()
        changed = [name for name, stamp in here.items() if self.brought.get(name) != stamp]
        hashes = {name: file_hash(self.root / name) for name in changed}
        changed = [name for name in changed if self.ledger.get(name, ["", ""])[1] != hashes[name]]
        gone = [name for name in self.brought if name not in here and name in self.ledger]
        placed, left = _by_rank(changed), _by_rank(gone)
        with remote.named(self.url):
            self.refuse_lost()
            self._wake()
            for rank in sorted(placed.keys() | left.keys()):
                self._place(placed.get(rank, []))
                self._remove(left.get(rank, []))
            if note:
                self._note({name: hashes[name] for name in changed}, gone)
        self.brought = here

    def watch(self, paths: tuple[str, ...]) -> None:
        """Take what is in these folders now as it was brought: what changes there later is sent."""
        self.paths = paths
        self.brought = self._scan()

    def _wake(self) -> None:
        """Connect again after a while without a word, in which a server may have closed the connection."""
        if time.monotonic() - self.used > IDLE:
            self.system, self.base = remote.connect(self.url)
        self.used = time.monotonic()

    def _is_sheet(self, name: str) -> bool:
        return any(name.startswith(f"{folder}/") for folder in sheets_of(self.call))

    def _is_within(self, name: str) -> bool:
        return self._covers(name) and any(f"{name}/".startswith(f"{path}/") for path in self.paths)

    def _covers(self, name: str) -> bool:
        return _is_ours(name) and not any(name.startswith(f"{folder}/") for folder in self.without)

    def _list(self) -> dict[str, str]:
        """Return what the storage tells of each file of ours, by its path below the root."""
        self.system.invalidate_cache()
        found: dict[str, str] = {}
        for path in self.paths:
            for name, told in remote.find(self.system, f"{self.base}/{path}").items():
                relative = name[len(self.base) :].lstrip("/")
                if self._covers(relative):
                    found[relative] = remote.fingerprint(told)
        return found

    def _scan(self) -> dict[str, tuple[int, int, int]]:
        """Return time, size and number of each file of the copy, by its path below the root."""
        found = {}
        for path in self.paths:
            place = self.root / path
            for file in [place] if place.is_file() else sorted(place.rglob("*")):
                relative = file.relative_to(self.root).as_posix()
                if self._covers(relative) and file.is_file() and not file.is_symlink():
                    seen = file.stat()
                    found[relative] = (seen.st_mtime_ns, seen.st_size, seen.st_ino)
        return found

    def _is_same(self, name: str, told: str, here: Collection[str]) -> bool:
        noted = self.ledger.get(name)
        if not told or noted is None or noted[0] != told or name not in here:
            return False
        if not told.startswith("tag ") and name.startswith(("notebooks/", "data/raw/")):
            return False  # a time of whole seconds may hide a change by hand
        return file_hash(self.root / name) == noted[1]

    def _fetch(self, names: list[str], there: Mapping[str, str]) -> None:
        for name in names:
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        if names:
            self.system.get([f"{self.base}/{name}" for name in names], [str(self.root / name) for name in names])
        for name in names:
            self.ledger[name] = [there[name], file_hash(self.root / name)]

    def _lead(self) -> None:
        """Let the link `latest` of the copy lead where the storage says."""
        pointer, link = self.root / _pointer(self.call), self.root / "reports" / self.call / LATEST
        edition = pointer.read_text(encoding="utf-8").strip() if pointer.is_file() else ""
        if edition and "/" not in edition and (link.parent / edition).is_dir():
            point(link, edition)
        elif link.is_symlink():
            link.unlink()

    def _write_pointer(self) -> None:
        link = self.root / "reports" / self.call / LATEST
        if link.is_symlink():
            content = f"{link.readlink().name}\n".encode()
            pointer = self.root / _pointer(self.call)
            if not pointer.is_file() or pointer.read_bytes() != content:
                write_bytes(pointer, content)

    def _place(self, names: list[str]) -> None:
        """Put files in place: all are first sent under names aside, unless they are few bytes that appear at once."""
        if not names:
            return
        edition = _edition_of(names[0])
        if edition and remote.renames(self.system) and not self._holds_other(edition):
            self._place_folder(edition)
        elif edition or not remote.appears_whole(self.system):
            token = f"{self._aside()}/{secrets.token_hex(6)}"
            self._upload({name: f"{token}/{number}" for number, name in enumerate(names)})
            for number, name in enumerate(names):
                remote.make_folder(self.system, f"{self.base}/{name}")
                self._move(f"{self.base}/{token}/{number}", f"{self.base}/{name}")
            self._clear(token)
        else:
            self._upload({name: name for name in names})

    def _place_folder(self, edition: str) -> None:
        """Put a whole edition in place by renaming its folder; the old one is moved out of its place first."""
        token = f"{self._aside()}/{secrets.token_hex(6)}"
        inside = sorted(name for name in self._scan() if name.startswith(f"{edition}/"))
        self._upload({name: f"{token}/new/{name[len(edition) + 1 :]}" for name in inside})
        place = f"{self.base}/{edition}"
        if self.system.exists(place):
            self.system.mv(place, f"{self.base}/{token}{OLD}{PurePosixPath(edition).name}")
        self.system.mv(f"{self.base}/{token}/new", place)
        self._clear(token)

    def _upload(self, places: Mapping[str, str]) -> None:
        targets = [f"{self.base}/{place}" for place in places.values()]
        for target in targets:
            remote.make_folder(self.system, target)
        self.system.put([str(self.root / name) for name in places], targets)

    def _move(self, old: str, new: str) -> None:
        if remote.renames(self.system):
            remote.rename_over(self.system, old, new)
        else:
            self.system.cp_file(old, new)
            self.system.rm_file(old)

    def _remove(self, names: Iterable[str]) -> None:
        for name in names:
            remote.remove(self.system, f"{self.base}/{name}")

    def _holds_other(self, edition: str) -> bool:
        """Return whether there is more in the folder of an edition than a run of it makes."""
        found = remote.find(self.system, f"{self.base}/{edition}/{SHEETS}")
        return bool(found)

    def _aside(self) -> str:
        return f"reports/{self.call}/{ASIDES}"

    def _clear(self, folder: str) -> None:
        if not remote.renames(self.system):
            self._remove(name[len(self.base) + 1 :] for name in remote.find(self.system, f"{self.base}/{folder}"))
        elif self.system.exists(f"{self.base}/{folder}"):
            self.system.rm(f"{self.base}/{folder}", recursive=True)

    def clean(self) -> None:
        """Remove what a run that was killed had sent aside; the lock must be held."""
        with remote.named(self.url):
            self._wake()  # the lock may have been waited for
            self.system.invalidate_cache()
            self._restore()
            self._clear(self._aside())

    def _restore(self) -> None:
        """Put an edition back that was moved aside by a run that ended before the new one was in its place."""
        if not remote.renames(self.system):
            return
        aside = f"{self.base}/{self._aside()}"
        for name in remote.find(self.system, aside):
            token, _, inside = name.removeprefix(f"{aside}/").partition(OLD)
            edition = inside.partition("/")[0]
            place = f"{self.base}/reports/{self.call}/{edition}"
            if edition and not self.system.exists(place):
                self.system.mv(f"{aside}/{token}{OLD}{edition}", place)

    def _note(self, hashes: Mapping[str, str], gone: Iterable[str]) -> None:
        """Note what is now the same on both sides, as the storage tells of it."""
        if hashes:
            there = self._list()
            self.ledger |= {name: [there.get(name, ""), hash_] for name, hash_ in hashes.items()}
        for name in gone:
            self.ledger.pop(name, None)
        _write_ledger(self.root, self.ledger)


def folders_of(call: str, reference: str = SHARED_REFERENCE) -> tuple[str, ...]:
    """Return the folders and files below a root that a run of a call reads or writes."""
    raw = (f"data/raw/{call}", f"data/raw/{reference}")
    return ("notebooks", *raw, f"data/processed/{call}", f"reports/{call}", "requirements.lock")


def sheets_of(call: str) -> tuple[str, ...]:
    """Return the folders of the sheets of a call, which only those who make sheets need."""
    return tuple(f"{place}/{call}/{SHEETS}" for place in ("data/processed", "reports"))


def _pointer(call: str) -> str:
    return f"reports/{call}/{POINTER}"


def _is_ours(name: str) -> bool:
    """Return whether a file belongs to the call: no lock or sign, nothing that a run had aside, no cache of Python."""
    parts = PurePosixPath(name).parts
    return not any(
        part in OWN
        or part in (ASIDES, "__pycache__", ".ipynb_checkpoints", LATEST)
        or part.startswith(remote.SIGN)
        or ASIDE.fullmatch(part)
        for part in parts
    )


def _edition_of(name: str) -> str:
    """Return the folder of the edition that a file belongs to, or an empty text."""
    parts = PurePosixPath(name).parts
    if len(parts) > 3 and parts[0] == "reports" and SHEETS not in parts[:4]:
        return "/".join(parts[:3])
    return ""


def _by_rank(names: Iterable[str]) -> dict[tuple[int, str], list[str]]:
    """Return files in groups, by the order in which these are sent; in an edition its manifest comes last."""
    groups: dict[tuple[int, str], list[str]] = {}
    for name in sorted(names, key=lambda name: (name.endswith(MANIFEST), name)):
        groups.setdefault(_rank(name), []).append(name)
    return groups


def _rank(name: str) -> tuple[int, str]:
    parts, edition = PurePosixPath(name).parts, _edition_of(name)
    if edition:
        return 2, edition
    if parts[0] == "reports":
        return (4, "") if parts[-1] in (INDEX, POINTER) else (1, "")
    return (3, "") if ".state" in parts or name.endswith((".note", ".listed", ".granted")) else (0, "")


def _read_ledger(root: Path) -> dict[str, list[str]]:
    try:
        return {str(name): list(pair) for name, pair in json.loads(_ledger(root).read_bytes()).items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _write_ledger(root: Path, ledger: Mapping[str, list[str]]) -> None:
    write_bytes(_ledger(root), json.dumps(ledger).encode())


def _ledger(root: Path) -> Path:
    return root.with_name(f"{root.name}.json")
