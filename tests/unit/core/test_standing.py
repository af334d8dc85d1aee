"""The standing in storage."""

import msgspec
import pytest
from hypothesis import given

from services.ladder.core import fold
from services.ladder.core.facts import Known
from services.ladder.core.standing import PHASE_OF, Stage, decode, due_at, encode
from tests.make import day, fact, purchase, rules
from tests.unit.core.lives import lives
from tests.unit.core.told import stand


@given(lives())
def test_comes_back_from_storage_as_it_was(facts: list[Known]) -> None:
    """What is read is what was written."""
    standing = fold.refold(facts, rules())
    assert standing is not None
    assert decode(encode(standing)) == standing


def test_what_is_no_standing_is_refused() -> None:
    """Bytes of another make are an error, not a standing."""
    with pytest.raises(msgspec.ValidationError):
        decode(msgspec.msgpack.encode(["something else"]))


def test_due() -> None:
    """Somebody merely known waits for nothing, a buyer for the risk."""
    assert due_at(stand(fact("contact.identified", day(0)), at=day(0))) is None
    bought = stand(purchase(day(0)), at=day(0))
    assert due_at(bought) == bought.risk_at


def test_evolve_leaves_what_was_untouched() -> None:
    """A step makes a new standing; the one before it stays as it was."""
    before = stand(purchase(day(0)), at=day(0))
    stored = encode(before)
    for more in (purchase(day(1)), fact("contact.engaged", day(1), kind="opened"), fact("contact.complained", day(1))):
        fold.step(before, more, rules())
    fold.sweep(before, day(2_000), rules())
    assert encode(before) == stored


def test_every_stage_has_its_phase() -> None:
    """No stage is forgotten."""
    assert set(PHASE_OF) == set(Stage)
