"""The CDNOW sample as the models see it."""

from collections import defaultdict
from datetime import date
from functools import cache

from services.ladder.estimates.history import Days, Sample, purchase_days
from shared.events import PurchaseCompleted
from tests.cdnow import cdnow_purchases
from tests.make import rules

HORIZON_DAYS = 182


def day_number(iso: str) -> int:
    """Days since 1970-01-01."""
    return (date.fromisoformat(iso) - date(1970, 1, 1)).days


@cache
def people() -> dict[str, Days]:
    """Everybody's purchase days."""
    facts: defaultdict[str, list[PurchaseCompleted]] = defaultdict(list)
    for fact in cdnow_purchases():
        facts[fact.subject].append(fact)
    return {person: purchase_days(theirs, rules()) for person, theirs in facts.items()}


@cache
def sample(until: str) -> Sample:
    """Everybody up to a day; 1997-09-30 is the end of the published 39 weeks."""
    made = Sample(day_number(until), day_number(until) - HORIZON_DAYS)
    for days in people().values():
        made.add(days)
    return made
