"""The workbench as a panel: controls beside the choice that they lead to, which follows every change."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping
from functools import partial
from html import escape
from importlib.resources import files
from typing import Any

import ipywidgets as widgets  # type: ignore[import-untyped]
import pandas as pd

from analysis.faults import InputError
from analysis.scenarios import Scenario
from analysis.whatif import Basis, Outcome, compare, explore
from analysis.wording import Wording
from analysis.workbench.controls import Controls
from analysis.workbench.grid import feed_rows, load_bundle, make_grid
from analysis.workbench.listing import (
    describe_rows,
    list_comparison,
    list_ideas,
    list_places,
    list_prices,
    render_plain,
    say,
)
from analysis.workbench.pictures import Frame, Picture, draw_map, draw_ranks, trace
from analysis.workbench.saving import draw_png, hand_over, write_csv, write_xlsx
from analysis.workbench.shelf import Shelf

TABS = ("ranks", "table", "map", "prices", "compare")
PICTURES = ("ranks", "map")
log = logging.getLogger(__name__)


class Workbench:
    """The panel of one call for one audience.

    It shows what `explore` answers for the scenario that the controls are set to. Widgets tell the page only what
    changed, and a browser sends a slider's newest value only once the one before it is answered: moves never queue.
    """

    def __init__(self, basis: Basis, shelf: Shelf, outline: Mapping[str, Any] | None) -> None:
        """Make the panel in the official state; `outline` is the GeoJSON of the region, or None."""
        self.basis, self.shelf = basis, shelf
        self.wording = Wording(basis.language, basis.call)
        self.official = explore(basis, basis.official)
        self.controls = Controls(basis, self.wording)
        self.kept: dict[str, Scenario] = {}
        self.tables: dict[str, pd.DataFrame] = {}
        self.pictures: dict[str, Picture] = {}
        self.views = {name: widgets.HTML() for name in ("status", *TABS, "rows", "file", "message")}
        self._id, self._saved = f"oproep-{uuid.uuid4().hex}", 0
        self._frame = _frame(self.official.places)
        self._outline = trace(_list_rings(outline), self._frame) if outline and self._frame else ""
        self.tabs = widgets.Tab([widgets.VBox() for _ in TABS])
        self._make_scenario_controls()
        self.refresh()
        self._act(Workbench._read_kept)
        self.page = self._lay_out()
        self.controls.watch(self.refresh)
        self.compared.observe(self._show_comparison, "value")

    def _repr_mimebundle_(self, **more: Any) -> Any:
        return self.page._repr_mimebundle_(**more)

    # What is shown

    def refresh(self, *_: object) -> None:
        """Show what the state of the controls leads to; a fault of ours is said, and logged."""
        try:
            self._show(explore(self.basis, self.controls.read(say(self.wording, "compare.now"))))
        except InputError as error:
            self._show_status("refused", escape(error.message()))
        except Exception:
            log.exception("the workbench could not show a scenario")
            self._show_status("refused", escape(say(self.wording, "status.failed")))

    def _show(self, outcome: Outcome) -> None:
        self.outcome, self.rows = outcome, describe_rows(outcome, self.official)
        self._show_status("refused" if outcome.refusal else "", self._tell(outcome, self.rows))
        self._stale = set(TABS)
        self._freshen()

    def _freshen(self, *_: object) -> None:
        """Draw the tab that is seen, if what it shows is not that of the scenario."""
        self._draw(TABS[self.tabs.selected_index or 0])

    def _draw(self, view: str) -> None:
        if view in self._stale:
            self._stale.remove(view)
            _DRAWN[view](self)

    def _show_status(self, kind: str, told: str) -> None:
        self.views["status"].value = f'<div class="oproep-status {kind}">{told}</div>'

    def _tell(self, outcome: Outcome, rows: pd.DataFrame) -> str:
        """Return what the choice is, who comes in and goes out, and what is to be known of it."""
        reference = say(self.wording, f"reference.{self.basis.reference}")
        counts = {name: len(getattr(outcome, name)) for name in ("chosen", "shortlisted", "came_in", "went_out")}
        if outcome.refusal:
            head = f"{say(self.wording, 'status.refused')}: {outcome.refusal}"
        else:
            head = say(self.wording, "status.chosen", reference=reference, **counts)
        more = [
            *self._tell_sums(outcome),
            say(self.wording, "status.shown", shown=len(rows), all=len(self.official.table)),
        ]
        lists = "" if outcome.refusal else "".join(self._list_changes(outcome))
        remarks = "".join(f'<p class="oproep-notice">{escape(one)}</p>' for one in outcome.remarks)
        return (
            f'<p class="counts">{escape(head)}</p><p>{escape(" ".join(more))}</p>'
            f'<div class="oproep-changes">{lists}</div>{remarks}'
        )

    def _tell_sums(self, outcome: Outcome) -> list[str]:
        if outcome.refusal or pd.isna(outcome.euro):
            return []
        months = None if pd.isna(outcome.staff_months) else outcome.staff_months
        return [say(self.wording, "status.asked", euro=outcome.euro, months=months)]

    def _list_changes(self, outcome: Outcome) -> list[str]:
        titles = self.basis.described.set_index("proposal")["title"]
        lists = []
        for key in ("came_in", "went_out"):
            named = [f"<li><b>{escape(one)}</b> {escape(_text(titles.get(one)))}</li>" for one in getattr(outcome, key)]
            items = f"<ul>{''.join(named)}</ul>" if named else f" {escape(say(self.wording, 'none'))}"
            lists.append(f'<div data-changes="{key}">{escape(say(self.wording, f"changes.{key}"))}:{items}</div>')
        return lists

    def _show_table(self) -> None:
        self.tables["table"] = list_ideas(self.rows, self.outcome.unit, self.wording)
        self.views["rows"].value = feed_rows(self.tables["table"], self._id, self.wording)

    def _show_ranks(self) -> None:
        self.tables["ranks"] = list_ideas(self.rows, self.outcome.unit, self.wording)
        ranked = self.rows[self.rows["rank"].notna() & self.rows["official_rank"].notna()]
        if ranked.empty:
            self.views["ranks"].value = f"<p>{escape(say(self.wording, 'closed'))}</p>"
            return
        self._show_picture("ranks", draw_ranks(ranked, self.outcome.unit, self.wording))

    def _show_map(self) -> None:
        self.tables["map"] = list_places(self.outcome.places, self.wording)
        if self._frame is None:
            self.views["map"].value = f"<p>{escape(say(self.wording, 'map.none'))}</p>"
            return
        self._show_picture("map", draw_map(self.outcome.places, self._outline, self._frame, self.wording))

    def _show_picture(self, name: str, picture: Picture) -> None:
        self.pictures[name] = picture
        self.views[name].value = f'<div class="oproep-scroll oproep-{name}">{picture.svg}</div>'

    def _show_prices(self) -> None:
        table = list_prices(self.outcome, self.basis.call, self.wording)
        self.tables["prices"] = table
        lead = f"<p>{escape(say(self.wording, 'prices.lead', unit=self.outcome.unit))}</p>"
        self.views["prices"].value = lead + render_plain(table, say(self.wording, "tab.prices"), self.wording)

    def _show_comparison(self, *_: object) -> None:
        outcomes = {say(self.wording, "compare.now"): self.outcome}
        for name in self.compared.value:
            outcomes[name] = explore(self.basis, self.kept[name]) if name in self.kept else self.official
        self.tables["compare"] = list_comparison(compare(outcomes), self.wording)
        lead = f"<p>{escape(say(self.wording, 'compare.lead'))}</p>"
        table = render_plain(self.tables["compare"], say(self.wording, "tab.compare"), self.wording)
        self.views["compare"].value = lead + table

    # Scenarios

    def _make_scenario_controls(self) -> None:
        words = self.wording
        self.name = widgets.Text(description=say(words, "control.name"))
        self.chooser = widgets.Dropdown(options=[], description=say(words, "control.kept"))
        self.compared = widgets.SelectMultiple(options=[], description=say(words, "control.compared"), rows=4)
        self.buttons = {name: widgets.Button(description=say(words, f"button.{name}")) for name in _ACTIONS}
        for name, action in _ACTIONS.items():
            self.buttons[name].on_click(partial(self._act, action))

    def _act(self, action: Callable[[Workbench], None], *_: object) -> None:
        """Do what a button asks, and say why where it cannot be done."""
        try:
            action(self)
        except InputError as error:
            self._say(error.message())
        except OSError as error:
            self._say(f"{error.strerror}: {error.filename}")

    def _say(self, text: str) -> None:
        self.views["message"].value = f"<p>{escape(text)}</p>"

    def _read_kept(self) -> None:
        compared, chosen = self.compared.value if self.kept else (), self.chooser.value
        self.kept = self.shelf.read()
        names = list(self.kept)
        with self.chooser.hold_sync(), self.compared.hold_sync():  # options and what is marked among them in one
            self.chooser.options = names
            self.chooser.value = chosen if chosen in names else (names[0] if names else None)
            self.compared.options = [say(self.wording, "compare.official"), *names]
            self.compared.value = tuple(name for name in compared if name in self.compared.options)

    def reset(self) -> None:
        """Set all controls to the official state."""
        self.controls.show(self.basis.official)

    def keep(self) -> None:
        """Keep the state of the controls under the name that is written."""
        name = self.name.value.strip()
        if not name:
            self._say(say(self.wording, "keeping.unnamed"))
            return
        place = self.shelf.keep(self.controls.read(name))
        self._read_kept()
        self.chooser.value = name
        self._say(say(self.wording, "keeping.kept" if place else "keeping.here", name=name, place=place))

    def open(self) -> None:
        """Set the controls to the kept scenario that is chosen."""
        self._with_chosen("opened", lambda name: self.controls.show(self.kept[name]))

    def remove(self) -> None:
        """Remove the kept scenario that is chosen."""
        self._with_chosen("removed", self._remove)

    def _remove(self, name: str) -> None:
        self.shelf.remove(name)
        self._read_kept()

    def _with_chosen(self, done: str, action: Callable[[str], None]) -> None:
        name = self.chooser.value
        if name is None:
            self._say(say(self.wording, "keeping.unchosen"))
            return
        action(name)
        self._say(say(self.wording, f"keeping.{done}", name=name))

    # Files

    def save(self, view: str, kind: str, *_: object) -> None:
        """Hand a picture (svg, png) or the table (csv, xlsx) of a tab to the browser as a file."""
        name = f"{self.basis.call.id}-{view}.{kind}"
        self._saved += 1
        self.views["file"].value = hand_over(name, self.make_file(view, kind), self._saved)

    def make_file(self, view: str, kind: str) -> bytes:
        """Return the picture or the table of a tab, as it is shown, as the bytes of a file."""
        self._draw(view)
        if kind in ("svg", "png"):
            svg = self.pictures[view].svg
            return svg.encode("utf-8") if kind == "svg" else draw_png(svg)
        table = self.tables[view]
        return write_csv(table) if kind == "csv" else write_xlsx(table, say(self.wording, f"tab.{view}"))

    def _offer(self, view: str) -> widgets.HBox:
        kinds = [*(("svg", "png") if view in PICTURES and view in self.pictures else ()), "csv", "xlsx"]
        buttons = [widgets.Button(description=say(self.wording, f"button.{kind}")) for kind in kinds]
        for kind, button in zip(kinds, buttons, strict=True):
            button.on_click(partial(self.save, view, kind))
        return _classed(widgets.HBox(buttons), "oproep-saves")

    # The page

    def _lay_out(self) -> widgets.VBox:
        for name in TABS:
            self._draw(name)
        self.tabs.children = tuple(widgets.VBox(self._fill_tab(name)) for name in TABS)
        self.tabs.titles = tuple(say(self.wording, f"tab.{name}") for name in TABS)
        self.tabs.observe(self._freshen, "selected_index")
        results = widgets.VBox([_classed(self.views["status"], "oproep-live"), *self._lay_out_bar(), self.tabs])
        body = _classed(widgets.Box([self.controls.page(), _classed(results, "oproep-results")]), "oproep-body")
        feeds = [_classed(self.views[name], "oproep-feed") for name in ("rows", "file")]
        return _classed(widgets.VBox([_head(), widgets.HTML(self._introduce()), body, *feeds]), "oproep-workbench")

    def _lay_out_bar(self) -> list[widgets.Widget]:
        """Return the row that keeps, opens and removes scenarios, and what was done last."""
        keep, back, go, remove = (self.buttons[name] for name in ("keep", "reset", "open", "remove"))
        row = [self.name, keep, self.chooser, go, remove, back]
        return [_classed(widgets.HBox(row), "oproep-bar"), _classed(self.views["message"], "oproep-live")]

    def _fill_tab(self, name: str) -> list[widgets.Widget]:
        if name == "table":
            return [_output(make_grid(self.tables["table"], self._id, self.wording)), self._offer(name)]
        shown = [self.compared] if name == "compare" else []
        return [*shown, self.views[name], self._offer(name)]

    def _introduce(self) -> str:
        call, words = self.basis.call, self.wording
        audience = say(words, f"audiences.{self.basis.audience}")
        told = say(words, "audience", audience=audience, on=self.basis.as_of)
        limits = "".join(f'<p class="oproep-notice">{escape(one)}</p>' for one in self.basis.limits)
        return (
            f"<h2>{escape(say(words, 'heading', title=call.title.in_language(words.language)))}</h2>"
            f'<p>{escape(say(words, "lead"))}</p><p class="oproep-notice">{escape(told)}</p>{limits}'
        )


_ACTIONS: Mapping[str, Callable[[Workbench], None]] = {
    "keep": Workbench.keep,
    "reset": Workbench.reset,
    "open": Workbench.open,
    "remove": Workbench.remove,
}


_DRAWN: Mapping[str, Callable[[Workbench], None]] = {
    "ranks": Workbench._show_ranks,
    "table": Workbench._show_table,
    "map": Workbench._show_map,
    "prices": Workbench._show_prices,
    "compare": Workbench._show_comparison,
}


def _head() -> widgets.Output:
    """Return what the page needs once: style, script and the bundle of itables."""
    page = files("analysis") / "workbench" / "page"
    style, script = ((page / name).read_text("utf-8") for name in ("page.css", "page.js"))
    return _output(f"{load_bundle()}<style>{style}</style><script>{script}</script>")


def _output(markup: str) -> widgets.Output:
    data = {"text/html": markup, "text/plain": ""}
    return widgets.Output(outputs=({"output_type": "display_data", "data": data, "metadata": {}},))


def _classed(widget: Any, name: str) -> Any:
    widget.add_class(name)
    return widget


def _text(value: object) -> str:
    return "" if pd.isna(value) else str(value)


def _frame(places: pd.DataFrame) -> Frame | None:
    known = places.dropna(subset=["longitude", "latitude"])
    return Frame.around(known["longitude"], known["latitude"]) if len(known) else None


def _list_rings(outline: Mapping[str, Any]) -> list[list[tuple[float, float]]]:
    """Return every ring of the polygons of a GeoJSON document."""
    features = outline["features"] if outline["type"] == "FeatureCollection" else [outline]
    geometries = [feature.get("geometry", feature) for feature in features]
    polygons = [
        polygon
        for geometry in geometries
        for polygon in ([geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"])
    ]
    return [ring for polygon in polygons for ring in polygon]
