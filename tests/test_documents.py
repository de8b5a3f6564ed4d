"""YAML files: every fault at its line and key, and no file, however odd, brings another error than InputError."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field, model_validator

from analysis.documents import Checked, Finding, read_document, read_text

Refusal = Callable[[Callable[[], object]], list[str]]
UNFOLDING = "box.yml: found values nested too deep, or aliases that unfold too far; expected at most 50 levels and 100000 values."


class Lid(Checked):
    colour: str
    hinges: int = 2

    @model_validator(mode="after")
    def _is_held(self) -> Lid:
        if self.hinges == 0:
            raise ValueError("a hinge at least")
        return self


class Box(Checked):
    name: str
    made: date | None = None
    sealed: bool = False
    weight: float = 1.0
    size: Annotated[int, Field(ge=1)] = 1
    tags: tuple[str, ...] | int = ()
    lids: tuple[Lid, ...] = Field(default=(), min_length=1)
    notes: dict[str, str] = Field(default_factory=dict)

    @classmethod
    def cross_check(cls, sections: dict[str, Any]) -> Iterator[Finding]:
        for position, lid in enumerate(sections.get("lids", ())):
            if lid.colour == sections.get("name"):
                yield Finding(("lids", position, "colour"), repr(lid.colour), "another colour than the name")


class Plain(Checked):
    first: int
    second: int


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str | bytes], Box]:
    def write_and_read(content: str | bytes) -> Box:
        path = tmp_path / "box.yml"
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return read_document(path, Box)

    return write_and_read


Read = Callable[[str | bytes], Box]


def test_a_valid_file_becomes_the_object(read: Read) -> None:
    box = read("name: crate\nmade: 2024-02-29\nlids:\n  - {colour: red}\n  - {colour: blue, hinges: 3}\n")
    assert box == Box(name="crate", made=date(2024, 2, 29), lids=(Lid(colour="red"), Lid(colour="blue", hinges=3)))


def test_what_was_read_cannot_be_changed(read: Read) -> None:
    with pytest.raises(ValueError, match="frozen"):
        read("name: crate").name = "other"


def test_a_file_that_needs_no_cross_check_is_read(tmp_path: Path) -> None:
    (tmp_path / "plain.yml").write_text("first: 1\nsecond: 2\n")
    assert read_document(tmp_path / "plain.yml", Plain) == Plain(first=1, second=2)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (
            "name: a\nsixe: 3\n",
            "box.yml, line 2, sixe: found an unknown key; expected only keys that this file's format has.",
        ),
        (
            "name: a\nlids:\n  - colour: red\n    hinge: 3\n",
            "box.yml, line 4, lids.0.hinge: found an unknown key; expected only keys that this file's format has.",
        ),
        ("size: 3\n", "box.yml, name: found no such key; expected a value, for it is required."),
        (
            "name: a\nlids:\n  - {colour: red}\n  - {hinges: 1}\n",
            "box.yml, line 4, lids.1.colour: found no such key; expected a value, for it is required.",
        ),
        ("name: a\nsize: 0\n", "box.yml, line 2, size: found 0; expected greater than or equal to 1."),
        (
            "name: a\nsize: many\n",
            "box.yml, line 2, size: found 'many'; expected a valid integer, unable to parse string as an integer.",
        ),
        (
            "name: a\nsize: 3.5\n",
            "box.yml, line 2, size: found 3.5; expected a valid integer, got a number with a fractional part.",
        ),
        ("name:\n", "box.yml, line 1, name: found null; expected a valid string."),
        ("name: [a, b]\n", "box.yml, line 1, name: found [a, b]; expected a valid string."),
        ("name: a\nlids: {colour: red}\n", "box.yml, line 2, lids: found {colour: red}; expected a valid tuple."),
        ("name: a\nlids: [red]\n", "box.yml, line 2, lids.0: found 'red'; expected keys with their values."),
        (
            "name: a\nlids: []\n",
            "box.yml, line 2, lids: found []; expected Tuple should have at least 1 item after validation, not 0.",
        ),
        (
            "name: a\nlids:\n- {colour: b, hinges: 0}\n",
            "box.yml, line 3, lids.0: found {colour: b, hinges: 0}; expected a hinge at least.",
        ),
        (
            "name: a\nlids:\n- {colour: a}\n",
            "box.yml, line 3, lids.0.colour: found 'a'; expected another colour than the name.",
        ),
        (
            "name: a\nsize: 2\nname: b\n",
            "box.yml, line 3, name: found a key that stands here twice; expected each key once.",
        ),
        (
            "name: a\nlids:\n- {colour: b, hinges: 1, hinges: 2}\n",
            "box.yml, line 3, lids.0.hinges: found a key that stands here twice; expected each key once.",
        ),
        ("", "box.yml: found null; expected keys with their values."),
        ("# nothing but this\n", "box.yml: found null; expected keys with their values."),
        ("- a\n- b\n", "box.yml: found [a, b]; expected keys with their values."),
        ("crate\n", "box.yml: found 'crate'; expected keys with their values."),
        (
            "name: a\na[b]: c\n",
            "box.yml, line 2, a[b]: found an unknown key; expected only keys that this file's format has.",
        ),
        ("name: a\nnotes: {'b[0]': 3}\n", "box.yml, line 2, notes.b[0]: found 3; expected a valid string."),
        (
            "name: a\n1: b\n",
            "box.yml, line 2, 1: found an unknown key; expected only keys that this file's format has.",
        ),
        (
            "name: a\nNO: b\n",
            "box.yml, line 2, NO: found an unknown key; expected only keys that this file's format has.",
        ),
    ],
)
def test_a_fault_is_named_with_file_line_key_found_and_expected(
    read: Read, refusal: Refusal, content: str, fault: str
) -> None:
    assert refusal(lambda: read(content)) == [fault]


def test_all_faults_of_a_file_are_named_at_once_and_sound_sections_are_still_compared(
    read: Read, refusal: Refusal
) -> None:
    content = "name: red\nsize: 0\nsize: -1\nlids:\n  - {colour: blue, hinge: 1}\n  - {colour: red}\nextra: 1\n"
    assert refusal(lambda: read(content)) == [
        "box.yml, line 3, size: found a key that stands here twice; expected each key once.",
        "box.yml, line 3, size: found -1; expected greater than or equal to 1.",
        "box.yml, line 5, lids.0.hinge: found an unknown key; expected only keys that this file's format has.",
        "box.yml, line 7, extra: found an unknown key; expected only keys that this file's format has.",
        "box.yml, line 6, lids.1.colour: found 'red'; expected another colour than the name.",
    ]


def test_a_fault_in_the_only_item_does_not_make_the_list_too_short(read: Read, refusal: Refusal) -> None:
    assert refusal(lambda: read("name: a\nlids:\n  - {colour: 3}\n")) == [
        "box.yml, line 3, lids.0.colour: found 3; expected a valid string."
    ]


def test_the_names_of_types_are_no_keys(read: Read, refusal: Refusal) -> None:
    assert refusal(lambda: read("name: a\ntags:\n  - b\n  - 3\n"))[0] == (
        "box.yml, line 4, tags.1: found 3; expected a valid string."
    )


def test_a_list_that_is_too_short_is_refused_beside_faulty_items(read: Read, refusal: Refusal) -> None:
    assert refusal(lambda: read("name: 3\nlids: []\n")) == [
        "box.yml, line 1, name: found 3; expected a valid string.",
        "box.yml, line 2, lids: found []; expected Tuple should have at least 1 item after validation, not 0.",
    ]


def test_a_long_value_is_cut_off(read: Read, refusal: Refusal) -> None:
    (line,) = refusal(lambda: read("name: a\nsize: " + "x" * 5000))
    assert line.startswith("box.yml, line 2, size: found 'xxx")
    assert len(line) < 350


@pytest.mark.parametrize(
    ("content", "place", "problem"),
    [
        ("name: a\nlids: [\n", "box.yml, line 3", "did not find expected node content"),
        ("name: a\n\tsize: 1\n", "box.yml, line 2", "found a tab character that violates indentation"),
        ("name: *other\n", "box.yml, line 1", "found undefined alias"),
        ("name: a\n---\nname: b\n", "box.yml, line 2", "but found another document"),
        ("name: a\n[b]: c\n", "box.yml, line 2", "found unhashable key"),
        ("name: !!python/object:os.system x\n", "box.yml, line 1", "could not determine a constructor for the tag"),
        ("name: a\nlids: !!map x\n", "box.yml, line 2", "expected a mapping node, but found scalar"),
        ("name: a\x00b\n", "box.yml", "no further detail"),
    ],
)
def test_text_that_is_not_yaml_is_named_with_its_line(
    read: Read, refusal: Refusal, content: str, place: str, problem: str
) -> None:
    (line,) = refusal(lambda: read(content))
    assert line.startswith(f"{place}: found text that is not YAML ({problem}")
    assert line.endswith("; expected valid YAML.")


@pytest.mark.parametrize(
    "content",
    [
        "&a [*a]",
        "&a {name: *a}",
        "a: &a [x, x]\n"
        + "".join(f"{b}: &{b} [{', '.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefghi", "bcdefghij", strict=True)),
        "a: &a {x: 1}\n"
        + "".join(
            f"{b}: &{b} {{x: *{a}, x: *{a}}}\n"
            for a, b in zip("abcdefghijklmnopqrs", "bcdefghijklmnopqrst", strict=True)
        ),
        "a: &a {x: 1}\n"
        + "".join(
            f"{b}: &{b} {{<<: [{', '.join(['*' + a] * 9)}]}}\n" for a, b in zip("abcdefghi", "bcdefghij", strict=True)
        ),
        "[" * 200_000 + "]" * 200_000,
        "{a: " * 60 + "1" + "}" * 60,
    ],
    ids=["list in itself", "mapping in itself", "unfolding lists", "repeated keys", "merged keys", "deep", "too deep"],
)
def test_a_file_that_unfolds_without_end_is_refused_at_once(read: Read, refusal: Refusal, content: str) -> None:
    assert refusal(lambda: read(content)) == [UNFOLDING]


def test_an_alias_stands_for_what_it_names(read: Read) -> None:
    box = read("name: a\nlids:\n  - &lid {colour: red, hinges: 3}\n  - *lid\n  - {<<: *lid, colour: blue}\n")
    assert [(lid.colour, lid.hinges) for lid in box.lids] == [("red", 3), ("red", 3), ("blue", 3)]


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        (
            "made: 2024-02-30",
            "made: found '2024-02-30'; expected a valid date or datetime, day value is outside expected range.",
        ),
        (
            "made: 2024-13-01",
            (
                "made: found '2024-13-01'; "
                "expected a valid date or datetime, month value is outside expected range of 1-12."
            ),
        ),
        ("made: !!timestamp soon", "made: found 'soon'; expected a valid date or datetime, input is too short."),
        ("size: !!int many", "size: found 'many'; expected a valid integer, unable to parse string as an integer."),
        ("size: 0b_", "size: found '0b_'; expected a valid integer, unable to parse string as an integer."),
        ("sealed: !!bool maybe", "sealed: found 'maybe'; expected a valid boolean, unable to interpret input."),
    ],
)
def test_what_only_looks_like_a_day_or_number_is_refused_at_its_key(
    read: Read, refusal: Refusal, written: str, fault: str
) -> None:
    assert refusal(lambda: read(f"name: a\n{written}\n")) == [f"box.yml, line 2, {fault}"]


@pytest.mark.parametrize("size", ["9007199254740992", "-9007199254740992", "9" * 400, "9" * 5000])
def test_a_whole_number_that_is_not_exact_as_a_float_is_refused(read: Read, refusal: Refusal, size: str) -> None:
    (line,) = refusal(lambda: read(f"name: a\nsize: {size}\n"))
    assert line.startswith("box.yml, line 2, size: found ")
    assert len(line) < 400


def test_the_largest_exact_whole_number_is_accepted(read: Read) -> None:
    assert read("name: a\nsize: 9007199254740991\n").size == 9007199254740991


@pytest.mark.parametrize("weight", [".inf", "-.inf", ".nan", "1.0e+400", "'inf'", "'1e400'"])
def test_a_number_without_end_is_refused(read: Read, refusal: Refusal, weight: str) -> None:
    (line,) = refusal(lambda: read(f"name: a\nweight: {weight}\n"))
    assert line.startswith("box.yml, line 2, weight: found ")
    assert line.endswith("expected a finite number.")


@pytest.mark.parametrize(("key", "flag"), [("size", "yes"), ("weight", "true"), ("made", "on"), ("tags", "off")])
def test_yes_and_no_are_neither_number_nor_day_nor_text(read: Read, refusal: Refusal, key: str, flag: str) -> None:
    lines = refusal(lambda: read(f"name: a\n{key}: {flag}\n"))
    shown = "false" if flag == "off" else "true"
    assert lines == [
        f"box.yml, line 2, {key}: found {shown}; "
        "expected no true or false (YAML reads yes and no as these; quotes keep them a text)."
    ]


def test_yes_is_a_flag_and_between_quotes_a_text(read: Read) -> None:
    box = read("name: 'NO'\nsealed: yes\n")
    assert (box.name, box.sealed) == ("NO", True)


def test_keys_are_the_text_that_was_written(read: Read) -> None:
    assert read("name: a\nnotes: {NO: b, 007: c, 2024-01-01: d}\n").notes == {"NO": "b", "007": "c", "2024-01-01": "d"}


def test_spaces_around_a_text_do_not_count(read: Read) -> None:
    assert read("name: '  a b '\n").name == "a b"


def test_accented_letters_come_composed_however_they_were_typed(read: Read) -> None:
    name = "België en één café"
    assert len(unicodedata.normalize("NFD", name)) > len(name)
    assert read(unicodedata.normalize("NFD", f"name: {name}")).name == name


def test_a_byte_order_mark_and_windows_line_ends_are_accepted(read: Read, refusal: Refusal) -> None:
    assert read(b"\xef\xbb\xbfname: a\r\nsize: 2\r\n").size == 2
    assert refusal(lambda: read(b"\xef\xbb\xbfname: a\r\nsize: 0\r\n"))[0].startswith("box.yml, line 2, size:")


def test_a_missing_file_is_named(tmp_path: Path, refusal: Refusal) -> None:
    assert refusal(lambda: read_text(tmp_path / "box.yml")) == [
        "box.yml: found no such file; expected a file of this name."
    ]


def test_a_folder_in_the_place_of_a_file_is_named(tmp_path: Path, refusal: Refusal) -> None:
    (tmp_path / "box.yml").mkdir()
    assert refusal(lambda: read_text(tmp_path / "box.yml")) == [
        "box.yml: found no readable file (Is a directory); expected a file of this name."
    ]


def test_the_line_and_byte_of_another_encoding_are_named(tmp_path: Path, refusal: Refusal) -> None:
    (tmp_path / "box.yml").write_bytes("name: a\n\nnotes: {café: x}\n".encode("latin-1"))
    assert refusal(lambda: read_text(tmp_path / "box.yml")) == [
        "box.yml, line 3: found the byte 0xe9, which is not UTF-8; expected a file saved as UTF-8."
    ]


def test_utf_16_is_refused(tmp_path: Path, refusal: Refusal) -> None:
    (tmp_path / "box.yml").write_bytes("name: a\n".encode("utf-16"))
    assert "line 1: found the byte 0xff, which is not UTF-8" in refusal(lambda: read_text(tmp_path / "box.yml"))[0]
