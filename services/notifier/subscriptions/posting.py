"""One attempt: post a signed body, and tell what was heard."""

from collections.abc import Sequence

from services.notifier.outgoing.client import Client, NoAnswerError
from services.notifier.subscriptions import signing
from services.notifier.subscriptions.judging import SAID_AT_MOST, SECOND, Said


async def post(client: Client, url: str, message_id: str, at: int, body: bytes, secrets: Sequence[bytes]) -> Said:
    """What the receiver said; `at` is the instant that is signed."""
    headers = signing.headers(message_id, at // SECOND, body, secrets)
    try:
        answer = await client.request("POST", url, headers={"Content-Type": "application/json", **headers}, body=body)
    except NoAnswerError as error:
        return Said(None, str(error)[:SAID_AT_MOST])
    text = answer.body.decode("utf-8", "replace").replace("\x00", "\ufffd")[:SAID_AT_MOST]
    return Said(answer.status, text, answer.headers.get("retry-after"))
