"""A canary in every cell that may be withheld: none sings outside before its day, and after it only the released ones.

A canary is a word that stands nowhere else. The small call gets one in every title, summary, name, municipality, contact
and reason, and as the id or label of every juror, respondent and employee.
"""

from __future__ import annotations

import base64
import contextlib
import csv
import gzip
import io
import itertools
import json
import logging
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from string import ascii_lowercase

import nbformat
import pandas as pd
import pikepdf
import pytest
import yaml
from answering import show_answer
from running import compose_edition, read_answer, run_steps
from searching import read_folder, read_texts, search

from analysis.answer import compose
from analysis.declarations import Edition, ReleaseRule
from analysis.editions import release_edition, render
from analysis.files import write_bytes
from analysis.publish.pdf import render_pdf
from analysis.store import Store, Workspace

CALL = "green-streets-2024"
BEFORE, AFTER, LATER = "2024-03-31", "2024-04-01", "2024-04-02"
LANGUAGES = ("nl", "en")
RELEASED_OF_CHOSEN = ("proposal", "title", "actor", "municipality")


@dataclass
class Aviary:
    """The canaries of a call, each with the kind of cell that it sits in and the record that the cell is of."""

    birds: dict[str, tuple[str, str]] = field(default_factory=dict)
    letters: Iterator[tuple[str, ...]] = field(default_factory=lambda: itertools.product(ascii_lowercase, repeat=3))

    def hatch(self, kind: str, record: str) -> str:
        """Return a new canary for a cell; the same one for the same cell."""
        for bird, cell in self.birds.items():
            if cell == (kind, record):
                return bird
        bird = f"kqz{''.join(next(self.letters))}zqk"
        self.birds[bird] = (kind, record)
        return bird

    def of(self, *kinds: str) -> set[str]:
        return {bird for bird, (kind, _) in self.birds.items() if kind in kinds}


@dataclass(frozen=True)
class Flight:
    """A call with canaries whose editions are rendered: its store, its canaries, and what each edition printed."""

    store: Store
    aviary: Aviary
    printed: dict[str, str]

    def sung(self, edition: str) -> dict[str, set[str]]:
        """Return which canaries an edition lets out: its files, released tables, executed notebook and messages."""
        released = self.store.edition_folder(edition)
        notebook = self.store.processed / "notebooks" / f"08_answer-{edition}.ipynb"
        texts = itertools.chain(
            read_folder(self.store.reports / edition),
            (("released/" + name, text) for name, text in read_folder(released)),
            (("notebook", text) for text in read_texts(notebook.read_bytes())),
            [("printed", self.printed[edition]), ("edition", edition)],
        )
        return search(texts, set(self.aviary.birds))

    def chosen(self, *kinds: str) -> set[str]:
        """Return the canaries of these kinds that belong to the chosen proposals, by the delivered decision."""
        proposals = read_csv(self.store.raw / "proposals.csv")
        decided = {row["proposal"] for row in read_csv(self.store.raw / "decision.csv") if row["chosen"] != "false"}
        own = [row for row in proposals if row["proposal"] in decided]
        actors = {row["actor"]: row for row in read_csv(self.store.raw / "actors.csv")}
        leads = [actors[row["actor"]] for row in own]
        places = {row["nis"]: row["name_nl"] for row in read_csv(self.store.reference / REFERENCE)}
        cells = {
            "proposal": {row["proposal"] for row in own},
            "title": {row["title"] for row in own},
            "actor": {row["name"] for row in leads},
            "municipality": {places[row["nis"]] for row in leads},
        }
        return {bird for kind in kinds for cell in cells[kind] for bird in self.aviary.birds if bird in cell.lower()}


