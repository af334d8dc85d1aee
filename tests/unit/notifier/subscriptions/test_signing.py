"""Signatures, checked by the packages that receivers use."""

import base64
import time

import pytest
import standardwebhooks
import svix

from services.notifier.subscriptions import signing

BODY = '{"type":"rung.promoted","data":{"to":4}, "name": "Größe"}'.encode()
OLD, NEW, OTHER = (bytes([byte]) * 32 for byte in (1, 2, 3))


receivers = pytest.mark.parametrize(
    "receiver", [standardwebhooks.Webhook, svix.Webhook], ids=["standardwebhooks", "svix"]
)


def signed(*secrets: bytes) -> dict[str, str]:
    return signing.headers("msg-1", int(time.time()), BODY, secrets)


@receivers
def test_receivers_accept_what_is_signed(receiver: type) -> None:
    """With the secret as it was shown; while it is rotated with the old as with the new one."""
    for secret in (NEW, OLD):
        receiver(signing.shown(secret)).verify(BODY, signed(NEW, OLD))


@receivers
@pytest.mark.parametrize(
    ("body", "changed", "seconds_ago"),
    [(BODY + b" ", {}, 0), (BODY, {"webhook-id": "msg-2"}, 0), (BODY, {}, 1)],
    ids=["body", "id", "time"],
)
def test_receivers_refuse_what_was_changed(
    receiver: type, body: bytes, changed: dict[str, str], seconds_ago: int
) -> None:
    """Body, id and time are all signed."""
    headers = signed(NEW)
    moved = {"webhook-timestamp": str(int(headers["webhook-timestamp"]) - seconds_ago)}
    with pytest.raises(Exception, match="signature"):
        receiver(signing.shown(NEW)).verify(body, {**headers, **moved, **changed})


@receivers
def test_receivers_refuse_another_secret(receiver: type) -> None:
    """Also where several sign."""
    with pytest.raises(Exception, match="signature"):
        receiver(signing.shown(OTHER)).verify(BODY, signed(NEW, OLD))


def test_a_secret_is_of_the_standards_length() -> None:
    """24 to 64 bytes, in base64 behind a prefix."""
    prefix, encoded = signing.shown(bytes(signing.SECRET_BYTES)).split("_")
    assert prefix == "whsec"
    assert 24 <= len(base64.b64decode(encoded)) <= 64
