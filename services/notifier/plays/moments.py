"""The names of what plays may begin with besides announcements and facts: moments that the notifier itself finds."""

from collections.abc import Mapping
from typing import Final

import msgspec

from shared.events import (
    ContactComplained,
    ContactServed,
    MembershipEnded,
    MembershipStart,
    MembershipStarted,
    type_of,
)

BIRTHDAY: Final = "moment.birthday"
ANNIVERSARY: Final = "moment.anniversary"
JOINED: Final = "moment.joined"
RENEWED: Final = "moment.renewed"
REFERRED: Final = "moment.referred"
GROUP_JOINED: Final = "moment.group_joined"
GROUP_ENDING: Final = "moment.group_ending"
CONTENT: Final = "moment.content"

STARTED: Final = type_of(MembershipStarted)
ENDED: Final = type_of(MembershipEnded)
COMPLAINED: Final = type_of(ContactComplained)
SERVED: Final = type_of(ContactServed)
MEMBERSHIPS: Final = frozenset({STARTED, JOINED, RENEWED})
"""All of them are a membership that starts, and say when it is to end."""
ENDING: Final = MEMBERSHIPS | {GROUP_JOINED}
"""What says when it is to end."""


class Yearly(msgspec.Struct):
    """What a birthday or an anniversary says: how many years it is; null where the year of birth is not known."""

    years: int | None = None


class Grouped(msgspec.Struct):
    """Which group it is, and the last day of its proof; null where the proof does not end."""

    group: str
    until: str | None = None


class Useful(msgspec.Struct):
    """That it is time for a piece of content says nothing more."""


class Referred(msgspec.Struct):
    """That somebody came by a referral says nothing more."""


SAID: Final[Mapping[str, type[msgspec.Struct]]] = {
    BIRTHDAY: Yearly,
    ANNIVERSARY: Yearly,
    JOINED: MembershipStart,
    RENEWED: MembershipStart,
    REFERRED: Referred,
    GROUP_JOINED: Grouped,
    GROUP_ENDING: Grouped,
    CONTENT: Useful,
}
"""With the struct of their data."""
