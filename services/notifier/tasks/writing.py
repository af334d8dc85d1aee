"""The text of a task, in the language of staff: what it is about, why, and what to say."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from babel.dates import format_date

from services.notifier.consent import Ledger
from services.notifier.consent.sales import Order
from services.notifier.mail import Text, block, rendering, templates
from services.notifier.message import Message
from services.notifier.profile import addressee
from services.notifier.settings import NotifierSettings
from shared import instants
from shared.events import Profile, Standing

_LOCALES: Final = {"de": "de_DE", "en": "en_GB"}
_RUNGS: Final = {
    "de": ("Im Zielmarkt", "Interessent", "Käufer", "Kunde", "Mitglied", "Befürworter", "Begeisterter Fan"),
    "en": ("target market", "prospect", "buyer", "customer", "member", "advocate", "fan"),
}


class Known(NamedTuple):
    """What a task can tell of its person; `until` leaves out orders of a later time."""

    profile: Profile
    ledger: Ledger
    standing: Standing | None
    until: int | None

    @property
    def orders(self) -> list[Order]:
        """The orders that stand, the oldest first."""
        return sorted(self.ledger.orders(self.until).values(), key=lambda order: (order.at, order.id))


class Briefing(NamedTuple):
    """What staff reads; paragraphs are parted by an empty line."""

    title: str
    why: str
    say: str


class Writer:
    """Writes this shop's tasks."""

    def __init__(self, settings: NotifierSettings) -> None:
        self._settings = settings
        self._templates = templates(settings.templates_dir)

    @property
    def language(self) -> str:
        """That of staff."""
        return self._settings.staff_language

    def write(self, message: Message, known: Known) -> Briefing:
        """The text of a task. Raises UnwrittenError."""
        template = f"{self.language}/tasks/{message.mail}.txt.j2"
        context = self._context(message, known)
        with rendering(template):
            source = self._templates.get_template(template)
            return Briefing(*(_paragraphs(block(source, name, context)) for name in Briefing._fields))

    def text(self, message: Message, known: Known) -> Text:
        """The same as a message has it. Raises UnwrittenError."""
        told = self.write(message, known)
        return Text(self.language, told.title, f"{told.why}\n\n{told.say}\n", "")

    def rung(self, number: int) -> str:
        """How a rung is called."""
        return _RUNGS[self.language][number - 1]

    def _context(self, message: Message, known: Known) -> dict[str, Any]:
        orders = known.orders
        rung = max(message.rungs, default=known.standing.rung if known.standing else 1)
        return {
            "shop": self._settings.sender_name,
            "customer": message.person,
            "name": addressee(known.profile) or message.person,
            "channel": message.channel,
            "rung": rung,
            "rung_name": self.rung(rung),
            "since": self._date(message.cause_at),
            "orders": len(orders),
            "last_order": self._date(orders[-1].at) if orders else None,
        }

    def _date(self, at: int) -> str:
        day: datetime = instants.to_datetime(at).astimezone(self._settings.zone)
        return format_date(day, format="long", locale=_LOCALES[self.language])


def _paragraphs(text: str) -> str:
    return "\n\n".join(" ".join(each.split()) for each in text.split("\n\n") if each.strip())
