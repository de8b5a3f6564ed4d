"""Texts as Typst strings, which nothing in them can end, and the places where a long word may break."""

from __future__ import annotations

import re
from itertools import pairwise

SPACE = re.compile(r"[ \t\n\r\f]+")  # the white space of HTML: a no-break space is none of it
FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
LONG_WORD = 14  # letters that fit the narrowest column of a table
UNBROKEN = 40  # letters beyond which hyphenation finds no place for a break
PIECE = 12


def typst_string(text: str) -> str:
    """Return `text` as a Typst string literal, without the control characters that no document may hold."""
    clean = FORBIDDEN.sub("", text)
    return '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + '"'


def typst_text(text: str) -> str:
    """Return a text as strings; outer spaces stay markup, where Typst joins them to their neighbours."""
    words = [word for word in SPACE.split(text) if word]
    if not words:
        return " " if text else ""
    inner = "#h(0pt);".join(f"#{typst_string(piece)};" for piece in _pieces(" ".join(words)))
    return f"{' ' if SPACE.match(text) else ''}{inner}{' ' if SPACE.match(text[-1]) else ''}"


def typst_language(code: str) -> str:
    """Return a language code such as `nl-BE` as arguments of Typst's text function."""
    language, *subtags = code.split("-")
    region = next((subtag for subtag in subtags if re.fullmatch("[A-Z]{2}", subtag)), "")
    return f"lang: {typst_string(language)}, region: {typst_string(region) if region else 'none'}"


def _pieces(text: str) -> list[str]:
    """Cut a text where a long key, address or unbroken word may continue on the next line."""
    places = {0, len(text)}
    for word in re.finditer(rf"[^ ]{{{LONG_WORD},}}", text):
        if re.search(r"[^\W\d]", word[0]):
            places |= {word.start() + mark.end() for mark in re.finditer(r"[._/@:](?=\w)", word[0])}
    for word in re.finditer(rf"[^ ]{{{UNBROKEN},}}", text):
        places |= set(range(word.start(), word.end(), PIECE))
    cuts = sorted(places)
    return [text[start:end] for start, end in pairwise(cuts)]
