"""Drafts of the rules with fitted parameters."""

import pytest

from services.ladder.core.churn import Params
from services.ladder.core.rules import Money, RulesError, load
from services.ladder.estimates.draft import draft
from tests.make import RULES_TOML

TEXT = RULES_TOML.read_text("utf-8")
PARAMS = Params(0.61784, 8.65696, 0.551525, 1.00906)
MONEY = Money(4.68345, 4.18978, 24.3906)


def test_a_draft_is_the_rules_with_other_parameters() -> None:
    """Version, parameters and a note change; thresholds and comments stay."""
    drafted = draft(TEXT, PARAMS, MONEY, "to the purchases of 9 people")
    rules = load(drafted)
    assert rules.version == load(TEXT).version + 1
    assert rules.churn.params == PARAMS
    assert Money(rules.value.p, rules.value.q, rules.value.gamma) == MONEY
    changed = {line for line in drafted.splitlines() if line not in TEXT.splitlines()}
    assert len(changed) == 1 + 4 + 3 + 1  # the note is the same twice
    assert draft(drafted, PARAMS, MONEY, "again").count("# Fitted") == 2


def test_money_that_was_not_fitted_stays() -> None:
    """What is in force of Gamma-Gamma is kept."""
    assert load(draft(TEXT, PARAMS, None, "")).value == load(TEXT).value


def test_rules_without_a_section_of_value_get_one() -> None:
    """Rules written before there was one go on working."""
    older = TEXT[: TEXT.index("[value]")]
    assert load(older).digest == load(TEXT).digest
    assert load(draft(older, PARAMS, MONEY, "")).value.gamma == MONEY.gamma


def test_rules_written_another_way_are_refused() -> None:
    """A draft that does not say what was fitted is not written."""
    begin, end = TEXT.index("[churn]"), TEXT.index("[value]")
    inline = (
        "churn = { r = 1.0, alpha = 1.0, a = 1.0, b = 1.0, horizon_days = 182, risk_at = 0.5, silence_at = 0.2, "
        "risk_floor_days = 28, silence_floor_days = 90 }\n"
    )
    with pytest.raises(RulesError, match="not written as a table"):
        draft(inline + TEXT[:begin] + TEXT[end:], PARAMS, None, "")
