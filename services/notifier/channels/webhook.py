"""A webhook: hands texts to another program, which carries them on as a text message, a push message or a call.

It is signed by Standard Webhooks 1.0. The id that is signed is the message's, so a receiver knows what it has had
before: what was cut off is posted again, and nothing is ever ambiguous.
"""

import time
from typing import Final

from services.notifier.channels import DROPPED, SENT, Begin, Delivery, PutOff, Refused
from services.notifier.mail import Letter
from services.notifier.outgoing.client import Client
from services.notifier.subscriptions.judging import LONGEST_PAUSE, SECOND, Said, retry_after
from services.notifier.subscriptions.posting import post

AT_ONCE: Final = 8
LATER: Final = frozenset({408, 425, 429})
"""Of the refusals those that are for now (RFC 9110, 8470, 6585)."""


class WebhookChannel:
    """Posts to one address."""

    repeatable = True
    at_once = AT_ONCE

    def __init__(self, client: Client, url: str, secret: bytes) -> None:
        self._client = client
        self._url = url
        self._secret = secret

    async def deliver(self, letter: Letter, begin: Begin) -> Delivery:
        """As `Channel.deliver`."""
        if not await begin():
            return DROPPED
        now = time.time_ns() // 1_000
        return heard(await post(self._client, self._url, letter.message_id, now, letter.content, [self._secret]), now)

    async def close(self) -> None:
        """The client is another's to close."""


def heard(said: Said, now: int) -> Delivery:
    """What the receiver's answer means: taken by 2xx only, refused by 4xx, and anything else is tried again."""
    if said.status is None:
        return PutOff(said.detail)
    if 200 <= said.status < 300:
        return SENT
    detail = f"{said.status} {said.detail}".strip()
    if 400 <= said.status < 500 and said.status not in LATER:
        return Refused(detail)
    asked = min(retry_after(said.retry_after, now) or 0, LONGEST_PAUSE)
    return PutOff(detail, asked / SECOND)
