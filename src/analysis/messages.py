"""What the command line says, in the language of its user: English sentences, and the Dutch ones in their place.

The code says everything in English. Where its user reads Dutch, each sentence is looked up among the templates of
`texts/nl/messages.yml` as it is shown; one that is not found there stays English. Nothing is loaded until then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Literal

from analysis.faults import SHOWN_FAULTS, Fault

Language = Literal["nl", "en"]  # as in declarations, which takes longer to load
Section = Literal["place", "part", "line", "help"]

VARIABLE = "OPROEP_LANGUAGE"
OF_SYSTEM = ("LC_ALL", "LC_MESSAGES", "LANG")  # the order in which POSIX reads them
OPEN = re.compile(r"\{(\d+)(!?)\}")
# What stands between quotation marks was delivered: no sentence is looked for in it.
QUOTED = re.compile(r"""(?<!\w)(['"])(?:\\.|(?!\1).)*?\1(?!\w)|“[^”]*”""", re.DOTALL)
HIDDEN = 0xF0000  # the first of the code points for private use, each of which stands for one quotation
# A template with fewer letters, in all or before what is put in, tells little: that must then be single words.
FEWEST_LETTERS, FEWEST_BEFORE = 7, 5
SHAPE = re.compile(r"(?P<place>.*?): found (?P<found>.*); expected (?P<expected>.*)\.", re.DOTALL)


def choose_language(environment: Mapping[str, str]) -> Language:
    """Return the language of the user: as OPROEP_LANGUAGE says, or else the locale; English where that is not Dutch."""
    told = next(filter(None, (environment.get(name, "") for name in (VARIABLE, *OF_SYSTEM))), "")
    return "nl" if re.match(r"nl(?![a-z])", told.lower()) else "en"


def say_fault(fault: Fault, language: Language) -> str:
    """Return a fault as one sentence."""
    if language == "en":
        return str(fault)
    known = catalogue(language)
    place = known.say(fault.place, "place")
    found, expected = (known.say(part, "part") for part in (fault.found, fault.expected))
    return f"{place}: gevonden: {found}; verwacht: {expected}."


def say_faults(faults: Sequence[Fault], language: Language) -> list[str]:
    """Return the faults, one a line; beyond the first fifty only their number, as InputError.message does."""
    hidden = len(faults) - SHOWN_FAULTS
    rest = [say(f"... and {hidden} more.", language)] if hidden > 0 else []
    return [*(say_fault(fault, language) for fault in faults[:SHOWN_FAULTS]), *rest]


def say(text: str, language: Language, section: Section = "line") -> str:
    """Return a text as the user is to read it, line by line; faults that stand in it as sentences too."""
    if language == "en":
        return text
    return "\n".join(_say_line(line, language, section) for line in text.split("\n"))


def read_faults(text: str) -> list[Fault]:
    """Return the faults in the message of a refusal that came as text, such as that of a notebook."""
    found = (SHAPE.fullmatch(line) for line in text.split("\n"))
    return [Fault(one["place"], one["found"], one["expected"]) for one in found if one]


def _say_line(line: str, language: Language, section: Section) -> str:
    body = line.strip(" -")
    start, _, end = line.partition(body) if body else (line, "", "")
    known = catalogue(language)
    if section == "line" and "  " in body:
        return start + known.say_columns(body) + end
    said = known.find(body, section)
    if said is None and section == "line":
        faults = read_faults(body)
        said = say_fault(faults[0], language) if faults else None
    return start + (body if said is None else said) + end


@dataclass(frozen=True)
class Template:
    """A sentence with places for what is put into it, and the same sentence in another language.

    {1} is put in as it is; where the other language has {1!}, it is a message itself, and said in that language.
    """

    source: str
    target: str

    @property
    def literals(self) -> list[str]:
        """Return what stands between the places."""
        return [_unescape(piece) for piece in OPEN.split(self.source)[::3]]

    @property
    def letters(self) -> int:
        """Return how many letters the template has of itself."""
        return sum(letter.isalpha() for literal in self.literals for letter in literal)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Return what matches the sentences of this form; the places become groups in their order."""
        telling = self.letters >= FEWEST_LETTERS or len(self.literals[0]) >= FEWEST_BEFORE
        place = "(.*?)" if telling else r"(\S+)"
        return re.compile(place.join(map(re.escape, self.literals)), re.DOTALL)

    @cached_property
    def quoted(self) -> bool:
        """Return whether quotation marks stand in the sentence itself."""
        return bool(QUOTED.search(self.source))

    def match(self, text: str) -> Sequence[str] | None:
        """Return what is put into the sentence that a text is, or None where it is another one."""
        if not all(literal in text for literal in self.literals):
            return None
        found = self.pattern.fullmatch(text)
        return found.groups() if found else None


class Catalogue:
    """All templates of a language."""

    def __init__(self, sections: Mapping[str, Mapping[str, str]], language: Language = "nl") -> None:
        """Take the templates by section, the wordiest first: of two that match, it tells the most."""
        self.language = language
        self.sections = {
            section: sorted((Template(*one) for one in texts.items()), key=lambda one: (-one.letters, one.source))
            for section, texts in sections.items()
        }
        self.whole = {section: dict(texts) for section, texts in sections.items()}

    def say(self, text: str, section: Section) -> str:
        """Return a text in this language, or as it is where no template fits it."""
        found = self.find(text, section)
        return text if found is None else found

    def find(self, text: str, section: Section) -> str | None:
        """Return a text in this language, or None where no template fits it, nor a part of a place between commas."""
        whole = self.whole.get(section, {}).get(text)
        if whole is not None:
            return _unescape(whole)
        masked, quotations = _mask(text)
        for template in self.sections.get(section, ()):
            given = template.match(text if template.quoted else masked)
            if given is not None:
                return self._fill(template, [_unmask(part, quotations) for part in given], section)
        return self.say_pieces(text, section) if section == "place" and ", " in masked else None

    def say_pieces(self, text: str, section: Section) -> str:
        """Return a text of which each part between commas is in this language, as far as templates fit them."""
        masked, quotations = _mask(text)
        pieces = [_unmask(piece, quotations) for piece in masked.split(", ")]
        return ", ".join(self.say(piece, section) for piece in pieces) if len(pieces) > 1 else text

    def say_columns(self, line: str) -> str:
        """Return a line of columns in this language, each as wide as before where it is not longer now."""
        said = ""
        for column, gap in re.findall(r"(\S+(?: \S+)*)( *)", line):
            own = self.say_within(column, "line")
            said += own.ljust(len(column) + len(gap) - 2) + "  " if len(gap) > 1 else own + gap
        return said

    def say_within(self, text: str, section: Section) -> str:
        """Return a text that stands within another in this language."""
        found = self.find(text, section)
        if found is None and section == "line":
            faults = read_faults(text)
            return say_fault(faults[0], self.language) if faults else self.say_pieces(text, section)
        return text if found is None else found

    def _fill(self, template: Template, given: Sequence[str], section: Section) -> str:
        pieces = OPEN.split(template.target)
        order = {number: place for place, (number, _) in enumerate(OPEN.findall(template.source))}
        said = _unescape(pieces[0])
        for number, worded, literal in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
            part = given[order[number]]
            said += (self.say_within(part, section) if worded else part) + _unescape(literal)
        return said


@cache
def catalogue(language: Language) -> Catalogue:
    """Return the templates of a language."""
    import yaml  # not before there is something to say in another language than that of the code

    text = (files("analysis") / "texts" / language / "messages.yml").read_text("utf-8")
    return Catalogue(yaml.load(text, yaml.CSafeLoader), language)


def _mask(text: str) -> tuple[str, list[str]]:
    quotations: list[str] = []

    def hide(found: re.Match[str]) -> str:
        quotations.append(found[0])
        return chr(HIDDEN + len(quotations) - 1)

    return QUOTED.sub(hide, text), quotations


def _unmask(text: str, quotations: Iterable[str]) -> str:
    for number, quotation in enumerate(quotations):
        text = text.replace(chr(HIDDEN + number), quotation)
    return text


def _unescape(text: str) -> str:
    return text.replace("{{", "{").replace("}}", "}")
