"""Acceptance without a log: what a request's events become."""

import itertools

import msgspec

from services.ingest.accept import Acceptance, accept
from services.ingest.posting import BATCH, PLAIN, STRUCTURED, opened
from services.ingest.shop import Shop
from shared import events
from tests.make import NOW

SHOP = Shop(currency="EUR", exponent=2, lanes=4)
FACTS = msgspec.json.Decoder(events.Fact)


def judged(
    body: object, media_type: str = PLAIN, *, shop: Shop = SHOP, now: int = NOW, key: str | None = None
) -> Acceptance:
    """What becomes of a body, which may be given as bytes or as what JSON makes of it; new ids are new-0, new-1 …

    `key` is the request's Idempotency-Key.
    """
    headers = {"content-type": media_type} | ({"idempotency-key": key} if key else {})
    sent = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return _accepted(headers, sent, shop, now)


def binary(body: object, media_type: str = PLAIN, **attributes: str) -> Acceptance:
    """As `judged`, of an event whose attributes are headers."""
    known = {"specversion": "1.0", "id": "e1", "source": "shop", "type": "contact.checkout_started", "subject": "c1"}
    headers = {f"ce-{name}": value for name, value in {**known, **attributes}.items()}
    sent = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return _accepted({"content-type": media_type, **headers}, sent, SHOP, NOW)


def _accepted(headers: dict[str, str], body: bytes, shop: Shop, now: int) -> Acceptance:
    numbers = itertools.count()
    return accept(opened(headers, body), shop, now=now, new_id=lambda: f"new-{next(numbers)}")


def structured(body: object, *, now: int = NOW) -> Acceptance:
    """As `judged`, of a CloudEvent in structured mode."""
    return judged(body, STRUCTURED, now=now)


def batch(body: object) -> Acceptance:
    """As `judged`, of a batch of CloudEvents."""
    return judged(body, BATCH)


def faults(acceptance: Acceptance) -> list[tuple[str, str]]:
    """Pointer and detail of everything that was found wrong."""
    errors = [result.error for result in acceptance.results if result.error]
    return [(fault.pointer, fault.detail) for error in errors for fault in error.errors]


def pointers(acceptance: Acceptance) -> list[str]:
    """The pointers of everything that was found wrong."""
    return [pointer for pointer, _ in faults(acceptance)]


def facts(acceptance: Acceptance) -> list[events.Fact]:
    """The facts as the ladder reads them."""
    return [FACTS.decode(entry.value) for entry in acceptance.facts]
