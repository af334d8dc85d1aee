"""The core and the oracle asked the same questions, their answers in the same form."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cache

from services.ladder.core import fold
from services.ladder.core.decide import Change, DeadlineCause
from services.ladder.core.explain import Explanation, explain
from services.ladder.core.referrals import credit_of
from services.ladder.core.rules import Rules, load
from services.ladder.core.standing import Standing
from shared import instants
from shared.events import (
    Credit,
    Fact,
    Naming,
    PhaseName,
    ReferralCredited,
    ReferralMade,
    ReferralNamed,
    derived_id,
)
from tests import oracle
from tests.make import RULES_TOML
from tests.oracle import Announced, Cause, Shop, Told, Visible
from tests.unit.core.told import Ladder

Seen = dict[str, object]
"""A standing as one can see it, of converted friends their number."""


@cache
def rules_of(shop: Shop) -> Rules:
    """The rules as shipped, in this shop."""
    return load(RULES_TOML.read_bytes(), exponent=shop.exponent, time_zone=shop.zone)


# -- standings ---------------------------------------------------------------------------------------------------


def standing_by_oracle(facts: Sequence[Told], at: int, shop: Shop) -> Seen | None:
    """The standing at an instant as the oracle sees it."""
    standing = oracle.standing_at(facts, at, shop)
    if standing is None:
        return None
    return seen(standing) | {"fall": oracle.fall_after(facts, at, shop), "chances": oracle.chances_at(facts, at, shop)}


def standing_by_core(facts: Sequence[Told], at: int, shop: Shop) -> Seen | None:
    """The standing at an instant as the core sees it."""
    standing = fold.as_of(oracle.without_repeats(facts), rules_of(shop), at)
    return None if standing is None else explained(standing, at, shop) | foretold(standing, at, shop)


def seen(standing: Visible) -> Seen:
    """The oracle's standing in the form compared."""
    return {**standing._asdict(), "converted": len(standing.converted)}


def explained(standing: Standing, at: int, shop: Shop) -> Seen:
    """The core's standing in the form compared, read from its explanation."""
    told = explain(standing, at, rules_of(shop))
    churn, totals = told.churn, told.totals
    return {
        "rung": told.rung.number,
        "rung_since": instants.parse(told.rung.since),
        "phase": told.phase.phase,
        "stage": told.phase.stage,
        "phase_since": instants.parse(told.phase.since),
        "because": told.phase.because,
        "risk_at": _instant(churn.risk_at if churn else None),
        "silence_at": _instant(churn.silence_at if churn else None),
        "risk_raised": churn is not None and churn.risk_raised,
        "purchases": totals.purchases,
        "purchase_days": totals.purchase_days,
        "spent": _minor(totals.spent, shop),
        "refunded": _minor(totals.refunded, shop),
        "first_purchase_at": _instant(totals.first_purchase_at),
        "last_purchase_at": _instant(totals.last_purchase_at),
        "made": told.referrals.made,
        "converted": told.referrals.converted,
        "danger": _danger(told, standing, at),
        "otherwise": told.override.otherwise if told.override else told.rung.number,
        "by_hand": told.override.id if told.override else None,
    }


def _danger(told: Explanation, standing: Standing, at: int) -> tuple[int, int] | None:
    if standing.override is not None and standing.override.holds(standing.rung_by_rules):
        return None
    if told.falls is None or instants.parse(told.falls.at) - oracle.WARNING > at:
        return None
    return told.falls.to, instants.parse(told.falls.at)


def foretold(standing: Standing, at: int, shop: Shop) -> Seen:
    """What the core says of the time to come if nothing more is heard."""
    told = explain(standing, at, rules_of(shop))
    fall = None if told.falls is None else (told.falls.to, instants.parse(told.falls.at))
    chances = None if told.churn is None else (told.churn.chance_after_last_purchase, told.churn.chance_now)
    return {"fall": fall, "chances": chances}


def _instant(text: str | None) -> int | None:
    return None if text is None else instants.parse(text)


def _minor(text: str, shop: Shop) -> int:
    return int(Decimal(text) * 10**shop.exponent)


# -- announcements -----------------------------------------------------------------------------------------------


def told_by_oracle(arrivals: Sequence[Told | int], until: int, shop: Shop) -> list[Announced]:
    """What the oracle announces."""
    return comparable(oracle.told(arrivals, until, shop))


def told_by_core(arrivals: Sequence[Told | int], until: int, shop: Shop) -> list[Announced]:
    """What the core announces; an instant among the facts is a sweep."""
    ladder = Ladder(rules_of(shop))
    for arrival in (*arrivals, until):
        if isinstance(arrival, int):
            ladder.sweep(arrival)
        else:
            ladder.learn(arrival)
    return comparable(_announced(change) for change in ladder.changes)


def comparable(announced: Iterable[Announced]) -> list[Announced]:
    """In the order of time; several of one instant in any order."""
    return sorted(announced, key=lambda one: (one.at, repr(one)))


def _announced(change: Change) -> Announced:
    return Announced(change.type, change.at, _place(change.from_), _place(change.to), _cause(change))


def _place(place: int | PhaseName | str | None) -> object:
    return (place.phase, place.stage) if isinstance(place, PhaseName) else place


def _cause(change: Change) -> Cause:
    cause = change.cause
    if isinstance(cause, DeadlineCause):
        return ("deadline", cause.name, cause.at)
    return ("fact", cause.fact, cause.source)


# -- several people ----------------------------------------------------------------------------------------------


def ladder_by_oracle(facts: Sequence[Fact], at: int, shop: Shop) -> dict[str, Seen]:
    """Everybody's standing as the oracle sees it."""
    return {person: seen(standing) for person, standing in oracle.ladder_of(facts, at, shop).items()}


def ladder_by_core(facts: Sequence[Fact], at: int, shop: Shop) -> dict[str, Seen]:
    """Everybody's standing as the core sees it, the friends' sides deciding on the credits."""
    people = {fact.subject for fact in facts}
    referred = {fact.data.referee for fact in facts if isinstance(fact, ReferralMade) and fact.data.referee}
    credits_ = [credit for friend in referred for credit in credited(friend, facts, shop)]
    own: dict[str, list[Told]] = {person: [fact for fact in facts if fact.subject == person] for person in people}
    for credit in credits_:
        own[credit.subject].append(credit)
    standings = {person: fold.as_of(own[person], rules_of(shop), at) for person in people}
    return {person: explained(standing, at, shop) for person, standing in standings.items() if standing is not None}


def credited(friend: str, facts: Sequence[Fact], shop: Shop) -> list[ReferralCredited]:
    """What the friend's side sends to the one who referred them, if anybody is credited."""
    namings = [
        _naming(fact, friend) for fact in facts if isinstance(fact, ReferralMade) and fact.data.referee == friend
    ]
    found = credit_of(friend, [fact for fact in facts if fact.subject == friend], namings, rules_of(shop))
    if found is None:
        return []
    maker, purchase = found
    data = Credit(friend=friend, converted=purchase, cause=purchase, version=1)
    name = derived_id("referral.credited", maker, friend, "1")
    return [ReferralCredited(id=name, source="ladder", subject=maker, time=purchase.at, data=data)]


def _naming(made: ReferralMade, friend: str) -> ReferralNamed:
    data = Naming(maker=made.subject, at=made.time, id=made.id, source=made.source)
    name = f"{made.source} {made.id} of {made.subject}"
    return ReferralNamed(id=name, source="ladder", subject=friend, time=made.time, data=data)
