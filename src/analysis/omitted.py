"""What an answer does not say, and why, in plain words: for its reader, and for whoever delivers the data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from analysis.blocks import bullets, heading
from analysis.declarations import Language
from analysis.material import Block, Material
from analysis.omissions import PARTS
from analysis.wording import Wording, read_texts

PREFIX = "omissions."


def write_omissions(material: Material) -> Iterator[Block]:
    """Yield each part that was left out with what is wanting for it; nothing where nothing was left out."""
    left = _read_omissions(material.wording)
    if not left:
        return
    yield heading(2, material.plain("omissions.heading"), "omissions")
    yield material.say("omissions.lead")
    yield bullets(
        material.wording.html(
            "answer.omissions.item",
            part=material.plain(f"omissions.parts.{part}"),
            wants=material.wording.join([material.plain(f"omissions.wants.{want}") for want in wanting]),
            instead=material.plain(f"omissions.instead.{part}") if part in _with_substitute() else "",
        )
        for part, wanting in left.items()
    )


def say_omissions(found: Mapping[str, Sequence[str]], language: Language) -> Iterator[str]:
    """Yield a line for each part that is left out, as `omissions.find_omissions` returned them."""
    texts = read_texts(language)["answer"]["omissions"]
    for part, wanting in found.items():
        wants = ", ".join(str(texts["wants"][want]) for want in wanting)
        instead = f"; {texts['instead'][part]}" if part in _with_substitute() else ""
        yield f"{texts['parts'][part]}: {wants}{instead}"


def _read_omissions(wording: Wording) -> dict[str, list[str]]:
    """Return what is wanting by part that was left out, in the order of the parts, from the indicators."""
    left: dict[str, list[str]] = {}
    for part in PARTS:
        named = [f"{PREFIX}{part.id}.{need}" for need in part.needs]
        wanting = [name.rpartition(".")[2] for name in named if name in wording.values]
        if wanting:
            left[part.id] = wanting
    return left


def _with_substitute() -> set[str]:
    return {part.id for part in PARTS if part.instead}
