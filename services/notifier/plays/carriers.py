"""By which channels this shop writes, as its settings, its measure and its templates have it. Values only."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from services.notifier.message import Channel

SHORT: Final = frozenset({Channel.SMS, Channel.PUSH, Channel.PHONE})
"""Channels for short texts, which other programs carry."""
FOLDERS: Final[Mapping[Channel, str]] = MappingProxyType(
    {Channel.EMAIL: "", Channel.POST: "letters/", **dict.fromkeys(SHORT, "short/")}
)
"""Where the texts for a channel are, below a language's folder."""


class Carriers(NamedTuple):
    """By which channels there is somebody who carries messages, and which of them first.

    `order`: from the first to the last choice, where the person has none. `written`: for which channels there are
    texts, by the name of the templates; what is not in it is mail.
    """

    there: frozenset[Channel] = frozenset({Channel.EMAIL, Channel.POST})
    order: tuple[Channel, ...] = tuple(Channel)
    written: Mapping[str, frozenset[Channel]] = MappingProxyType({})


MAIL_ONLY: Final = Carriers()


def template(language: str, channel: Channel, name: str) -> str:
    """The file of a text for this channel."""
    return f"{language}/{FOLDERS[channel]}{name}.txt.j2"
