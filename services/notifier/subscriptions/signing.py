"""Signatures as Standard Webhooks 1.0 wants them: `v1`, HMAC-SHA256 of id, time and body."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32
"""Of the 24 to 64 that the standard allows."""


def shown(secret: bytes) -> str:
    """A secret as its receiver keeps it."""
    return PREFIX + base64.b64encode(secret).decode()


def secret_in(text: str) -> bytes:
    """The secret that was shown so. Raises ValueError."""
    try:
        secret = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        secret = b""
    if not text.startswith(PREFIX) or not 24 <= len(secret) <= 64:
        raise ValueError(f"write {PREFIX} and 24 to 64 bytes in base64")
    return secret


def headers(message_id: str, at: int, body: bytes, secrets: Sequence[bytes]) -> dict[str, str]:
    """The headers that prove a body; `at` in whole seconds since 1970, one signature for each secret."""
    signed = b"%b.%d.%b" % (message_id.encode(), at, body)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(f"v1,{_signature(secret, signed)}" for secret in secrets),
    }


def _signature(secret: bytes, signed: bytes) -> str:
    return base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()
