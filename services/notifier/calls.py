"""What is posted to a program that carries a message on: the text and whom it goes to, as JSON."""

import msgspec

from services.notifier.mail import Composer, Letter
from services.notifier.message import Message, Purpose
from services.notifier.offers import Voucher
from services.notifier.plays.weighing import reach
from shared import instants
from shared.events import Profile


class Caller:
    """Writes this shop's short texts for those who carry them."""

    def __init__(self, composer: Composer) -> None:
        self._composer = composer

    def call(self, message: Message, profile: Profile, voucher: Voucher | None, date: int) -> Letter:
        """The body, dated with that instant; the profile has a number or token. Raises UnwrittenError."""
        assert message.channel is not None
        reached = reach(message.channel, profile)
        assert reached is not None
        text = self._composer.text(message, profile, voucher)
        data = {
            "message": message.id,
            "customer": message.person,
            "channel": message.channel,
            "to": reached,
            "language": text.language,
            "title": text.subject,
            "text": text.plain,
            "purpose": message.purpose,
        }
        if message.purpose is Purpose.MARKETING:
            data["unsubscribe"] = self._composer.unsubscribe_url(message)
        body = {"type": "message.requested", "timestamp": instants.text(date), "data": data}
        return Letter(message.id, "", reached, msgspec.json.encode(body))
