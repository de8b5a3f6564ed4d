"""What is published, and what is kept of a run, tells nothing of the machine, its user, or their environment."""

import base64
import getpass
import io
import json
import os
import socket
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pikepdf
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT, SMALL_CALL

SECRET, USER, HOST, FOLDER = "k4nar-secret-7f1c", "k4nar-clerk", "k4nar-machine", "k4nar-folder"
CANARIES = (SECRET, USER, HOST, FOLDER)
# Python asks the system for these too, whatever the environment says.
DISGUISE = f"""
import os, platform, socket
socket.gethostname = socket.getfqdn = platform.node = lambda *_: {HOST!r}
_uname = os.uname
os.uname = lambda: os.uname_result((_uname()[0], {HOST!r}, *_uname()[2:]))
"""
OPROEP = Path(sysconfig.get_path("scripts")) / "oproep"
FAILING = """
import warnings

import pandas as pd

warnings.warn("beware")
pd.read_csv("nowhere/k4nar.csv")
"""


@pytest.fixture(scope="module")
def published(make_project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project in which the small call was run whole with its sheets, and then again with a step that fails."""
    root = make_project(tmp_path_factory.mktemp("privacy") / FOLDER)
    disguise, home = root.parent / "disguise", root.parent / USER
    for folder in (disguise, home):
        folder.mkdir()
    (disguise / "sitecustomize.py").write_text(DISGUISE)
    environment = {
        **dict.fromkeys(("USER", "LOGNAME", "USERNAME"), USER),
        **dict.fromkeys(("HOSTNAME", "HOST", "COMPUTERNAME"), HOST),
        **dict.fromkeys(("API_TOKEN", "AWS_SECRET_ACCESS_KEY"), SECRET),
        **dict.fromkeys(("HOME", "TMPDIR"), str(home)),
        "PYTHONPATH": str(disguise),
    }
    command = [str(OPROEP), "run", SMALL_CALL, "--root", str(root)]
    done = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    for options in (["--keep-notebooks"], ["--by", "category", "--keep-notebooks"]):
        sheets = [str(OPROEP), "sheets", SMALL_CALL, "--root", str(root), *options]
        done = subprocess.run(sheets, env=environment, cwd=root, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
    add_cell(root / "notebooks" / "02_distribution.ipynb", FAILING)
    failed = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True, timeout=300)
    assert failed.returncode == 1
    assert "FileNotFoundError" in failed.stderr
    return root


def add_cell(path: Path, source: str) -> None:
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(source))
    nbformat.write(notebook, path)


def inflate(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield a file and everything that is folded up in it, each with a name that leads there."""
    yield name, content
    yield name, content.replace(b"\\\\", b"\\").replace(b"\\/", b"/")
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.namelist():
                yield from inflate(f"{name}!{member}", archive.read(member))
    elif content[:4] == b"%PDF":
        yield from inflate_pdf(name, content)
    elif content[:4] == b"PAR1":
        table = pq.read_table(io.BytesIO(content))
        yield name, f"{table.schema.metadata} {table.to_pylist()}".encode()
    elif name.endswith(".ipynb"):
        for place, text in walk(json.loads(content)):
            yield f"{name}!{place}", text.encode()
            if place.endswith(("image/png", "application/pdf")):
                yield from inflate(f"{name}!{place}", base64.b64decode(text))


def inflate_pdf(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    with pikepdf.open(io.BytesIO(content)) as document:
        for thing in document.objects:
            place = f"{name}!{thing.objgen}" if hasattr(thing, "objgen") else name
            if isinstance(thing, pikepdf.Stream):
                try:
                    yield from inflate(place, thing.read_bytes())
                except pikepdf.PdfError:  # a picture stays as it is
                    yield place, thing.read_raw_bytes()
            for text in strings_of(thing):
                yield place, text.encode()


def strings_of(thing: object) -> Iterator[str]:
    """Yield the texts of an object of a PDF that are its own; what it refers to is an object itself."""
    if isinstance(thing, pikepdf.String):
        yield str(thing)
    elif isinstance(thing, pikepdf.Array):
        for item in thing:
            yield from strings_of(item) if not getattr(item, "is_indirect", False) else ()
    elif isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
        for item in thing.values():
            yield from strings_of(item) if not getattr(item, "is_indirect", False) else ()


def walk(value: object, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from walk(item, f"{place}/{key}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from walk(item, f"{place}/{number}")


def search(name: str, content: bytes, words: tuple[str, ...]) -> set[tuple[str, str]]:
    """Return where a file holds which of the words, in any of the ways in which it may hold them."""
    ways = {way: word for word in words for way in (word.encode(), word.encode("utf-16-be"), word.encode("utf-16-le"))}
    return {(place, word) for place, part in inflate(name, content) for way, word in ways.items() if way in part}


def files_of(root: Path) -> dict[str, bytes]:
    folders = (root / "reports" / SMALL_CALL, root / "data" / "processed" / SMALL_CALL)
    paths = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def of_this_machine() -> tuple[str, ...]:
    """Return what tells of the machine that runs the tests, as far as it is no word that may stand anywhere."""
    names = [name for name in (socket.gethostname(), getpass.getuser()) if len(name) > 5]
    folders = (sys.prefix, sys.base_prefix, ROOT, Path.home(), tempfile.gettempdir())
    return (*names, *(f"{folder}/" for folder in folders if len(Path(folder).parts) > 1))


def test_no_file_of_the_call_holds_a_canary_or_a_path_of_the_machine(published: Path) -> None:
    files = files_of(published)
    suffixes = {Path(name).suffix for name in files}
    assert {".html", ".pdf", ".docx", ".xlsx", ".json", ".ipynb", ".parquet"} <= suffixes
    found = {hit for name, content in files.items() for hit in search(name, content, (*CANARIES, *of_this_machine()))}
    assert found == set()


def test_the_sheets_their_lists_and_their_executed_copies_are_among_the_files_that_are_searched(
    published: Path,
) -> None:
    names = set(files_of(published))
    sheets, notes = f"reports/{SMALL_CALL}/sheets/", f"data/processed/{SMALL_CALL}/sheets/"
    for kind in ("", "by-category/"):
        own = [name for name in names if name.startswith(sheets) and kind in name]
        assert {Path(name).suffix for name in own} == {".html", ".pdf"}
        assert any(name.endswith(f"{kind}index.html") for name in own)
    for kind in ("proposal", "category"):
        copies = [name for name in names if name.startswith(notes) and f"/notebooks/{kind}/" in name]
        assert copies and all(name.endswith(".ipynb") for name in copies)


def test_the_names_of_the_files_hold_none_either(published: Path) -> None:
    assert [name for name in files_of(published) for canary in CANARIES if canary in name] == []


def test_the_copy_of_the_step_that_failed_still_tells_what_went_wrong(published: Path) -> None:
    copy = published / "data" / "processed" / SMALL_CALL / "notebooks" / "02_distribution.ipynb"
    outputs = [output for cell in nbformat.read(copy, as_version=4).cells for output in cell.get("outputs", ())]
    (error,) = (output for output in outputs if output.output_type == "error")
    assert error.ename == "FileNotFoundError"
    assert "…/pandas/io/common.py" in "".join(error.traceback)
    assert any("beware" in output.get("text", "") for output in outputs)


def make_zip(text: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("docProps/core.xml", f"<creator>{text}</creator>")
    return file.getvalue()


def make_pdf(text: str, where: str) -> bytes:
    file, document = io.BytesIO(), pikepdf.new()
    document.add_blank_page()
    if where == "stream":
        document.pages[0].Contents = document.make_stream(f"({text}) Tj".encode())
    else:
        document.docinfo["/Author"] = pikepdf.String(text + "é")  # which makes it UTF-16
    document.save(file, compress_streams=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return file.getvalue()


def make_parquet(text: str) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"a": [text] * 3}), file, compression="zstd")
    return file.getvalue()


def make_notebook(text: str) -> bytes:
    picture = {"image/png": base64.b64encode(b"\x89PNG tEXt" + text.encode()).decode()}
    output = nbformat.v4.new_output("display_data", data=picture)
    cells = [nbformat.v4.new_code_cell("x", outputs=[output])]
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells)).encode()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.docx", make_zip(SECRET)),
        ("a.pdf", make_pdf(SECRET, "stream")),
        ("a.pdf", make_pdf(SECRET, "author")),
        ("a.parquet", make_parquet(SECRET)),
        ("a.ipynb", make_notebook(SECRET)),
        ("a.json", json.dumps({"a": [SECRET]}).encode()),
        ("a.html", f"<p>{SECRET}".encode()),
    ],
    ids=["zip", "pdf-stream", "pdf-author", "parquet", "picture", "json", "html"],
)
def test_the_search_finds_a_canary_wherever_it_is_folded_up(name: str, content: bytes) -> None:
    assert {word for _, word in search(name, content, CANARIES)} == {SECRET}


def test_the_disguise_is_worn_by_every_python_that_is_started(published: Path) -> None:
    environment = {"PYTHONPATH": str(published.parent / "disguise"), "USER": USER, "LOGNAME": USER}
    told = "import socket, getpass, os; print(socket.gethostname(), os.uname().nodename, getpass.getuser())"
    said = subprocess.run([sys.executable, "-c", told], env=os.environ | environment, capture_output=True, text=True)
    assert said.stdout.split() == [HOST, HOST, USER]