REFERENCE = "municipalities_2016.csv"
RULES = """
- {table: indicators, audience: public, smallest_cell: 2}
- {table: distribution, audience: public}
- {table: category_by_kind, audience: public}
- {table: spread, audience: public}
- {table: evenness, audience: public}
- {table: white_spots, audience: internal}
- {table: municipality_reach, audience: internal}
- {table: agreement, audience: public}
- {table: individual_scores, audience: internal}
- {table: individual_scores, audience: applicant, columns: [score]}
- {table: rater_spread, audience: internal}
- {table: totals, audience: internal}
- {table: totals, audience: public, columns: [total, rank, shortlisted]}
- {table: selection, audience: internal}
- {table: reasons, audience: internal}
- {table: shortlist_changes, audience: internal}
- {table: choice_changes, audience: internal}
- table: chosen
  audience: public
  start: announcement
  columns: [proposal, title, actor, municipality, category, partnership, focus, reach, start, end]
- {table: chosen, audience: internal}
- {table: chosen_groups, audience: public}
- {table: constraint_prices, audience: public, columns: [constraint, bound, used, gain]}
- {table: constraint_prices, audience: internal}
- {table: alternatives, audience: public, columns: [place, distance]}
- {table: budget_funds, audience: public}
- {table: budget_years, audience: public}
- {table: budget_lines, audience: internal}
- {table: budget_split, audience: internal}
- {table: phase_staff, audience: public}
- {table: monthly_load, audience: public}
- {table: timeline, audience: public, start: announcement, columns: [proposal, title, start, end]}
- {table: survey_results, audience: public}
- {table: survey_answers, audience: public}
- {table: path_sizes, audience: public}
- {table: path_themes, audience: public}
- {table: follow_up, audience: internal}
- {table: scaling, audience: public, start: announcement, columns: [proposal, title, verdict, lacking, unknown]}
- {table: scaling, audience: internal}
"""


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_csv(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def fill_with_canaries(store: Store, aviary: Aviary) -> None:
    """Rewrite the delivered files of the small call so that every cell that may be withheld holds a canary."""
    raw = store.raw
    proposals, actors = read_csv(raw / "proposals.csv"), read_csv(raw / "actors.csv")
    ids = {row["proposal"]: aviary.hatch("proposal", row["proposal"]) for row in proposals}
    leads = {row["actor"]: aviary.hatch("actor id", row["actor"]) for row in actors}
    for row in proposals:
        name = row["proposal"]
        row |= {"proposal": ids[name], "actor": leads[row["actor"]]}
        row |= {"title": f"Plan {aviary.hatch('title', name)}", "summary": f"It {aviary.hatch('summary', name)} grows."}
    for row in actors:
        name = row["actor"]
        row |= {"actor": leads[name], "name": f"House {aviary.hatch('actor', name)}"}
        row |= {"contact": f"{aviary.hatch('contact', name)}@example.org"}
    write_csv(raw / "proposals.csv", proposals)
    write_csv(raw / "actors.csv", actors)
    for name in ("involvement", "scores"):
        rows = read_csv(raw / f"{name}.csv")
        for row in rows:
            row["proposal"] = ids[row["proposal"]]
            if "rater" in row:
                row["rater"] = aviary.hatch("juror id", row["rater"])
        write_csv(raw / f"{name}.csv", rows)
    _name_places(store, {row["nis"] for row in actors}, aviary)
    _deliver_more(raw, ids, aviary)


def _name_places(store: Store, places: set[str], aviary: Aviary) -> None:
    path = store.reference / REFERENCE
    rows = read_csv(path)
    for row in rows:
        if row["nis"] in places:
            row["name_nl"] = aviary.hatch("municipality", row["nis"]).capitalize()
    write_csv(path, rows)


def _deliver_more(raw: Path, ids: dict[str, str], aviary: Aviary) -> None:
    """Deliver what the small call lacks: a decision, a survey, paths chosen by hand, pilots, staff and budget lines."""
    chosen, left = list(ids)[:4], list(ids)[4:6]
    decision = [
        {"proposal": ids[name], "reason": f"Because {aviary.hatch('reason', name)}", "chosen": "true"}
        for name in chosen
    ]
    write_csv(raw / "decision.csv", decision)
    by_hand = [{"proposal": ids[name], "path": "talk", "reason": aviary.hatch("by hand", name)} for name in left]
    write_csv(raw / "follow_up_choice.csv", by_hand)
    survey = [
        {
            "respondent": aviary.hatch("respondent", str(n)),
            "chosen": str(n < 2).lower(),
            "question": "again",
            "answer": "4",
        }
        for n in range(8)
    ]
    write_csv(raw / "survey.csv", survey)
    pilots = dict.fromkeys(("success", "support", "wider_need"), "true")
    write_csv(raw / "pilots.csv", [{
        "proposal": ids[chosen[0]], **pilots, "yearly_cost": "", "assessed_on": "2024-03-01",
        "source": aviary.hatch("assessment", chosen[0]),
    }])  # fmt: skip
    write_csv(raw / "staffing.csv", [{
        "phase": "pilots", "employee": aviary.hatch("employee", "1"), "fraction": "0.5",
        "from": "2024-05-01", "to": "2024-12-31",
    }])  # fmt: skip
    budget = read_csv(raw / "budget.csv")
    for row in budget:
        row["line"] = aviary.hatch("budget line", row["line"])
    write_csv(raw / "budget.csv", budget)


def declare_canaries(raw: Path, aviary: Aviary) -> None:
    """Rewrite call.yml: jurors with canaries for names, both languages, few draws, and rules that withhold the rest."""
    call = yaml.safe_load((raw / "call.yml").read_text(encoding="utf-8"))
    for rater in call["scoring"]["raters"]:
        rater["id"], rater["label"] = (
            aviary.hatch("juror id", rater["id"]),
            {"en": f"Dr {aviary.hatch('juror', rater['id'])}"},
        )
    text = {"en": "A text"}
    call |= {
        "uncertainty": {"draws": 400, "weights": 100, "choices": 5},
        "survey_questions": [{"id": "again", "label": {"en": "We would take part again"}}],
        "paths": [
            {"id": "talk", "label": {"en": "talk"}, "description": text, "rule": "immature"},
            {"id": "rest", "label": {"en": "rest"}, "description": text, "rule": "other"},
        ],
        "release": yaml.safe_load(RULES),
    }
    call["questions"].append({"topic": "not_selected", "text": {"en": "What of the others?"}})
    (raw / "call.yml").write_text(yaml.safe_dump(call, sort_keys=False, allow_unicode=True), encoding="utf-8")


@contextlib.contextmanager
def listening() -> Iterator[io.StringIO]:
    """Gather all that is printed, warned or logged."""
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    logging.getLogger().addHandler(handler)
    try:
        with contextlib.redirect_stdout(heard), contextlib.redirect_stderr(heard):
            yield heard
    finally:
        logging.getLogger().removeHandler(handler)


def render_edition(store: Store, edition: Edition) -> str:
    """Render an edition as the runner does, without a kernel; return what that printed."""
    step = store.pipeline.step("08_answer")
    with listening() as heard:
        release_edition(store, step, edition)
        executed = show_answer(compose(Workspace(store, step, edition.name)))
        copy = store.processed / "notebooks" / f"08_answer-{edition.name}.ipynb"
        write_bytes(copy, nbformat.writes(executed).encode())
        for name, content in render(store, step, edition, executed).items():
            write_bytes(store.reports / edition.name / name, content)
    return heard.getvalue()


@pytest.fixture(scope="module")
def flight(tmp_path_factory: pytest.TempPathFactory, make_project: Callable[[Path], Path]) -> Flight:
    """Return a call with canaries, its public editions rendered in both languages before and after its day."""
    root = make_project(tmp_path_factory.mktemp("canary"))
    store, aviary = Store(root, CALL), Aviary()
    fill_with_canaries(store, aviary)
    declare_canaries(store.raw, aviary)
    run_steps(root, CALL, "en")
    store = Store(root, CALL)
    printed = {}
    for day, language in itertools.product((BEFORE, AFTER), LANGUAGES):
        edition = Edition.model_validate({"as_of": day, "language": language})
        printed[edition.name] = render_edition(store, edition)
    return Flight(store, aviary, printed)


def test_every_kind_of_cell_has_a_canary_that_reached_the_tables(flight: Flight) -> None:
    """The search below would prove nothing if the canaries had been lost on the way."""
    kinds = {kind for kind, _ in flight.aviary.birds.values()}
    assert kinds == {
        "proposal", "title", "summary", "actor id", "actor", "contact", "municipality", "juror id", "juror", "reason",
        "by hand", "respondent", "employee", "budget line", "assessment",
    }  # fmt: skip
    tables = read_folder(flight.store.processed)
    found = search(((name, text) for name, text in tables if name.endswith(".parquet") and "/" not in name),
                   set(flight.aviary.birds))  # fmt: skip
    assert set(found) == set(flight.aviary.birds) - flight.aviary.of("juror")  # names of jurors stand in call.yml only
    assert len(flight.chosen("title")) == 4


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_canary_sings_before_the_announcement(flight: Flight, language: str) -> None:
    edition = f"{BEFORE}-public-{language}"
    assert {"answer.html", "answer.pdf", "manifest.json"} <= {
        path.name for path in (flight.store.reports / edition).iterdir()
    }
    assert flight.sung(edition) == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_after_the_announcement_exactly_the_released_ones_sing(flight: Flight, language: str) -> None:
    edition = f"{AFTER}-public-{language}"
    sung = flight.sung(edition)
    assert set(sung) == flight.chosen(*RELEASED_OF_CHOSEN)
    for title in flight.chosen("title"):  # and readers of every form meet them
        assert {"answer.html", "answer.pdf", "released/chosen.parquet"} <= sung[title]


@pytest.mark.parametrize("audience", ["applicant", "internal"])
def test_jurors_sing_inside_the_house_only(flight: Flight, audience: str) -> None:
    edition = Edition.model_validate({"as_of": AFTER, "audience": audience, "language": "en"})
    step = flight.store.pipeline.step("08_answer")
    release_edition(flight.store, step, edition)
    shown = nbformat.writes(show_answer(compose(Workspace(flight.store, step, edition.name))))
    tables = read_folder(flight.store.edition_folder(edition.name))
    texts = itertools.chain(tables, (("notebook", text) for text in read_texts(shown.encode())))
    sung = set(search(texts, set(flight.aviary.birds)))
    inside = flight.aviary.of("juror", "juror id")
    assert sung & inside == (inside if audience == "internal" else set())
    assert not sung & flight.aviary.of("contact", "respondent", "employee")  # no rule releases them to anyone


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("smallest", [2, 5, 99])
def test_an_answer_is_told_however_many_of_its_counts_are_too_small(
    flight: Flight, smallest: int, language: str
) -> None:
    store, counted = Store(flight.store.root, CALL), {"indicators"}
    counted |= {name for name, contract in store.contracts.items() if contract.cells}
    rules = [rule for rule in flight.store.call.release if rule.table not in counted]
    rules += [ReleaseRule(table=name, audience="public", smallest_cell=smallest) for name in sorted(counted)]
    store.__dict__["call"] = flight.store.call.model_copy(update={"release": tuple(rules)})
    words = read_answer(compose_edition(store, LATER, language=language))
    label = {"nl": "andere groepen", "en": "other groups"}[language]
    assert (label in words) == (smallest < 99)


def test_the_real_run_prints_and_keeps_no_canary_either(flight: Flight) -> None:
    """One edition through the command line with a kernel: its messages, its notebook and its files."""
    command = [sys.executable, "-m", "analysis.cli", "run", CALL, "--step", "08_answer", "--as-of", BEFORE]
    done = subprocess.run(
        [*command, "--language", "nl", "--root", str(flight.store.root)],
        capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1"}, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    edition = f"{BEFORE}-public-nl"
    copy = flight.store.processed / "notebooks" / f"08_answer-{edition}.ipynb"
    assert "compose(open_step" in copy.read_text(encoding="utf-8")  # the one that a kernel executed
    real = Flight(flight.store, flight.aviary, {edition: done.stdout + done.stderr})
    assert real.sung(edition) == {}


# The search itself

WORD = "kqzsearchzqk"


def zipped(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


def pdf(change: Callable[[pikepdf.Pdf], None]) -> bytes:
    document, file = pikepdf.new(), io.BytesIO()
    document.add_blank_page()
    change(document)
    document.save(file, compress_streams=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return file.getvalue()


def parquet() -> bytes:
    file = io.BytesIO()
    pd.DataFrame({"title": [f"A {WORD} "]}).to_parquet(file, compression="zstd")
    return file.getvalue()


def attach(document: pikepdf.Pdf) -> None:
    document.Root.Attached = document.make_indirect(document.make_stream(WORD.encode()))


def title(document: pikepdf.Pdf) -> None:
    document.docinfo["/Title"] = WORD


def metadata(document: pikepdf.Pdf) -> None:
    with document.open_metadata() as open_metadata:
        open_metadata["dc:title"] = WORD


def alternative(document: pikepdf.Pdf) -> None:
    document.Root.StructTreeRoot = pikepdf.Dictionary(K=pikepdf.Array([pikepdf.Dictionary(Alt=pikepdf.String(WORD))]))


def page_of(words: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><title>T</title></head><body><main><p>{words}</p></main></body></html>'
    )


SVG = f'<svg xmlns="http://www.w3.org/2000/svg"><title>{WORD}</title></svg>'.encode()
HIDDEN: dict[str, Callable[[], bytes]] = {
    "plain text": lambda: f"a {WORD} b".encode(),
    "capitals": lambda: WORD.upper().encode(),
    "UTF-16": lambda: WORD.encode("utf-16-le"),
    "soft hyphens": lambda: "kqz\u00adsearch\u200bzqk".encode(),
    "a line break": lambda: b"kqzsea-\nrchzqk",
    "markup inside": lambda: b"kqz<wbr>sear<b>ch</b>zqk",
    "HTML entities": lambda: "".join(f"&#{ord(letter)};" for letter in WORD).encode(),
    "a percent-encoded link": lambda: b'<a href="?q=%6b%71%7asearchzqk">',
    "a data attribute": lambda: f'<p data-title="{WORD}">'.encode(),
    "an SVG title in a data URI": lambda: b'<img src="data:image/svg+xml;base64,' + base64.b64encode(SVG) + b'">',
    "a data URI in percents": lambda: b'<img src="data:image/svg+xml,%3Csvg%3E%6b%71%7asearchzqk%3C/svg%3E">',
    "JSON with escapes": lambda: json.dumps({"a": "x"}).encode().replace(b"x", b"\\u006bqzsearch\\u007aqk"),
    "JSON": lambda: json.dumps({"outputs": [{"text": WORD}]}).encode(),
    "a notebook with a picture": lambda: json.dumps({"data": base64.b64encode(SVG).decode()}).encode(),
    "a member of a zip": lambda: zipped("word/document.xml", f"<w:t>{WORD}</w:t>".encode()),
    "letters in runs of a docx": lambda: zipped("word/document.xml", b"<w:t>kqzsea</w:t></w:r><w:r><w:t>rchzqk</w:t>"),
    "the name of a member": lambda: zipped(f"{WORD}.xml", b""),
    "a zip in a zip": lambda: zipped("inner.xlsx", zipped("xl/sharedStrings.xml", WORD.encode())),
    "gzip": lambda: gzip.compress(WORD.encode()),
    "a table": parquet,
    "an inflated stream of a PDF": lambda: pdf(attach),
    "the title of a PDF": lambda: pdf(title),
    "the metadata of a PDF": lambda: pdf(metadata),
    "an alternative text in a PDF": lambda: pdf(alternative),
}


@pytest.mark.parametrize("form", HIDDEN)
def test_the_search_finds_a_word_in(form: str, tmp_path: Path) -> None:
    path = tmp_path / "edition" / "file.bin"
    write_bytes(path, HIDDEN[form]())
    assert search(read_folder(tmp_path), {WORD}) == {WORD: {"edition/file.bin"}}
    assert search(read_folder(tmp_path), {"kqznotherezqk"}) == {}


def test_the_search_finds_a_word_set_in_the_glyphs_of_a_typeset_page(flight: Flight, tmp_path: Path) -> None:
    edition = f"{BEFORE}-public-en"
    page = (flight.store.reports / edition / "answer.html").read_text(encoding="utf-8")
    planted = page.replace("</main>", f"<p>Plan {WORD} of it.</p></main>", 1)
    assert planted != page
    write_bytes(tmp_path / "answer.pdf", render_pdf(planted, created=Edition.parse(edition).as_of))
    assert WORD.encode() not in (tmp_path / "answer.pdf").read_bytes()
    assert search(read_folder(tmp_path), {WORD}) == {WORD: {"answer.pdf"}}


def test_the_search_finds_a_word_in_the_name_of_a_file_and_the_target_of_a_link(tmp_path: Path) -> None:
    write_bytes(tmp_path / f"{WORD}.csv", b"")
    (tmp_path / "latest").symlink_to(f"to-{WORD}")
    assert search(read_folder(tmp_path), {WORD}) == {WORD: {f"{WORD}.csv", "latest"}}
