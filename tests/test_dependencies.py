"""What code depends on, read from its text; and that a real run reads no text that was not foreseen."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from running import run_cells

from analysis import dependencies, wording
from analysis.dependencies import (
    Package,
    attributes_read,
    code_of,
    find_lock,
    installed_versions,
    meaning_of,
    names_imported,
    texts_read,
)
from analysis.kernels import PRELOADED
from analysis.store import Store

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
IMPORTS = {
    "import analysis.scoring": {"analysis", "analysis.scoring"},
    "from analysis import scoring, plots": {"analysis", "analysis.scoring", "analysis.plots"},
    "from analysis.plots import ranking": {"analysis", "analysis.plots", "analysis.plots.ranking"},
    "def f():\n    import json": {"json"},
    "not python at all": set(),
}


def notebook(*cells: tuple[str, str], outputs: tuple[str, ...] = ()) -> str:
    made = [{"cell_type": kind, "source": [source], "metadata": {}, "outputs": list(outputs)} for kind, source in cells]
    return json.dumps({"cells": made})


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Return a small package: `top` imports `middle`, which imports `low` inside a function; `other` stands apart."""
    folder = tmp_path / "analysis"
    files = {
        "__init__.py": "",
        "top.py": "from analysis import middle\nTITLE = 'answer.title'",
        "middle.py": "def f():\n    from analysis.low import g",
        "low.py": "def g(words): return words(f'figures.{1}')",
        "other.py": "import pandas",
        "publish/__init__.py": "",
        "publish/page.py": "",
        "publish/template/style.css": "p {}",
        "texts/nl/answer.yml": "title: t",
        "texts/nl/figures.yml": "a: b",
        "texts/nl/rank.yml": "a: b",
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


@pytest.mark.parametrize("code", IMPORTS)
def test_imports_are_found_at_the_top_and_inside_functions(code: str):
    assert names_imported(code) == IMPORTS[code]


def test_the_closure_holds_what_is_imported_in_turn_and_nothing_else(package: Path):
    found = Package(package)
    assert set(found.closure(["analysis.top", "analysis.top.TITLE", "json"])) == {
        "analysis",
        "analysis.top",
        "analysis.middle",
        "analysis.low",
    }


def test_the_texts_of_modules_are_those_whose_keys_they_name(package: Path):
    found = Package(package)
    assert found.texts_of(found.closure(["analysis.top"]).values()) == {"answer", "figures"}
    assert found.texts_of([], "words.plain('rank.title')") == {"rank"}
    assert texts_read('read_texts(language)["rank"]', ["rank"]) == {"rank"}
    assert texts_read('table["rank"]', ["rank"]) == set()


def test_templates_belong_to_the_modules_of_their_package(package: Path):
    found = Package(package)
    assert set(found.templates_of(["analysis.publish.page"])) == {"publish/template/style.css"}
    assert found.templates_of(["analysis.top"]) == {}


def test_what_was_read_of_a_file_is_used_again_until_its_bytes_change(package: Path, monkeypatch):
    memory = json.loads(json.dumps(Package(package).memory()))
    (package / "low.py").write_text("import analysis.other")
    read: list[str] = []
    real = dependencies._read
    monkeypatch.setattr(dependencies, "_read", lambda code: read.append(code) or real(code))
    assert "analysis.other" in Package(package, memory).closure(["analysis.top"])
    assert read == ["import analysis.other"]


def test_a_notebook_means_its_sources_not_its_outputs():
    plain, shown = notebook(("code", "1 + 1")), notebook(("code", "1 + 1"), outputs=("2",))
    assert meaning_of(plain) == meaning_of(shown)
    assert meaning_of(plain) != meaning_of(notebook(("code", "1 + 2")))
    assert meaning_of(plain) != meaning_of(notebook(("markdown", "1 + 1")))
    assert code_of(notebook(("markdown", "a"), ("code", "b"), ("code", "c"))) == "b\n\nc"


def test_attributes_are_those_that_are_read():
    assert attributes_read("from analysis.store import x\nstep.published.figures") == {"published", "figures"}


def test_versions_are_those_of_the_packages_that_the_lock_names(tmp_path: Path):
    lock = tmp_path / "requirements.lock"
    lock.write_text("pandas==1.0 \\\n    --hash=sha256:00\nnot-installed==2.0\n")
    found = installed_versions(lock)
    assert set(found) == {"python", "pandas"}
    assert found["pandas"] == __import__("pandas").__version__
    assert find_lock(tmp_path) == lock


def test_every_module_that_a_notebook_imports_is_made_ready_in_the_parent_of_the_kernels():
    numbered = sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))
    code = "\n".join(code_of(path.read_text(encoding="utf-8")) for path in numbered)
    package = Package()
    imported = {name for name in names_imported(code) if name in package.modules}
    assert numbered
    assert imported - {"analysis"} <= set(package.closure(PRELOADED))


def test_a_run_reads_no_text_that_was_not_foreseen(store: Store, monkeypatch):
    """The texts of each step are recorded while its cells run, beside those found in its code."""
    read: set[str] = set()

    class Recorder(dict):
        def __getitem__(self, name: str):
            read.add(name)
            return super().__getitem__(name)

    real = wording.read_texts
    monkeypatch.setattr(wording, "read_texts", lambda language: Recorder(real(language)))
    package = Package()
    for step in store.pipeline.steps:
        if not step.per_edition:
            read.clear()
            path = store.root / "notebooks" / f"{step.name}.ipynb"
            run_cells(path, {"call": store.call_id, "language": "en"})
            code = code_of(path.read_text(encoding="utf-8"))
            foreseen = package.texts_of(package.closure(names_imported(code)).values(), code)
            assert read, step.name
            assert read <= foreseen, step.name


def test_several_threads_may_read_code_at_once():
    code = "\n".join(f"def f{n}(a, b): return [(a.x + b.y) * {n} for c in a if c['d']]" for n in range(300))
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(attributes_read, [code] * 24))
    assert read == [{"x", "y"}] * 24
