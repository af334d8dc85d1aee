"""What is folded, and in which order."""

from typing import Final

from shared import instants
from shared.events import Fact, Override, ReferralCredited, RungOverridden, RungOverrideLifted

Known = Fact | ReferralCredited | Override
"""A fact of the person, a credit for a friend they referred, or a word on their rung by hand."""


_PLACED: Final = frozenset({ReferralCredited, RungOverridden, RungOverrideLifted})
_LAST: Final = "\U0010ffff"
"""No text sorts behind one that begins like this, but another such."""


def instant(fact: Known) -> int:
    """When it takes effect: a credit at the friend's purchase, or, taken back, at what took it back."""
    if type(fact) is not ReferralCredited:
        return fact.at
    return instants.parse((fact.data.converted or fact.data.cause).at)


def known_since(fact: Known) -> int:
    """From which instant on it can be known: a credit since its cause."""
    return instants.parse(fact.data.cause.at) if type(fact) is ReferralCredited else fact.at


def key(fact: Known) -> tuple[int, str, str]:
    """The place in the order of facts: (instant, id, source), text by code point.

    A credit takes the place of the friend's fact it is due to, so that it never comes before the referral, which may
    be all that makes its maker known and be of the same instant; its own id tells it from a fact of that name.
    A word by hand comes behind all facts of its instant: whoever gave it knew them.
    """
    if type(fact) not in _PLACED:
        return fact.at, fact.id, fact.source
    if type(fact) is not ReferralCredited:
        return fact.at, _LAST + fact.id, fact.source
    deed = fact.data.converted or fact.data.cause
    return instants.parse(deed.at), deed.id, f"{deed.source}\x1f{fact.id}"
