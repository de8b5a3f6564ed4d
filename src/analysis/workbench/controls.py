"""The controls of the workbench: what a scenario may vary, as labelled widgets that the keyboard reaches."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from html import escape
from typing import Any

import ipywidgets as widgets  # type: ignore[import-untyped]

from analysis.call import Call
from analysis.declarations import FIXED_GROUPS
from analysis.figures import label_group
from analysis.scenarios import METHODS, Filters, Scenario, constraint_ids, official
from analysis.whatif import Basis
from analysis.wording import Wording
from analysis.workbench.listing import GROUPS, say

LEAST_WEIGHT = 3.0  # up to which a weight can be moved, at least
FILTERS: Mapping[str, str] = {"categories": "category", "kinds": "kind", "provinces": "province", "scales": "scale"}
TALLEST = 5  # groups of a filter seen at once
Control = Any  # a widget with a value; ipywidgets has no types


class Controls:
    """The widgets by which a reader sets a scenario, and the scenario that they stand for."""

    def __init__(self, basis: Basis, wording: Wording) -> None:
        """Make the widgets, in the official state."""
        call, self._words = basis.call, wording
        self._changed: Callable[[], None] | None = None
        state, known = official(call), max(len(basis.described), call.selection.shortlist)
        self.criteria = {name: _weigh(self._label("criteria", name), w) for name, w in state.criterion_weights.items()}
        self.raters = {name: _weigh(self._label("raters", name), w) for name, w in state.rater_weights.items()}
        self.shortlist = _count(say(wording, "control.shortlist"), state.shortlist, known)
        self.choose = _count(say(wording, "control.choose"), state.choose, known)
        self.method = widgets.RadioButtons(
            options=[(say(wording, f"method.{name}"), name) for name in METHODS],
            description=say(wording, "control.method"),
        )
        self.constraints = {name: _switch(self._name_constraint(call, name)) for name in constraint_ids(call)}
        self.filters = {name: self._filter(name, groups) for name, groups in _list_groups(basis).items()}
        self._silent = False
        self.show(state)
        for control in self._varied():
            control.disabled = not basis.can_rank
        for control in self.all():
            control.observe(self._tell, "value")

    def all(self) -> list[Control]:
        """Return every control, in the order of the page."""
        return [*self._varied(), *self.filters.values()]

    def _varied(self) -> list[Control]:
        several = (self.criteria, self.raters, self.constraints)
        return [*(one for group in several for one in group.values()), self.shortlist, self.choose, self.method]

    def read(self, name: str) -> Scenario:
        """Return the state of the controls as a scenario of this name."""
        return Scenario(
            name,
            {key: float(control.value) for key, control in self.criteria.items()},
            {key: float(control.value) for key, control in self.raters.items()},
            int(self.shortlist.value),
            int(self.choose.value),
            frozenset(key for key, control in self.constraints.items() if control.value),
            self.method.value,
            Filters(**{key: frozenset(control.value) for key, control in self.filters.items()}),
        )

    def show(self, scenario: Scenario) -> None:
        """Set the controls to a scenario, and tell of it once."""
        with self._quietly():
            for controls, weights in (
                (self.criteria, scenario.criterion_weights),
                (self.raters, scenario.rater_weights),
            ):
                for key, weight in weights.items():
                    controls[key].max = max(controls[key].max, weight)
                    controls[key].value = weight
            for control, size in ((self.shortlist, scenario.shortlist), (self.choose, scenario.choose)):
                control.max = max(control.max, size)
                control.value = size
            for key, control in self.constraints.items():
                control.value = key in scenario.constraints
            self.method.value = scenario.method
            for key, control in self.filters.items():
                kept = vars(scenario.filters)[key]
                control.value = tuple(value for _, value in control.options if value in kept)

    def watch(self, changed: Callable[[], None]) -> None:
        """Let this be called after every change of a control."""
        self._changed = changed

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        self._silent = True
        try:
            yield
        finally:
            self._silent = False
        self._tell(None)

    def _tell(self, _: object) -> None:
        if self._changed and not self._silent:
            self._changed()

    def page(self) -> widgets.VBox:
        """Return the column of all controls, in groups with a heading."""
        note = widgets.HTML(f'<p class="oproep-notice">{escape(say(self._words, "control.filters_note"))}</p>')
        groups = {
            "sizes": [self.shortlist, self.choose, self.method],
            "criteria": list(self.criteria.values()),
            "constraints": list(self.constraints.values()),
            "raters": list(self.raters.values()),
            "filters": [note, *self.filters.values()],
        }
        boxes = [
            make_group(say(self._words, f"group.{name}"), children) for name, children in groups.items() if children
        ]
        return _classed(widgets.VBox(boxes), "oproep-controls")

    def _label(self, section: str, name: str) -> str:
        return self._words.label(section, name)

    def _name_constraint(self, call: Call, name: str) -> str:
        caps = {cap.id for cap in call.selection.caps}
        return self._label("caps" if name in caps else "quotas", name)

    def _filter(self, name: str, groups: Iterable[str]) -> widgets.SelectMultiple:
        dimension = GROUPS[FILTERS[name]]
        options = [(label_group(dimension, group, self._words), group) for group in groups]
        label = say(self._words, f"control.{name}")
        return widgets.SelectMultiple(options=options, description=label, rows=min(max(len(options), 1), TALLEST))


def make_group(heading: str, children: Iterable[widgets.Widget]) -> widgets.VBox:
    """Return widgets below a heading, which the script of the page makes the name of the group."""
    return _classed(widgets.VBox([widgets.HTML(f"<h3>{escape(heading)}</h3>"), *children]), "oproep-group")


def _classed(widget: widgets.VBox, name: str) -> widgets.VBox:
    widget.add_class(name)
    return widget


def _list_groups(basis: Basis) -> dict[str, list[str]]:
    """Return the groups of each filter: those of the call, and the provinces that ideas come from."""
    described = basis.described
    return {
        "categories": list(basis.call.ids("categories")),
        "kinds": list(basis.call.ids("actor_kinds")),
        "provinces": sorted(set(described["province"].dropna())),
        "scales": [group for group in FIXED_GROUPS["scale"] if group in set(described["scale"])],
    }


def _weigh(label: str, weight: float) -> widgets.FloatSlider:
    most = max(LEAST_WEIGHT, math.ceil(2 * weight))
    return widgets.FloatSlider(weight, min=0, max=most, step=0.05, readout_format=".2f", description=label)


def _count(label: str, size: int, most: int) -> widgets.IntSlider:
    return widgets.IntSlider(size, min=1, max=most, description=label)


def _switch(label: str) -> widgets.Checkbox:
    return widgets.Checkbox(True, description=label, indent=False)
