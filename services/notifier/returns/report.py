"""What a returned mail says: a delivery status (RFC 3464) or a complaint (RFC 5965). Pure."""

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import Message
from enum import StrEnum
from typing import Final, NamedTuple


class Kind(StrEnum):
    """What came back."""

    HARD = "hard"
    """The address is none: nothing is sent to it again."""
    SOFT = "soft"
    """Not this time."""
    COMPLAINT = "complaint"
    """The person called it spam."""


class Report(NamedTuple):
    """What a returned mail says; `status` as RFC 3463 has it, `detail` is for operators."""

    kind: Kind
    status: str | None
    detail: str


_GONE: Final = re.compile(r"5\.(1\.\d+|2\.1|0\.0)")
"""Statuses that are about the address, and that will be the same tomorrow; a full mailbox or a policy may not be."""
_ENHANCED: Final = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_NO_MAILBOX: Final = frozenset({"550", "551", "553"})
DETAIL: Final = 500


def read(mail: bytes) -> Report | None:
    """What it says; None where it is neither, or says that all is well or still may be."""
    parsed = message_from_bytes(mail, policy=policy.compat32)
    found = [each for part in _parts(parsed) if (each := _read(part)) is not None]
    return min(found, key=lambda report: list(Kind).index(report.kind), default=None)


def of_refusal(text: str) -> Report:
    """What a server's refusal to take a message for an address means, such as `550 5.1.1 no such user`."""
    enhanced = _ENHANCED.search(text)
    if enhanced is None:
        return Report(Kind.HARD if text[:3] in _NO_MAILBOX else Kind.SOFT, None, text[:DETAIL])
    return Report(_kind(enhanced[1]), enhanced[1], text[:DETAIL])


def _parts(mail: Message) -> Iterator[Message]:
    for part in mail.walk():
        if part.get_content_type() in {"message/delivery-status", "message/feedback-report"}:
            yield part


def _read(part: Message) -> Report | None:
    blocks = part.get_payload()
    fields = [each for each in blocks if isinstance(each, Message)] if isinstance(blocks, list) else []
    if part.get_content_type() == "message/feedback-report":
        told = fields or [_headers(part.get_payload(decode=True))]
        return next((_complaint(each) for each in told if _field(each, "Feedback-Type").lower() == "abuse"), None)
    failed = [each for each in fields if _field(each, "Action").lower() == "failed"]
    return next((_failure(each) for each in failed), None)


def _headers(payload: object) -> Message:
    return message_from_bytes(payload if isinstance(payload, bytes) else b"", policy=policy.compat32)


def _field(block: Message, name: str) -> str:
    return str(block.get(name) or "").partition(";")[0].strip()


def _failure(block: Message) -> Report:
    status = _ENHANCED.search(str(block.get("Status") or ""))
    said = " ".join(str(block.get("Diagnostic-Code") or "").split())[:DETAIL].replace("\x00", "")
    return Report(_kind(status[1]) if status else of_refusal(said).kind, status[1] if status else None, said)


def _complaint(block: Message) -> Report:
    return Report(Kind.COMPLAINT, None, _field(block, "User-Agent")[:DETAIL].replace("\x00", ""))


def _kind(status: str) -> Kind:
    return Kind.HARD if _GONE.fullmatch(status) else Kind.SOFT
