"""What comes next, as the answer tells it: pilots that may be scaled up, what a service costs, and all other ideas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
from markupsafe import Markup

from analysis import plots
from analysis.blocks import Html, bullets, table
from analysis.declarations import CONDITIONS, MERGED, FollowUp
from analysis.figures import order_groups, quote
from analysis.followup import THEMES
from analysis.material import NO_VALUE, Block, Material


def say_verdict(material: Material) -> Html:
    """Return whether any project may be scaled up, and which ones where their titles were released."""
    scaling = material.find("scaling", "title", "verdict")
    approved = [] if scaling is None else scaling.loc[scaling["verdict"] == "approved", "title"]
    return material.say("scaling_up.verdict", names=material.wording.join([quote(title) for title in approved]))


def show_verdicts(material: Material) -> Iterator[Block]:
    """Yield the verdict on every pilot with what it lacks, where that was released."""
    scaling = material.find("scaling", "title", "verdict", "lacking", "unknown")
    if scaling is None:
        return
    rows = [
        [row.title, material.plain(f"scaling_up.verdicts.{row.verdict}"), _say_lacking(material, row)]
        for row in scaling.itertuples()
    ]
    names = list(material.headings("scaling_up.scaling_headings").values())
    yield table(material.plain("scaling_up.scaling_caption"), names, rows)


def _say_lacking(material: Material, row: Any) -> str:
    names = {key: _name_conditions(material, getattr(row, key)) for key in ("lacking", "unknown")}
    parts = [material.plain(f"scaling_up.lacks.{key}", conditions=said) for key, said in names.items() if said]
    return "; ".join(parts) or NO_VALUE


def _name_conditions(material: Material, ids: object) -> str:
    named = str(ids).split() if pd.notna(ids) else []
    return material.wording.join(
        [material.plain(f"scaling_up.conditions.{name}") for name in CONDITIONS if name in named]
    )


def write_services(material: Material) -> Iterator[Block]:
    """Yield what the approved services cost and who pays for them, municipality by municipality where released."""
    yield material.say("money.scaling_up", model=say_model(material))
    services, shares = material.find("services", "title"), material.find("cost_shares", "proposal")
    if services is None:
        return
    yield _table_of_services(material, services)
    if shares is None:
        return
    for service in services[services["proposal"].isin(shares["proposal"])].itertuples():
        yield plots.cost_shares(shares, service.proposal, service.title, material.wording)
        yield _table_of_shares(material, shares[shares["proposal"] == service.proposal], service.title)


def say_model(material: Material) -> Markup:
    """Return how the call shares costs, in words; nothing where it declares no way to."""
    sharing = material.call.cost_sharing
    if sharing is None:
        return Markup("")
    models = {model: material.wording.html(f"answer.money.models.{model}") for model in sharing.shares}
    if not sharing.mix:
        return models[sharing.model]  # type: ignore[index]
    return material.wording.join_markup(
        material.wording.html("answer.money.mix", part_id=f"call.cost_sharing.mix.{model}", model=name)
        for model, name in models.items()
    )


def _table_of_services(material: Material, services: pd.DataFrame) -> Html:
    columns = ["yearly_cost", "municipalities", "population", "lowest", "highest", "break_even", "above"]
    rows = [
        [row["title"], *(material.cell("number", row[column], f"services.{column}") for column in columns)]
        for row in services.to_dict("records")
    ]
    names = list(material.headings("money.services_headings").values())
    return table(material.plain("money.services_caption"), names, rows, numeric=range(1, len(columns) + 1))


def _table_of_shares(material: Material, shares: pd.DataFrame, title: str) -> Html:
    rows = [
        [
            row.municipality,
            *(material.cell("number", getattr(row, name), f"cost_shares.{name}") for name in ("population", "euro")),
        ]
        for row in shares.sort_values("municipality").itertuples()
    ]
    names = list(material.headings("money.shares_headings").values())
    return table(material.plain("money.shares_caption", title=title), names, rows, numeric=(1, 2))


def write_paths(material: Material) -> Iterator[Block]:
    """Yield which forms of support there are, by which rules an idea comes to one, and how many ideas each takes."""
    sizes = material.find("path_sizes")
    if sizes is None:
        return
    yield material.say("not_selected.paths", merged_id=f"evaluation.path.{MERGED}")
    yield bullets(_describe_path(material, path) for path in material.call.paths)
    yield material.say("not_selected.rules", **_describe_rules(material))
    yield plots.paths(sizes, material.wording)
    follow_up = material.find("follow_up", "proposal", "title")
    if follow_up is not None:
        yield _table_of_follow_up(material, follow_up)


def _describe_path(material: Material, path: FollowUp) -> Markup:
    language = material.wording.language
    return material.wording.html(
        "answer.not_selected.path",
        name=path.label.in_language(language),
        description=path.description.in_language(language),
        path_id=f"evaluation.path.{path.id}",
        themes=_list_themes(material, path),
    )


def _list_themes(material: Material, path: FollowUp) -> Markup:
    """Return how many ideas each theme of a path takes, as a running list, largest first; nothing where none does."""
    themes = material.find("path_themes")
    if themes is None or path.rule not in THEMES:
        return Markup("")
    taken = themes[(themes["path"] == path.id) & (themes["proposals"] > 0)]
    items = [
        material.wording.html_of(
            "{{ label(section, theme)|lower }} ({{ number(name) }})",
            section=THEMES[path.rule], theme=theme, name=f"follow_up.theme.{path.id}.{theme}",
        )
        for theme in order_groups(taken, "theme")["theme"]
    ]  # fmt: skip
    return material.wording.join_markup(items)


def _describe_rules(material: Material) -> dict[str, Any]:
    """Return the name of the path of each rule that the call has, and the indicators of the bounds of its groups."""
    language = material.wording.language
    paths = {path.rule: path for path in material.call.paths}
    names = {
        f"by_{rule}": paths[rule].label.in_language(language) if rule in paths else ""
        for rule in ("umbrella", "similar", "immature", "other")
    }
    groups = paths.get("similar")
    return names | {
        f"{key}_id": f"call.paths.{groups.id}.{key}" if groups else "" for key in ("floor", "fewest", "most")
    }


def _table_of_follow_up(material: Material, follow_up: pd.DataFrame) -> Html:
    wording, chosen = material.wording, material.find("chosen", "proposal", "title")
    titles = {} if chosen is None else dict(zip(chosen["proposal"], chosen["title"], strict=True))
    sections = {path.id: THEMES.get(path.rule) for path in material.call.paths}
    rows = [
        [
            f"{row.proposal} {row.title}",
            wording.label("paths", row.path),
            NO_VALUE if pd.isna(row.pilot) else f"{row.pilot} {titles.get(row.pilot, '')}".strip(),
            material.cell("number", row.similarity, "follow_up.similarity", decimals=2),
            NO_VALUE if pd.isna(row.theme) else wording.label(sections[row.path] or "", row.theme),
            material.plain("not_selected.manual", reason=row.reason) if row.manual else NO_VALUE,
        ]
        for row in follow_up.itertuples()
    ]
    names = list(material.headings("not_selected.headings").values())
    return table(material.plain("not_selected.caption"), names, rows, numeric=(3,))
