"""Texts in the reader's language: templates from `texts/<language>/`, with numbers taken from indicators only."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, cached_property, partial
from importlib.resources import files
from numbers import Number
from typing import Any, Literal

import pandas as pd
import yaml
from babel.dates import format_date, get_month_names
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent
from jinja2 import Environment, StrictUndefined, Template
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup
from num2words import num2words

from analysis.call import Call
from analysis.declarations import MERGED, Language
from analysis.documents import Checked
from analysis.faults import Fault, InputError

# `plain` shows words only; `linked` marks every number and links indicators, for prose; `marked` marks without links,
# for the cells of tables, where a link in every row would be one too many for who goes through the page by keyboard.
Mode = Literal["plain", "linked", "marked"]
MODES: tuple[Mode, ...] = ("plain", "linked", "marked")
LOCALES: Mapping[Language, str] = {"nl": "nl_BE", "en": "en_GB"}
IN_WORDS_UP_TO = 20  # the Dutch style guides write whole numbers up to twenty as words in running text
MILLION = 1_000_000


def format_number(value: float, language: Language, decimals: int = 0) -> str:
    """Return a number in digits with at most this many decimals, grouped as the language does: 1.234 or 1,234.

    A half is rounded away from zero, here and in the other formats.
    """
    pattern = "#,##0" + ("." + "#" * decimals if decimals else "")
    return str(format_decimal(_rounded(value, decimals), format=pattern, locale=LOCALES[language]))


def format_count(value: float, language: Language) -> str:
    """Return a whole number in words up to twenty, in digits above and for what is not whole."""
    if float(value).is_integer() and 0 <= value <= IN_WORDS_UP_TO:
        return str(num2words(int(value), lang=language))
    return format_number(value, language, decimals=1)


def format_share(value: float, language: Language, decimals: int = 0) -> str:
    """Return a share as a percentage: 0.7 gives 70%."""
    pattern = "#,##0" + ("." + "#" * decimals if decimals else "") + "%"
    return str(format_percent(_rounded(value, decimals + 2), format=pattern, locale=LOCALES[language]))


def format_euro(value: float, language: Language) -> str:
    """Return an amount in whole euro, grouped: 1.234 euro."""
    return f"{format_number(value, language)} euro"


def format_millions(value: float, language: Language) -> str:
    """Return an amount in millions of euro with at most two decimals, or in whole euro where it is below a million."""
    if abs(value) < MILLION:
        return format_euro(value, language)
    noun = {"nl": "miljoen euro", "en": "million euro"}[language]
    return f"{format_number(value / MILLION, language, decimals=2)} {noun}"


def format_day(value: date, language: Language) -> str:
    """Return a day in full: 9 september 2016."""
    return str(format_date(value, format="d MMMM y", locale=LOCALES[language]))


def format_month(value: date, language: Language) -> str:
    """Return a month in full: september 2016."""
    return f"{get_month_names('wide', locale=LOCALES[language])[value.month]} {value.year}"


def format_year(value: float | date, language: Language) -> str:
    """Return a year, or that of a day, as it is read in every language: 2016."""
    del language
    return str(value.year if isinstance(value, date) else int(value))


def format_digits(value: float, language: Language) -> str:
    """Return a whole number in digits that nothing groups, as in a code."""
    del language
    return str(int(value))


def format_month_short(value: date, language: Language) -> str:
    """Return a month for an axis: sep 2016."""
    return str(format_date(value, format="MMM y", locale=LOCALES[language])).replace(".", "")


def _rounded(value: float, decimals: int) -> Decimal:
    rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    return rounded + 0  # which turns minus zero into zero


FORMATS: Mapping[str, Callable[..., str]] = {
    "number": format_number,
    "count": format_count,
    "percent": format_share,
    "euro": format_euro,
    "millions": format_millions,
    "day": format_day,
    "month": format_month,
    "year": format_year,
    "digits": format_digits,
    "month_short": format_month_short,
}


@cache
def read_texts(language: Language) -> dict[str, Any]:
    """Return all templates of a language, nested as in its files, each file under its own name."""
    folder = files("analysis") / "texts" / language
    found = {path.name: path for path in folder.iterdir() if path.name.endswith(".yml") and path.name != "messages.yml"}
    read = {name: yaml.load(found[name].read_text("utf-8"), yaml.CSafeLoader) for name in sorted(found)}
    return {name.removesuffix(".yml"): texts for name, texts in read.items()}


class Sourced(float):
    """A number with the place that it stands in, `table.column`; what is computed from it is a plain number."""

    origin: str

    def __new__(cls, value: float, origin: str) -> Sourced:
        """Return the number with its place."""
        number = super().__new__(cls, value)
        number.origin = origin
        return number


class Stated(Sourced):
    """An indicator as a number that a text is given; `origin` is its id."""


class SourcedDay(date):
    """A day with the place that it stands in, `table.column`."""

    origin: str

    @classmethod
    def of(cls, day: date, origin: str) -> SourcedDay:
        """Return the day with its place."""
        placed = cls(day.year, day.month, day.day)
        placed.origin = origin
        return placed


def take(table: str, row: Mapping[str, Any], *columns: str) -> dict[str, Sourced | None]:
    """Return the numbers of a row by column, each with its place, for a text; None where the row holds none."""
    return {name: None if pd.isna(row[name]) else Sourced(row[name], f"{table}.{name}") for name in columns}


class _UnsourcedError(ValueError):
    """A text that is marked up shows a number or a day of which nothing tells where it stands."""


class _Sandbox(ImmutableSandboxedEnvironment):
    """Lets a text read what a call declares, and call nothing: some methods of its class read files and run code."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, Checked):
            return attr in type(obj).model_fields
        return bool(super().is_safe_attribute(obj, attr, value))


