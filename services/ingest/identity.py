"""Ids for events that come without one: derived from the content, so that posting again doubles nothing."""

import hashlib
from collections.abc import Callable

import msgspec

from services.ingest.envelope import Envelope
from shared import events

NewId = Callable[[], str]
"""A source of ids that never repeats."""


def derived_from(event: bytes, sent: Envelope, data: msgspec.Struct, *, source: str, key: str | None) -> str | None:
    """The id of an event without one; `event` is what was sent, `key` the request's Idempotency-Key.

    A purchase is known by its order. Anything else by the digest of what was sent, if that or the key tells one
    occasion from the next; None if not, and then it is new each time.
    """
    if isinstance(data, events.Purchase):
        return _derived("order", source, sent.subject, data.order_id)
    if sent.time is None and key is None:
        return None
    digest = hashlib.sha256(event).hexdigest()
    return _derived("digest", source, sent.subject, digest, key or "")


def _derived(*parts: str) -> str:
    return events.derived_id("fact", *parts)
