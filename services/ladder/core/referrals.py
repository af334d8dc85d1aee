"""The friend's side of a referral: who referred them, and the purchase that converted it."""

from collections.abc import Sequence

from services.ladder.core.facts import key
from services.ladder.core.orders import first_standing
from services.ladder.core.rules import Rules
from shared import instants
from shared.events import Fact, FactRef, ReferralMade, ReferralNamed


def credit_of(
    person: str, facts: Sequence[Fact], namings: Sequence[ReferralNamed], rules: Rules
) -> tuple[str, FactRef] | None:
    """Who gets credit for this person, and for which purchase of theirs; None when nobody does.

    `facts` are all of the person's, `namings` all referrals that name them, both in any order.
    """
    naming = _earliest_valid(person, facts, namings)
    purchase = first_standing(facts, rules)
    if naming is None or purchase is None or _key(naming) > key(purchase):
        return None
    at = instants.text(purchase.at)
    return naming.data.maker, FactRef(at=at, person=person, source=purchase.source, id=purchase.id)


def _earliest_valid(person: str, facts: Sequence[Fact], namings: Sequence[ReferralNamed]) -> ReferralNamed | None:
    made = [fact for fact in facts if type(fact) is ReferralMade]
    valid = (naming for naming in namings if naming.data.maker != person and not _circle(naming, made))
    return min(valid, key=_key, default=None)


def _circle(naming: ReferralNamed, made: Sequence[ReferralMade]) -> bool:
    """Whether the person had referred the maker before."""
    return any(own.data.referee == naming.data.maker and key(own) < _key(naming) for own in made)


def _key(naming: ReferralNamed) -> tuple[int, str, str]:
    """The place of the referral itself in the order of facts."""
    return instants.parse(naming.data.at), naming.data.id, naming.data.source