class _Words(Extension):
    """Takes what stands between the expressions of a template as words: a `<` or `&` among them is no markup."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        for token in stream:
            words = html.escape(token.value, quote=False) if token.type == "data" else token.value
            yield Token(token.lineno, token.type, words)


class Wording:
    """Renders texts about one call in one language from the values of its indicators.

    In a template `{{ count("id") }}`, `number`, `euro`, `millions`, `percent`, `day`, `month` and `year` show an
    indicator; `has("id")` and `value("id")` give it for conditions. The same names are filters for the numbers that a
    text is given: `{{ x|percent }}`. What is marked up shows only numbers with an origin: an indicator, or a value that
    is `Sourced`; any other is refused. `capital=True` opens a sentence with a number.
    `agree("id", "project", "projects")` gives the form that agrees with an indicator shown with one decimal at most,
    and `label("categories", "id")` a label of the call.
    """

    def __init__(self, language: Language, call: Call, values: Mapping[str, float | date] | None = None) -> None:
        """Bind language, call and the values of the indicators by id."""
        self.language = language
        self.call = call
        self.values = dict(values or {})
        # What HTML showed so far, in order: sets that keep it.
        self.shown: dict[str, None] = {}  # indicators
        self.columns: dict[str, None] = {}  # columns of tables, as `table.column`
        self._compiled: dict[tuple[Mode, str], Template] = {}

    def plain(self, key: str, **context: Any) -> str:
        """Return the text at a dotted key as plain text; raise KeyError for an unknown key or indicator."""
        return self._render("plain", self._template(key), key, context)

    def html(self, key: str, **context: Any) -> Markup:
        """Return the text at a dotted key as escaped HTML in which each indicator links to its origin.

        Raises ValueError where it shows a number or a day without origin: no indicator, and no value of a table that
        says where it stands (`Sourced`, `SourcedDay`), in one of the formats.
        """
        return Markup(self._render("linked", self._template(key), key, context))

    def html_of(self, template: str, **context: Any) -> Markup:
        """Return a text that the call itself declares, rendered as `html` does.

        Raises InputError where it shows a number or a day without origin.
        """
        try:
            return Markup(self._render("linked", template, template, context))
        except ValueError as error:
            raise InputError(
                [Fault("call.yml", str(error), 'number("call. ..."), or day, for what it declares')]
            ) from None

    def cell_text(self, key: str, **context: Any) -> Markup:
        """Return the text at a dotted key as `html` does, its numbers marked but not linked: for a cell of a table."""
        return Markup(self._render("marked", self._template(key), key, context))

    def keys(self, key: str) -> list[str]:
        """Return the keys below a dotted key, in the order of the file."""
        return list(self._find(key))

    def label(self, section: str, key: str) -> str:
        """Return a label of the call, or of the fixed groups in the texts (`reach`, `scale`, `maturity` ...)."""
        if key == MERGED:
            return str(read_texts(self.language)["labels"]["merged"])
        fixed = read_texts(self.language)["labels"].get(section, {})
        if key in fixed:
            return str(fixed[key])
        owners: Mapping[str, Any] = {
            "criteria": self.call.scoring,
            "raters": self.call.scoring,
            "caps": self.call.selection,
            "quotas": self.call.selection,
        }
        items = getattr(owners.get(section, self.call), section)
        return {item.id: item.label.in_language(self.language) for item in items}[key]

    def format(self, name: str, value: Any, **options: Any) -> str:
        """Return a value in one of the formats of this module."""
        return FORMATS[name](value, self.language, **options)

    def cell(self, name: str, value: float | date, origin: str, **options: Any) -> Markup:
        """Return a value in one of the formats, marked with the `table.column` that it stands in."""
        return self._mark("marked", origin, value, self.format(name, value, **options), is_indicator=False)

    def state(self, name: str) -> Stated:
        """Return an indicator, which is no day, for a text that is given numbers."""
        return Stated(float(self._value(name)), name)  # type: ignore[arg-type]

    def show(self, style: str, name: str, **options: Any) -> Markup:
        """Return an indicator in one of the formats, linked to its origin."""
        return Markup(self._show("linked", style, name, **options))

    def join(self, items: list[str], style: Literal["standard", "or"] = "standard") -> str:
        """Return items as a running list: a, b en c; in the style `or`: a, b of c."""
        return str(format_list(items, style=style, locale=LOCALES[self.language]))

    def join_markup(self, items: Iterable[Markup]) -> Markup:
        """Return marked-up pieces of prose as a running list; nothing of none."""
        return Markup(self.join([str(item) for item in items]))

    def _template(self, key: str) -> str:
        found = self._find(key)
        if not isinstance(found, str):
            raise KeyError(f"no single text {key!r} in texts/{self.language}; it holds {', '.join(found)}")
        return found

    def _find(self, key: str) -> Any:
        found: Any = read_texts(self.language)
        for part in key.split("."):
            if not isinstance(found, dict) or part not in found:
                raise KeyError(f"no text {key!r} in texts/{self.language}")
            found = found[part]
        return found

    def _render(self, mode: Mode, template: str, name: str, context: dict[str, Any]) -> str:
        try:
            return self._compile(mode, template).render(**context).strip()
        except _UnsourcedError as error:
            raise ValueError(f"{error} in the text {name!r}") from None

    def _compile(self, mode: Mode, template: str) -> Template:
        """Return a template ready to render, made once: the rows of a long table share theirs."""
        if (mode, template) not in self._compiled:
            self._compiled[mode, template] = self._environments[mode].from_string(template)
        return self._compiled[mode, template]

    @cached_property
    def _environments(self) -> dict[Mode, Environment]:
        return {mode: self._environment(mode) for mode in MODES}

    def _environment(self, mode: Mode) -> Environment:
        plain = mode == "plain"
        environment = _Sandbox(
            autoescape=not plain, undefined=StrictUndefined, trim_blocks=True, extensions=[] if plain else [_Words],
            finalize=None if plain else _refuse_bare,
        )  # fmt: skip
        for name in FORMATS:
            environment.filters[name] = partial(self._filter, mode, name)
            environment.globals[name] = partial(self._show, mode, name)
        environment.filters["join_words"] = self.join
        environment.filters["capital"] = open_with_capital
        environment.globals |= {
            "has": self.values.__contains__, "value": self._value, "label": self.label, "call": self.call,
            "say": lambda text: text.in_language(self.language), "agree": self._agree,
        }  # fmt: skip
        return environment

    def _value(self, name: str) -> float | date:
        if name not in self.values:
            raise KeyError(f"no indicator {name!r}; the text must ask has() first")
        return self.values[name]

    def _agree(self, name: str, one: str, many: str) -> str:
        value = self._value(name)
        return one if not isinstance(value, date) and _rounded(value, 1) == 1 else many

    def _filter(self, mode: Mode, style: str, value: Any, *, capital: bool = False, **options: Any) -> str:
        text = self._say(style, value, capital, options)
        if mode == "plain":
            return text
        if not isinstance(value, Sourced | SourcedDay):
            raise _refusal(value)
        return self._mark(mode, value.origin, value, text, isinstance(value, Stated))

    def _show(self, mode: Mode, style: str, name: str, *, capital: bool = False, **options: Any) -> str:
        value = self._value(name)
        text = self._say(style, value, capital, options)
        if mode == "plain":
            return text
        return self._mark(mode, name, value, text, is_indicator=True)

    def _mark(self, mode: Mode, origin: str, value: float | date, text: str, is_indicator: bool) -> Markup:
        (self.shown if is_indicator else self.columns)[origin] = None
        marked = (mark_indicator if is_indicator else mark_column)(origin, value, text)
        return link(origin, marked) if mode == "linked" else marked

    def _say(self, style: str, value: Any, capital: bool, options: Mapping[str, Any]) -> str:
        text = self.format(style, value, **options)
        return open_with_capital(text) if capital else text


def _refuse_bare(value: Any) -> Any:
    """Refuse a number or a day that a text shows without any format, and so without its origin."""
    if isinstance(value, Number | date) and not isinstance(value, bool):
        raise _refusal(value)
    return value


def _refusal(value: Any) -> _UnsourcedError:
    return _UnsourcedError(f"{value!s}, a number without origin,")


def open_with_capital(text: str) -> str:
    """Return the text with its first letter as a capital; the rest, which may hold names, stays as it is.

    Dutch writes Eén, without an accent on the capital.
    """
    return "Eén" + text[3:] if text.startswith("één") else text[:1].upper() + text[1:]


def link(origin: str, shown: Markup) -> Markup:
    """Return what is shown inside a link to the row that tells its origin."""
    return Markup('<a class="origin" href="#origin-{}">{}</a>').format(origin, shown)


def mark_indicator(name: str, value: float | date, shown: str) -> Markup:
    """Return a shown number as a `data` element with its indicator, without a link."""
    return Markup('<data value="{}" data-indicator="{}">{}</data>').format(_for_machines(value), name, shown)


def mark_column(origin: str, value: float | date, shown: str) -> Markup:
    """Return a shown number as a `data` element with the `table.column` that it stands in."""
    return Markup('<data value="{}" data-column="{}">{}</data>').format(_for_machines(value), origin, shown)


def _for_machines(value: float | date) -> str:
    return f"{value:%Y-%m-%d}" if isinstance(value, date) else format(float(value), ".12g")
