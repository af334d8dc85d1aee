"""An announcement put together from pieces is what its type would be encoded to."""

import msgspec
import pytest

from services.ladder.announce import announce
from services.ladder.core.decide import Cause, Change, DeadlineCause, FactCause
from shared import events
from shared.events import PhaseName

AT = 1_700_000_000_000_000
FACT = FactCause('o"1', "shöp")
LEAD, GROWTH = PhaseName(phase="initiation", stage="lead"), PhaseName(phase="active", stage="growth")


@pytest.mark.parametrize("historical", [False, True])
@pytest.mark.parametrize(
    "change",
    [
        Change("rung.promoted", AT, FACT, None, 1, 1, "initiation", "lead"),
        Change("rung.demoted", AT, DeadlineCause("rung_lapsed", AT), 5, 4, 4, "active", "growth"),
        Change("phase.changed", AT + 1, FACT, LEAD, GROWTH, 3, "active", "growth"),
        Change("churn.risk_raised", AT, DeadlineCause("churn_risk", AT), GROWTH, LEAD, 3, "active", "growth"),
        Change("referral.converted", AT, FACT, None, "c\u20132", 3, "active", "growth"),
    ],
    ids=lambda change: change.type,
)
def test_pieces_make_the_message(change: Change, historical: bool) -> None:
    """Read as its type and encoded again, the message says the same, field by field."""
    message_id, told, data = announce('c"1', change, AT + 2, historical=historical)
    message = msgspec.json.decode(told, type=events.Announcement)
    assert msgspec.json.decode(events.encode(message)) == msgspec.json.decode(told)
    assert message.id == message_id
    assert message.subject == 'c"1'
    assert msgspec.json.decode(data) == msgspec.json.decode(told)["data"]
    assert _cause(change.cause) == message.data.cause
    assert (message.data.historical is True) is historical


def _cause(cause: Cause) -> dict[str, str]:
    if isinstance(cause, FactCause):
        return events.fact_cause(cause.fact, cause.source)
    return events.deadline_cause(cause.name, cause.at)
