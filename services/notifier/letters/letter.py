"""A letter as it is printed: to whom, what it says, and how one objects to more of them. Pure."""

from typing import Final, NamedTuple

from services.notifier.mail import Text
from services.notifier.profile import addressee, name, postal
from shared.events import Profile

MOST_LINES: Final = 9
"""Of the address field of DIN 5008, form B: three for remarks, six for the address."""
_FORMULA: Final = "=+-@"
"""A spreadsheet that opens the list would take a line that begins with these for a formula."""


class Letter(NamedTuple):
    """One letter: the lines of its address, and its text; `notice` is there where it is advertising."""

    message: str
    address: tuple[str, ...]
    language: str
    subject: str
    body: str
    notice: str | None
    day: str
    """On which it is dated, YYYY-MM-DD."""

    @property
    def said(self) -> str:
        """All that the font has to have letters for."""
        return "".join((*self.address, self.subject, self.body, self.notice or ""))


def address_lines(profile: Profile) -> tuple[str, ...]:
    """The address for the window, beginning with the name; empty where no letter could find it."""
    told = postal(profile)
    if told is None:
        return ()
    lines = [line for each in told.splitlines() if (line := each.lstrip(_FORMULA + " "))]
    called = addressee(profile).lstrip(_FORMULA + " ")
    if called and lines and name(profile).casefold() not in lines[0].casefold():
        lines.insert(0, called)
    whole, rest = lines[: MOST_LINES - 1], lines[MOST_LINES - 1 :]
    return (*whole, ", ".join(rest)) if rest else (*whole,)


def letter(message: str, address: tuple[str, ...], text: Text, notice: str | None, day: str) -> Letter:
    """The letter with this text."""
    return Letter(message, address, text.language, text.subject, text.plain.strip(), notice, day)
