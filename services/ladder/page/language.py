"""The words of the pages, and how numbers, money and times are written, in the reader's language."""

import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers
from fastapi import Request

from shared import instants

LANGUAGES: Final = ("en", "de")
"""The first is for readers who ask for neither."""
COOKIE: Final = "language"
_WORDS: Final = Path(__file__).with_name("words")


class Language:
    """One language; call it with a key for its words, `{name}` filled in from the arguments."""

    def __init__(self, code: str, words: Mapping[str, str], zone: ZoneInfo) -> None:
        """`zone`: the time zone in which times are told."""
        self.code = code
        self._words = words
        self._zone = zone
        self._locale = Locale.parse(code)

    def __call__(self, key: str, **values: object) -> str:
        """The words; KeyError where there are none."""
        words = self._words[key]
        return words.format(**values) if values else words

    def name(self, kind: str, key: object) -> str:
        """What something is called; its own key where nobody thought of words for it."""
        return self._words.get(f"{kind}.{key}", str(key))

    def count(self, key: str, n: int, **values: object) -> str:
        """Words that count something; `{n}` is filled in as a number."""
        return self(f"{key}.{'one' if n == 1 else 'other'}", n=self.number(n), **values)

    def number(self, value: float | Decimal) -> str:
        """A number with the language's separators."""
        return numbers.format_decimal(value, locale=self._locale)

    def rounded(self, value: float) -> str:
        """A number without the digits that nobody reads on an axis."""
        return self.number(round(value, 2 if value < 10 else 0))

    def percent(self, share: float, digits: int = 0) -> str:
        """A share of 1 in percent."""
        pattern = f"0.{'0' * digits} %" if digits else "0 %"
        return numbers.format_percent(round(share, 2 + digits), pattern, self._locale)

    def money(self, amount: str | Decimal, currency: str) -> str:
        """An amount in major units."""
        return numbers.format_currency(Decimal(amount), currency, locale=self._locale)

    def day(self, at: int | str) -> str:
        """The date of an instant, or of its RFC 3339 text, in the shop's time zone."""
        return dates.format_date(self._local(at), "medium", self._locale)

    def moment(self, at: int | str) -> str:
        """Date and time of an instant, or of its RFC 3339 text, in the shop's time zone."""
        return dates.format_datetime(self._local(at), "medium", locale=self._locale)

    def _local(self, at: int | str) -> Any:
        instant = instants.parse(at) if isinstance(at, str) else at
        try:
            return instants.to_datetime(instant).astimezone(self._zone)
        except OverflowError:  # the first and the last day that calendars know
            return instants.to_datetime(instant)


@cache
def language(code: str, zone: str) -> Language:
    """The language with times in this zone (IANA name)."""
    return Language(code, words(code), ZoneInfo(zone))


@cache
def words(code: str) -> dict[str, str]:
    """All words of a language by their keys, joined with dots."""
    return dict(_flat(tomllib.loads((_WORDS / f"{code}.toml").read_text("utf-8"))))


def _flat(tree: Mapping[str, Any], place: str = "") -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        if isinstance(value, str):
            yield f"{place}{key}", value
        else:
            yield from _flat(value, f"{place}{key}.")


def chosen(request: Request) -> str:
    """The language of the switch, else the one chosen before, else what the browser prefers."""
    for told in (request.query_params.get("language"), request.cookies.get(COOKIE)):
        if told in LANGUAGES:
            return str(told)
    return preferred(request.headers.get("accept-language", ""))


def preferred(header: str) -> str:
    """The language that an `Accept-Language` (RFC 9110, section 12.5.4) likes best, of ours."""
    liked = {code: _quality(header, code) for code in LANGUAGES}
    return max(LANGUAGES, key=lambda code: liked[code])


def _quality(header: str, code: str) -> float:
    qualities = [0.0]
    for part in header.split(","):
        tag, _, parameter = part.partition(";")
        if tag.strip().lower().partition("-")[0] == code:
            qualities.append(_q(parameter))
    return max(qualities)


def _q(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    try:
        return min(1.0, max(0.0, float(value))) if name == "q" else 1.0
    except ValueError:
        return 0.0
