"""Files and folders appear whole or not at all, and what cannot be written is said in one sentence."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from analysis import files
from analysis.files import place_folder, point, remove_asides, say_unwritable, write_bytes


def folder(path: Path, text: str) -> Path:
    path.mkdir()
    (path / "answer.html").write_text(text)
    return path


@pytest.mark.parametrize("exchange", [files._exchange, lambda *_: False], ids=["in one step", "in two"])
def test_a_folder_takes_the_place_of_the_old_one_and_leaves_nothing(tmp_path: Path, monkeypatch, exchange):
    monkeypatch.setattr(files, "_exchange", exchange)
    place = folder(tmp_path / "edition", "old")
    aside = tmp_path / "aside"
    aside.mkdir()
    place_folder(folder(aside / "new", "new"), place)
    assert (place / "answer.html").read_text() == "new"
    assert list(aside.iterdir()) == []
    place_folder(folder(aside / "new", "first"), tmp_path / "another")
    assert (tmp_path / "another" / "answer.html").read_text() == "first"


def test_at_no_moment_is_the_place_of_a_folder_empty(tmp_path: Path, monkeypatch):
    """What else there is than one step is not used where the system has that."""
    monkeypatch.setattr(Path, "rename", lambda *_: pytest.fail("moved in two steps"))
    place = folder(tmp_path / "edition", "old")
    place_folder(folder(tmp_path / "new", "new"), place)
    assert (place / "answer.html").read_text() == "new"


def test_the_link_leads_to_its_new_target_and_replaces_what_a_copy_made_of_it(tmp_path: Path):
    for name in ("one", "two"):
        folder(tmp_path / name, name)
    link = tmp_path / "latest"
    for name in ("one", "two", "two"):
        point(link, name)
        assert (link / "answer.html").read_text() == name
    link.unlink()
    folder(link, "a copy")
    point(link, "one")
    assert link.readlink() == Path("one")
    assert {path.name for path in tmp_path.iterdir()} == {"one", "two", "latest"}


def test_a_file_is_written_whole_or_not_at_all_and_an_error_names_it(tmp_path: Path, monkeypatch):
    path = tmp_path / "new" / "table.parquet"
    write_bytes(path, b"old")

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space") as caught:
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert [other.name for other in path.parent.iterdir()] == ["table.parquet"]
    assert say_unwritable(caught.value) == f"Cannot write {path}: the disk is full."


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EROFS, "Cannot write x: the folder is on a disk that can only be read."),
        (errno.EACCES, "Cannot write x: this user has no right to."),
        (errno.EDQUOT, "Cannot write x: the quota of the disk is used up."),
        (errno.ENOENT, None),
    ],
)
def test_why_something_cannot_be_written_is_said(number: int, said: str | None):
    assert say_unwritable(OSError(number, "", "x")) == said


def test_what_was_written_aside_is_removed_and_nothing_else(tmp_path: Path):
    kept = [".lock", ".state", "table.parquet", ".gitignore", ".env.local"]
    for name in (*kept, ".table.parquet.a1b2c3d_", ".plan.json.00000000"):
        (tmp_path / name).write_text("x")
    folder(tmp_path / ".2024-04-01-public-en.abcdefgh", "half")
    remove_asides(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(kept)
