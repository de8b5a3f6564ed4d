"""YAML files read into checked objects, with every fault at its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args
from unicodedata import normalize

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, ValidationInfo, field_validator

from analysis.faults import Fault, InputError

Location = tuple[str | int, ...]
Document = TypeVar("Document", bound="Checked")
MOST_VALUES, MOST_LEVELS = 100_000, 50  # far beyond any call; aliases can unfold a few lines to billions of values
LARGEST_INTEGER = 2**53 - 1  # beyond it floating-point numbers skip some
LONGEST_SHOWN = 200


@dataclass(frozen=True)
class Finding:
    """A fault inside a document: the keys that lead to it, what was found, what was expected."""

    where: Location
    found: str
    expected: str


class Checked(BaseModel):
    """A frozen object that refuses unknown keys, values of another type, and numbers without end."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _is_neither_stray_flag_nor_too_large(cls, value: Any, info: ValidationInfo) -> Any:
        kind = cls.model_fields[info.field_name or ""].annotation
        if isinstance(value, bool) and bool not in (kind, *get_args(kind)):
            raise ValueError("no true or false (YAML reads yes and no as these; quotes keep them a text)")
        if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
            raise ValueError(f"a number of at most {LARGEST_INTEGER}")
        return value

    @classmethod
    def cross_check(cls, sections: dict[str, Any]) -> Iterator[Finding]:
        """Yield the findings between sections; a section that is itself at fault is not among `sections`."""
        del sections  # a document without sections that depend on each other has nothing to add
        yield from ()


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file; raise InputError if it cannot be read or is in another encoding.

    Letters with accents come composed (Unicode NFC), so that texts that look the same are the same.
    """
    try:
        return normalize("NFC", path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise InputError([Fault(str(path), "no such file", "a file of this name")]) from None
    except OSError as error:
        raise InputError([Fault(str(path), f"no readable file ({error.strerror})", "a file of this name")]) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        found = f"the byte 0x{error.object[error.start]:02x}, which is not UTF-8"
        raise InputError([Fault(f"{path}, line {line}", found, "a file saved as UTF-8")]) from None


def read_document(path: Path, model: type[Document]) -> Document:
    """Read a YAML file into `model`; raise InputError naming file, line and key of every fault."""
    content, lines, faults = _parse(path)
    document: Document | None = None
    try:
        document = model.model_validate(content)
    except ValidationError as error:
        details = _details(error, lines)
        faults += [_place(path, lines, _finding(detail)) for detail in details]
        content = _without_unknown_keys(content, details)
    faults += [_place(path, lines, finding) for finding in model.cross_check(_valid_sections(model, content))]
    if faults or document is None:
        raise InputError(faults)
    return document


class _Loader(yaml.CSafeLoader):
    """Reads every key as the text that it is, and leaves what looks like a day or number but is none as text."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, KeyError, AttributeError):
            return node.value  # such as 2024-02-30: the model then refuses it at its key, with all other faults

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                key.tag = "tag:yaml.org,2002:str"
        return super().construct_mapping(node, deep)


def _parse(path: Path) -> tuple[Any, dict[Location, int], list[Fault]]:
    """Return the content of a YAML file, the line of every key and item, and a fault for every repeated key."""
    text = read_text(path)
    try:
        # Events come one by one, whereas the loader would go down with its stack.
        if _count_levels(text) > MOST_LEVELS:
            raise InputError([_endless(path)])
        loader = _Loader(text)
        root = loader.get_single_node()
        lines, faults = _key_lines(path, root)
        return loader.construct_document(root) if root else None, lines, faults
    except yaml.YAMLError as error:
        raise InputError([_syntax_fault(path, error)]) from None
    except RecursionError:
        raise InputError([_endless(path)]) from None


def _count_levels(text: str) -> int:
    """Return how deep lists and mappings are nested in each other, as far as that is not more than is allowed."""
    steps = {yaml.SequenceStartEvent: 1, yaml.MappingStartEvent: 1, yaml.SequenceEndEvent: -1, yaml.MappingEndEvent: -1}
    depth = deepest = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += steps.get(type(event), 0)
        deepest = max(deepest, depth)
        if deepest > MOST_LEVELS:
            break
    return deepest


def _endless(path: Path) -> Fault:
    expected = f"at most {MOST_LEVELS} levels and {MOST_VALUES} values"
    return Fault(str(path), "values nested too deep, or aliases that unfold too far", expected)


def _details(error: ValidationError, lines: Mapping[Location, int]) -> list[dict[str, Any]]:
    """Return what pydantic found, but for lists too short only because their faulty items do not count."""
    details: list[dict[str, Any]] = [dict(detail) for detail in error.errors()]
    for detail in details:
        detail["loc"] = _keys_alone(detail["loc"], lines)
    return [d for d in details if d["type"] != "too_short" or len(d["input"]) < d["ctx"]["min_length"]]


