"""What is folded, and in which order."""

from typing import Final

from shared import instants
from shared.events import Fact, Override, ReferralCredited, ReferralSold, RungOverridden, RungOverrideLifted

Stated = ReferralCredited | ReferralSold
"""What another lane states, and may state anew: of several about the same the one with the highest version counts."""

Known = Fact | Stated | Override
"""A fact of the person, a credit for a friend they referred, an order of such a friend, or a word on their rung."""


_PLACED: Final = frozenset({ReferralCredited, ReferralSold, RungOverridden, RungOverrideLifted})
_LAST: Final = "\U0010ffff"
"""No text sorts behind one that begins like this, but another such."""


def instant(fact: Known) -> int:
    """When it takes effect: a credit at the friend's purchase, or, taken back, at what took it back.

    A friend's order right after its instant: what else is of that instant comes first, whatever its id.
    """
    if type(fact) is ReferralSold:
        return fact.at + 1
    if type(fact) is ReferralCredited:
        return instants.parse((fact.data.converted or fact.data.cause).at)
    return fact.at


def known_since(fact: Known) -> int:
    """From which instant on it can be known: what another lane states since its cause."""
    if type(fact) is ReferralCredited or type(fact) is ReferralSold:
        return instants.parse(fact.data.cause.at)
    return fact.at


def key(fact: Known) -> tuple[int, str, str]:
    """The place in the order of facts: (instant, id, source), text by code point.

    A credit takes the place of the friend's fact it is due to, so that it never comes before the referral, which may
    be all that makes its maker known and be of the same instant; its own id tells it from a fact of that name.
    A friend's order has the place of a deadline, as which it is folded. A word by hand comes behind all facts of its
    instant: whoever gave it knew them.
    """
    if type(fact) not in _PLACED:
        return fact.at, fact.id, fact.source
    if type(fact) is ReferralSold:
        return fact.at + 1, "", about(fact)
    if type(fact) is not ReferralCredited:
        return fact.at, _LAST + fact.id, fact.source
    deed = fact.data.converted or fact.data.cause
    return instants.parse(deed.at), deed.id, f"{deed.source}\x1f{fact.id}"


def about(fact: Stated) -> str:
    """What it is that another lane states: the credit for a friend, or an order of theirs."""
    if type(fact) is ReferralCredited:
        return f"friend:{fact.data.friend}"
    order = fact.data.order
    return f"sale:{fact.data.friend}\x1f{order.source}\x1f{order.id}"
