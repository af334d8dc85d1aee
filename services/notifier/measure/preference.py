"""By which channel somebody is written to: what they asked for first, then the shop's order. Pure."""

from collections.abc import Callable

from services.notifier.consent.basis import Basis
from services.notifier.consent.words import permitted_channel
from services.notifier.measure.rules import Measure
from services.notifier.message import Channel, Reason
from shared.events import Profile


def order(chosen: Channel | None, profile: Profile, measure: Measure) -> list[Channel]:
    """The channels from first to last choice: what the person chose on their page, then what the profile says."""
    return list(dict.fromkeys([*wished(chosen, profile), *measure.order]))


def wished(chosen: Channel | None, profile: Profile) -> list[Channel]:
    """What the person asked for, on their page and then in the profile."""
    asked = (chosen, permitted_channel(profile.preferred_channel))
    return [each for each in asked if each is not None]


def first_permitted(
    channels: list[Channel], permitted: Callable[[Channel], Basis | Reason]
) -> tuple[Channel, Basis] | Reason:
    """The first channel by which a message may go, with its basis; else what was in the way of the first choice."""
    first: Reason = Reason.NO_BASIS
    for place, channel in enumerate(channels):
        match permitted(channel):
            case Basis() as basis:
                return channel, basis
            case Reason() as reason if place == 0:
                first = reason
            case _:
                pass
    return first
