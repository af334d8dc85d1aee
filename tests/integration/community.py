"""People who buy and refer each other, and the ways in which their facts may arrive."""

from random import Random

import msgspec

from shared import events
from tests import oracle
from tests.unit.core.fates import BY_OTHERS, KINDS, Life

SOCIAL = ("purchase",) * 4 + ("referral", "referral", "refund", "voiced", "rated", "joined", "served", "complained")


def community(seed: int, people: int = 12, facts_each: int = 12) -> list[events.Fact]:
    """The facts of people who know each other, in the order of time; nothing is said twice."""
    random = Random(seed)
    names = [f"p{number}" for number in range(people)]
    told: list[events.Fact] = []
    for name in names:
        life = Life(random.choice)
        life.kinds = random.choice((SOCIAL, SOCIAL, tuple(kind for kind in KINDS[0] if kind not in BY_OTHERS)))
        facts = [fact for fact in life.facts(facts_each) if oracle.is_own(fact)]
        told += [_own(fact, name, number, random.choice(names)) for number, fact in enumerate(facts)]
    return sorted(told, key=lambda fact: (fact.at, fact.id))


def _own(fact: events.Fact, person: str, number: int, friend: str) -> events.Fact:
    mine: events.Fact = msgspec.structs.replace(fact, subject=person, id=f"{fact.id}-{person}-{number}")
    if isinstance(mine, events.ReferralMade):
        mine = msgspec.structs.replace(mine, data=events.Referral(referee=friend))
    return mine


def arrivals(facts: list[events.Fact], seed: int, *, late: float, twice: float) -> list[events.Fact]:
    """The facts as they arrive: a share of them later than their time, a share of them once more at any time."""
    random = Random(seed)
    places = [
        (place + random.random() * len(facts) * (random.random() < late), fact) for place, fact in enumerate(facts)
    ]
    places += [(random.random() * len(facts), fact) for fact in facts if random.random() < twice]
    return [fact for _, fact in sorted(places, key=lambda entry: entry[0])]
