"""What is made with the notifier's one secret: codes, and links that only it can have given out.

The secret is made once and kept in the table `meta`, because every process must have the same and old links must work
for as long as the mail lies in somebody's inbox.
"""

import base64
import binascii
import hashlib
import hmac
from typing import Final, NamedTuple
from uuid import UUID

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: without I, L, O and U, so nothing is taken for a digit and no word comes out."""
CODE_LENGTH: Final = 12
_LIKE: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
_MAC_BYTES: Final = 16


CONFIRM: Final = "confirm"
"""The use of a token that confirms a consent."""


class Link(NamedTuple):
    """What a token stands for."""

    person: str
    message: str


def voucher_code(secret: bytes, message_id: str) -> str:
    """The code of the voucher that came with this message: 60 bits, such as `7QK2-M0XD-94TB`."""
    return _code(secret, "voucher", message_id)


def referral_code(secret: bytes, person: str) -> str:
    """The code by which this person refers others, the same for ever; of a voucher's form, and no voucher."""
    return _code(secret, "referral", person)


def _code(secret: bytes, use: str, of: str) -> str:
    number = int.from_bytes(_mac(secret, use, of.encode())[:8], "big")
    letters = [ALPHABET[number >> 5 * place & 31] for place in range(CODE_LENGTH)]
    return "-".join("".join(letters[start : start + 4]) for start in range(0, CODE_LENGTH, 4))


def typed_code(text: str) -> str:
    """The code that somebody meant who typed this."""
    letters = text.upper().translate(_LIKE)
    return "-".join(letters[start : start + 4] for start in range(0, len(letters), 4))


def token(secret: bytes, link: Link, use: str = "link") -> str:
    """A link's last part: signed, URL-safe, and good for this use only. That of `/u/`, "link", is good for ever."""
    body = UUID(link.message).bytes + link.person.encode()
    return base64.urlsafe_b64encode(_mac(secret, use, body)[:_MAC_BYTES] + body).decode().rstrip("=")


def read_token(secret: bytes, text: str, use: str = "link") -> Link | None:
    """What the token stands for; None if it is none of ours."""
    try:
        signed = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (UnicodeEncodeError, binascii.Error):
        return None
    mac, body = signed[:_MAC_BYTES], signed[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(secret, use, body)[:_MAC_BYTES]):
        return None
    return Link(body[16:].decode(), str(UUID(bytes=body[:16])))


def mark(secret: bytes, message_id: str) -> str:
    """What makes a message's return path one that only we can have made: 64 bits in hexadecimal."""
    return _mac(secret, "return", message_id.encode())[:8].hex()


def group_mark(secret: bytes, person: str, *proof: str) -> str:
    """Stands for a person's proof of a group where the group must not be told: 128 bits in hexadecimal."""
    return _mac(secret, "group", "\x1f".join((person, *proof)).encode())[:16].hex()


def _mac(secret: bytes, use: str, body: bytes) -> bytes:
    return hmac.digest(secret, use.encode() + b"\x00" + body, hashlib.sha256)
