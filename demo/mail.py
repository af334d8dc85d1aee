"""What mail went out, what was held back and why, and the text of one."""

import email
import email.policy
from collections import Counter
from collections.abc import Iterable
from email.message import EmailMessage
from pathlib import Path
from typing import Final

from demo.answers import Answer
from demo.paper import Paper, wrapped

_REASONS: Final = {
    "no_address": "no address: of real people nobody's is known",
    "no_basis": "an address, but no consent",
    "objected": "asked not to be written to",
    "duplicate": "heard the same not long ago",
    "cancelled": "its cause was undone before it was sent",
    "capped": "was left in peace until they come back",
    "too_old": "the news came too late",
}
_HEADERS: Final = ("From", "To", "Date", "Subject", "List-Unsubscribe", "List-Unsubscribe-Post")


def count(paper: Paper, messages: Iterable[Answer]) -> None:
    """How many messages of each play were sent, and how many held back for which reason."""
    fates = Counter((message["play"], message["state"], message.get("reason", "")) for message in messages)
    for (play, state, reason), number in sorted(fates.items(), key=lambda fate: (fate[0][:2], -fate[1])):
        colour = paper.ink("green" if state == "sent" else "yellow", f"{state.replace('_', ' '):<10}")
        paper.line(f"  {number:>6,}  {play:<19} {colour} {_REASONS.get(reason, reason)}")


def letter(maildir: Path, message: Answer) -> EmailMessage:
    """The mail of a message that was sent, as it lies in the Maildir."""
    (file,) = (maildir / "new").glob(f"{message['id']}.*")
    found = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def show(paper: Paper, mail: EmailMessage) -> None:
    """The mail as its reader sees it: headers and plain text."""
    edge = paper.ink("dim", "│")
    for name in _HEADERS:
        paper.line(f"  {edge} {paper.ink('bold', name)}: {mail[name]}")
    paper.line(f"  {edge}")
    body = mail.get_body(("plain",))
    assert body is not None
    for paragraph in body.get_content().splitlines():
        for line in _fitting(paragraph):
            paper.line(f"  {edge} {line}")


def _fitting(paragraph: str) -> list[str]:
    """Short lines, such as a voucher's, stay as they are."""
    return [paragraph] if len(paragraph) < 90 else wrapped(paragraph, width=94)
