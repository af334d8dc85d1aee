"""The return path of each message (VERP): an address that names it, so that whatever comes back does, too."""

import hmac
import re
from collections.abc import Iterator
from typing import Final
from uuid import UUID

from services.notifier.sealed import mark

_MARKED: Final = re.compile(rb"\+([0-9a-f]{32})-([0-9a-f]{16})@", re.IGNORECASE)


def return_path(base: str, secret: bytes, message_id: str) -> str:
    """`bounces@shop` as `bounces+MESSAGE-MARK@shop`; in hexadecimal, because some servers forget capitals."""
    local, _, domain = base.rpartition("@")
    return f"{local}+{UUID(message_id).hex}-{mark(secret, message_id)}@{domain}"


def messages_in(mail: bytes, secret: bytes) -> Iterator[str]:
    """The messages that a returned mail names by addresses that only we can have made."""
    for found in _MARKED.finditer(mail):
        message_id = str(UUID(found[1].decode()))
        if hmac.compare_digest(mark(secret, message_id), found[2].decode().lower()):
            yield message_id
