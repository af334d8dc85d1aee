"""The words of the page, and how numbers and times are written."""

import re
from pathlib import Path

import pytest

from services.ladder.core.rules import MARKED
from services.ladder.core.standing import RUNGS, Because, Phase, Stage
from services.ladder.feed import ALL_TYPES
from services.ladder.page import language
from services.ladder.page.frame import environment
from shared import events
from shared.instants import parse
from tests.make import rules

PAGE = Path(language.__file__).parent
ENGLISH, GERMAN = language.words("en"), language.words("de")


def test_both_languages_have_the_same_words() -> None:
    """Neither has a key that the other lacks, and what is filled in has the same names."""
    assert ENGLISH.keys() == GERMAN.keys()
    assert {key: _filled(words) for key, words in ENGLISH.items()} == {key: _filled(GERMAN[key]) for key in GERMAN}


def test_no_word_is_empty() -> None:
    """Everything says something."""
    assert all(words.strip() for words in (*ENGLISH.values(), *GERMAN.values()))


@pytest.mark.parametrize("words", [ENGLISH, GERMAN])
def test_whatever_the_ladder_says_has_a_word(words: dict[str, str]) -> None:
    """Rungs, phases, stages, reasons, measures, announcements, facts, and every name in the rules."""
    named = {f"rung.{key}" for key in RUNGS} | {f"because.{each}" for each in Because}
    named |= {f"phase.{each}" for each in Phase} | {f"stage.{each}" for each in Stage}
    named |= {f"measure.{each}.other" for each in (*MARKED, "purchases", "spend", "membership")}
    named |= {f"announcement.{type_}" for type_ in ALL_TYPES}
    named |= {f"fact.{events.type_of(kind)}" for kind in events.FACT_TYPES}
    named |= {f"rule.{name}" for part in ("phases", "churn", "value", "measures") for name in rules().document[part]}
    assert named <= words.keys()


def test_every_word_that_a_page_asks_for_is_there() -> None:
    """Of the keys that templates name in full."""
    asked = {
        key
        for template in environment().list_templates()
        for key in re.findall(r"\bt\('([a-z_.0-9]+)'[,)]", (PAGE / "templates" / template).read_text("utf-8"))
    }
    assert len(asked) > 50
    assert asked <= ENGLISH.keys()


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,en;q=0.8", "de"),
        ("fr,en;q=0.5,de;q=0.7", "de"),
        ("en-GB,de;q=0.9", "en"),
        ("de;q=0", "en"),
        ("de;q=nonsense", "en"),
        (",;=;q,de;q=inf", "de"),
    ],
)
def test_the_browser_says_what_its_reader_prefers(header: str, expected: str) -> None:
    """By quality; whatever cannot be read is passed over."""
    assert language.preferred(header) == expected


def test_numbers_and_times_are_written_as_the_language_does() -> None:
    """Separators, currency and dates; an instant is told in the shop's time zone."""
    german, english = language.language("de", "Europe/Berlin"), language.language("en", "UTC")
    assert (german.number(12345.5), english.number(12345.5)) == ("12.345,5", "12,345.5")
    assert german.money("1234.50", "EUR") == "1.234,50\xa0€"
    assert english.percent(0.375, 1) == "37.5 %"
    assert german.day(parse("2024-03-31T22:30:00Z")) == "01.04.2024"
    assert english.day("0001-01-01T00:00:00Z") == "Jan 1, 1"
    assert language.language("de", "America/New_York").day("0001-01-01T00:00:00Z") == "01.01.1"


def test_what_has_no_word_is_called_by_its_own_name() -> None:
    """A later ladder may announce what this page does not know yet."""
    assert language.language("de", "UTC").name("announcement", "rung.repainted") == "rung.repainted"


def _filled(words: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", words))
