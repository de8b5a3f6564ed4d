"""Texts in the reader's language: templates from `texts/<language>/`, with numbers taken from indicators only."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Literal

import yaml
from babel.dates import format_date, get_month_names
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent
from jinja2 import Environment, StrictUndefined
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup
from num2words import num2words

from analysis.call import Call
from analysis.declarations import Language
from analysis.documents import Checked

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
    "month_short": format_month_short,
}


@cache
def read_texts(language: Language) -> dict[str, Any]:
    """Return all templates of a language, nested as in its files, each file under its own name."""
    folder = files("analysis") / "texts" / language
    found = {path.name: path for path in folder.iterdir() if path.name.endswith(".yml")}
    return {name.removesuffix(".yml"): yaml.safe_load(found[name].read_text("utf-8")) for name in sorted(found)}


class Sourced(float):
    """A number with the place that it stands in, `table.column`; what is computed from it is a plain number."""

    origin: str

    def __new__(cls, value: float, origin: str) -> Sourced:
        """Return the number with its place."""
        number = super().__new__(cls, value)
        number.origin = origin
        return number


class SourcedDay(date):
    """A day with the place that it stands in, `table.column`."""

    origin: str

    @classmethod
    def of(cls, day: date, origin: str) -> SourcedDay:
        """Return the day with its place."""
        placed = cls(day.year, day.month, day.day)
        placed.origin = origin
        return placed


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

    In a template `{{ count("id") }}`, `number`, `euro`, `millions`, `percent`, `day` and `month` show an indicator;
    `has("id")` and `value("id")` give it for conditions; the same names are filters for table cells: `{{ x|percent }}`.
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

    def plain(self, key: str, **context: Any) -> str:
        """Return the text at a dotted key as plain text; raise KeyError for an unknown key or indicator."""
        return self._render(self._environments[False], self._template(key), context)

    def html(self, key: str, **context: Any) -> Markup:
        """Return the text at a dotted key as escaped HTML in which each indicator links to its origin."""
        return Markup(self._render(self._environments[True], self._template(key), context))

    def html_of(self, template: str, **context: Any) -> Markup:
        """Return a text that the call itself declares, rendered as `html` does."""
        return Markup(self._render(self._environments[True], template, context))

    def keys(self, key: str) -> list[str]:
        """Return the keys below a dotted key, in the order of the file."""
        return list(self._find(key))

    def label(self, section: str, key: str) -> str:
        """Return a label of the call, or of the fixed groups in the texts (`reach`, `scale`, `maturity` ...)."""
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
        self.columns[origin] = None
        return mark_column(origin, value, self.format(name, value, **options))

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

    def _render(self, environment: Environment, template: str, context: dict[str, Any]) -> str:
        return environment.from_string(template).render(**context).strip()

    @cached_property
    def _environments(self) -> dict[bool, Environment]:
        return {linked: self._environment(linked) for linked in (False, True)}

    def _environment(self, linked: bool) -> Environment:
        environment = _Sandbox(
            autoescape=linked, undefined=StrictUndefined, trim_blocks=True, extensions=[_Words] if linked else []
        )
        for name, formatter in FORMATS.items():
            environment.filters[name] = self._filter(formatter, linked)
            environment.globals[name] = self._shower(formatter, linked)
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

    def _filter(self, formatter: Callable[..., str], linked: bool) -> Callable[..., str]:
        def show(value: Any, **options: Any) -> str:
            text = formatter(value, self.language, **options)
            if not linked or not isinstance(value, Sourced | SourcedDay):
                return text
            self.columns[value.origin] = None
            return mark_column(value.origin, value, text)

        return show

    def _shower(self, formatter: Callable[..., str], linked: bool) -> Callable[..., str]:
        def show(name: str, *, capital: bool = False, **options: Any) -> str:
            value = self._value(name)
            text = formatter(value, self.language, **options)
            shown = open_with_capital(text) if capital else text
            if not linked:
                return shown
            self.shown[name] = None
            return link_origin(name, value, shown)

        return show


def open_with_capital(text: str) -> str:
    """Return the text with its first letter as a capital; the rest, which may hold names, stays as it is.

    Dutch writes Eén, without an accent on the capital.
    """
    return "Eén" + text[3:] if text.startswith("één") else text[:1].upper() + text[1:]


def link_origin(name: str, value: float | date, shown: str) -> Markup:
    """Return a shown number as a `data` element inside a link to the row that tells its origin."""
    link = '<a class="origin" href="#origin-{0}"><data value="{1}" data-indicator="{0}">{2}</data></a>'
    return Markup(link).format(name, _for_machines(value), shown)


def mark_column(origin: str, value: float | date, shown: str) -> Markup:
    """Return a shown number as a `data` element with the `table.column` that it stands in."""
    return Markup('<data value="{}" data-column="{}">{}</data>').format(_for_machines(value), origin, shown)


def _for_machines(value: float | date) -> str:
    return value.isoformat() if isinstance(value, date) else format(float(value), ".12g")
