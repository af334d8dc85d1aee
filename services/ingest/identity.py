"""Ids for events that come without one: derived from the content, so that posting again doubles nothing."""

import hashlib
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from services.ingest.envelope import Envelope
from shared import events

NewId = Callable[[], str]
"""A source of ids that never repeats."""


class Identity(NamedTuple):
    """An id, and whether posting the same event again yields it again."""

    id: str
    repeatable: bool


def identity_of(event: bytes, envelope: Envelope, data: msgspec.Struct, *, key: str | None, new_id: NewId) -> Identity:
    """The identity of an event of a known source; `event` is what was sent, `key` the request's Idempotency-Key.

    A purchase is known by its order. Anything else by the digest of what was sent, if that or the key tells one
    occasion from the next; otherwise it is new each time.
    """
    source = envelope.source or ""
    if envelope.id is not None:
        return Identity(envelope.id, repeatable=True)
    if isinstance(data, events.Purchase):
        return Identity(_derived("order", source, envelope.subject, data.order_id), repeatable=True)
    if envelope.time is None and key is None:
        return Identity(new_id(), repeatable=False)
    digest = hashlib.sha256(event).hexdigest()
    return Identity(_derived("digest", source, envelope.subject, digest, key or ""), repeatable=True)


def _derived(*parts: str) -> str:
    return events.derived_id("fact", *parts)