def _keys_alone(where: Location, lines: Mapping[Location, int]) -> Location:
    """Drop the types, such as tuple[str], that pydantic puts between the keys and positions of a place."""
    keys: Location = ()
    for part in where:
        if (*keys, part) in lines or "[" not in str(part):
            keys = (*keys, part)
    return keys


def _without_unknown_keys(content: Any, details: list[dict[str, Any]]) -> Any:
    """Drop the keys that were refused, so that the section that they stand in can still be cross-checked."""
    for detail in details:
        if detail["type"] == "extra_forbidden":
            parent = content
            for part in detail["loc"][:-1]:
                parent = parent[part]
            parent.pop(detail["loc"][-1], None)
    return content


def _valid_sections(model: type[Checked], content: Any) -> dict[str, Any]:
    """Return each section of the document that is valid by itself.

    Of a section that is at fault, what is valid in it is kept, with None for the rest, so that it is compared too.
    """
    sections: dict[str, Any] = {}
    if not isinstance(content, dict):
        return sections
    for name, field in model.model_fields.items():
        given = content.get(name, field.get_default(call_default_factory=True))
        try:
            sections[name] = TypeAdapter[Any](field.annotation or Any).validate_python(given)
        except ValidationError:
            if isinstance(field.annotation, type) and issubclass(field.annotation, Checked) and given is not None:
                sections[name] = _valid_part(field.annotation, given)
    return sections


def _valid_part(model: type[Checked], given: Any) -> Checked:
    known = _valid_sections(model, given)
    return model.model_construct(**{name: known.get(name) for name in model.model_fields})


def _syntax_fault(path: Path, error: yaml.YAMLError) -> Fault:
    mark = getattr(error, "problem_mark", None)
    place = f"{path}, line {mark.line + 1}" if mark else str(path)
    problem = getattr(error, "problem", None) or "no further detail"
    return Fault(place, f"text that is not YAML ({problem})", "valid YAML")


def _key_lines(path: Path, root: yaml.Node | None) -> tuple[dict[Location, int], list[Fault]]:
    """Return the line of every key and item, and a fault for every repeated key, of which YAML would keep the last."""
    lines: dict[Location, int] = {}
    faults: list[Fault] = []
    waiting: list[tuple[Location, yaml.Node]] = [((), root)] if root else []
    while waiting:
        where, node = waiting.pop()
        if len(where) > MOST_LEVELS or len(lines) + len(faults) > MOST_VALUES:
            raise InputError([_endless(path)])
        if isinstance(node, yaml.MappingNode):
            seen: set[Location] = set()
            for key, value in node.value:
                inner = (*where, str(key.value))
                if inner in seen:
                    place = f"{path}, line {key.start_mark.line + 1}, {_dotted(inner)}"
                    faults.append(Fault(place, "a key that stands here twice", "each key once"))
                seen.add(inner)
                lines[inner] = key.start_mark.line + 1
                waiting.append((inner, value))
        elif isinstance(node, yaml.SequenceNode):
            for position, value in enumerate(node.value):
                lines[(*where, position)] = value.start_mark.line + 1
                waiting.append(((*where, position), value))
    return lines, faults


def _dotted(where: Location) -> str:
    return ".".join(str(part) for part in where)


def _shown(value: Any) -> str:
    """Return a value as it could stand in the file, a long one cut off."""
    if isinstance(value, str):
        text = repr(value)
    else:
        text = yaml.safe_dump(value, default_flow_style=True, width=float("inf"), sort_keys=False, allow_unicode=True)
        text = text.removesuffix("...\n").strip()
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "..."


def _finding(detail: dict[str, Any]) -> Finding:
    """Turn one pydantic error into a finding in our own words."""
    where: Location = detail["loc"]
    if detail["type"] == "extra_forbidden":
        return Finding(where, "an unknown key", "only keys that this file's format has")
    if detail["type"] == "missing":
        return Finding(where, "no such key", "a value, for it is required")
    if detail["type"] == "model_type":
        return Finding(where, _shown(detail["input"]), "keys with their values")
    expected = detail["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    return Finding(where, _shown(detail["input"]), expected)


def _place(path: Path, lines: dict[Location, int], finding: Finding) -> Fault:
    """Give a finding its file, line and key."""
    where = finding.where
    known = next((where[:end] for end in range(len(where), 0, -1) if where[:end] in lines), ())
    line = f", line {lines[known]}" if known else ""
    key = f", {_dotted(where)}" if where else ""
    return Fault(f"{path}{line}{key}", finding.found, finding.expected)
