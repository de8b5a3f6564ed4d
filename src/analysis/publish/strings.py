"""Texts as strings of Typst and CSS, which nothing in them can end, and the places where a long word may break."""

from __future__ import annotations

import re
from itertools import pairwise

SPACE = re.compile(r"[ \t\n\r\f]+")  # the white space of HTML: a no-break space is none of it
# Control characters, halves of characters and non-characters, which HTML and XML forbid, and the embeddings, overrides
# and isolates of writing direction, which Unicode (UTR 20, "not suitable for use with markup") leaves to the markup:
# one of them that is never closed would turn round what follows. The marks for right-to-left stay.
FORBIDDEN = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
LONG_WORD = 14  # letters that fit the narrowest column of a table
UNBROKEN = 40  # letters beyond which hyphenation finds no place for a break
PIECE = 12
BREAK = "#h(0.001pt);"  # a line may end here, and no reader copies it; Typst ignores a space of no width


def clean(text: str) -> str:
    """Return a text without the characters that no document may hold; each kind of line end becomes a line feed."""
    if text.isprintable():  # as all names and most texts: none of those characters is
        return text
    return FORBIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def css_string(text: str) -> str:
    """Return `text` as a CSS string literal that nothing in it can end, nor the style element around it."""
    return '"' + "".join(_css_character(character) for character in clean(text)) + '"'


def _css_character(character: str) -> str:
    # The space ends the number, and is no part of the text.
    return character if character.isprintable() and character not in "\"'\\<>&" else f"\\{ord(character):x} "


def typst_string(text: str) -> str:
    """Return `text` as a Typst string literal, without the characters that no document may hold."""
    return '"' + clean(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def typst_text(text: str) -> str:
    """Return a text as strings; outer spaces stay markup, where Typst joins them to their neighbours."""
    words = [word for word in SPACE.split(text) if word]
    if not words:
        return " " if text else ""
    inner = BREAK.join(f"#{typst_string(piece)};" for piece in _pieces(" ".join(words)))
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
