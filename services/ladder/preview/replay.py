"""One person's life told anew under other rules, as it would have been announced. No I/O."""

from collections.abc import Iterable
from typing import NamedTuple

from services.ladder.core import fold
from services.ladder.core.decide import Change
from services.ladder.core.facts import Known, instant, key
from services.ladder.core.past import Past, makes_known
from services.ladder.core.rules import Rules
from services.ladder.core.standing import Standing
from services.ladder.reading import claim_of
from shared.events import PurchaseRefunded, ReferralCredited


class Life(NamedTuple):
    """Where a person would stand, and what would have been announced on the way."""

    standing: Standing | None
    changes: list[tuple[Change, str]]
    """Each with the id of the record between lanes that brought its cause, or nothing."""


def relive(facts: Iterable[Known], rules: Rules, until: int) -> Life:
    """The facts up to `until`, in the order in which they happened, then the deadlines up to it."""
    told = sorted((fact for fact in facts if instant(fact) <= until), key=key)
    standing: Standing | None = None
    past: Past | None = None
    claims: set[str] = set()
    changes: list[tuple[Change, str]] = []
    for number, fact in enumerate(told):
        claim = claim_of(fact)
        again = claim is not None and claim in claims
        claims.update(() if claim is None else (claim,))
        if standing is None and not makes_known(fact):
            continue
        if past is not None:
            past.learn(fact)
        if again or _looks_back(fact) or (standing is None and number):
            past = past or Past(told[: number + 1], rules)
            standing, news = fold.correct(standing, past, fact, rules)
        else:
            standing, news = fold.step(standing, fact, rules)
        via = fact.id if type(fact) is ReferralCredited else ""
        changes += [(change, via) for change in news]
    if standing is not None:
        standing, news = fold.sweep(standing, until, rules)
        changes += [(change, "") for change in news]
    return Life(standing, changes)


def _looks_back(fact: Known) -> bool:
    """Whether a fact changes what lies before it."""
    return type(fact) is PurchaseRefunded or (type(fact) is ReferralCredited and fact.data.converted is None)
