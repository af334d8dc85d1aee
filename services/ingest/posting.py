"""How a request holds its events: CloudEvents structured, batched or binary, or plain JSON.

CloudEvents HTTP protocol binding 1.0.2, sections 3.1 to 3.3.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

import msgspec
from msgspec import Raw

from services.ingest import splitting
from shared.http import Fault, Problem

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
PLAIN: Final = "application/json"
PREFIX: Final = "ce-"


@dataclass(frozen=True, slots=True)
class Posting:
    """Raw events of a request, and its idempotency key.

    `listed` says that they came as a list; `whole` that they are CloudEvents, which miss nothing but a time, while of
    plain JSON all but type and subject is filled in.
    """

    events: list[bytes]
    listed: bool
    whole: bool
    key: str | None = None


def opened(headers: Mapping[str, str], body: bytes) -> Posting:
    """The events of a request; header names are in lower case. Raises Problem 400, 413, 415 or 422."""
    key = headers.get("idempotency-key")
    try:
        match _media_type(headers):
            case "binary":
                return Posting([_from_headers(headers, body)], listed=False, whole=True, key=key)
            case "application/cloudevents+json":
                return Posting([splitting.one(body)], listed=False, whole=True, key=key)
            case "application/cloudevents-batch+json":
                return Posting(_some(body), listed=True, whole=True, key=key)
            case "application/json" if body.lstrip()[:1] == b"[":
                return Posting(_some(body), listed=True, whole=False, key=key)
            case "application/json":
                return Posting([splitting.one(body)], listed=False, whole=False, key=key)
            case other:
                raise _unsupported(other)
    except splitting.MalformedError as error:
        raise Problem(400, "malformed", "The body is no JSON", detail=str(error)) from error
    except splitting.TooManyError as error:
        title = f"A request holds at most {splitting.LARGEST_BATCH} events"
        raise Problem(413, "too-many-events", title) from error


def _media_type(headers: Mapping[str, str]) -> str:
    """The content type without parameters; "binary" where the event's attributes are headers."""
    named = headers.get("content-type", "").partition(";")[0].strip().lower()
    if named in (STRUCTURED, BATCH) or "ce-specversion" not in headers:
        return named
    return "binary" if named in ("", PLAIN) or named.endswith("+json") else named


def _some(body: bytes) -> list[bytes]:
    events = splitting.many(body)
    if not events:
        raise Problem(422, "empty-batch", "A batch has at least one event")
    return events


def _unsupported(media_type: str) -> Problem:
    accepted = f"{STRUCTURED}, {BATCH}, {PLAIN}"
    return Problem(
        415,
        "unsupported-content-type",
        "The content type is not one that holds events",
        detail=f"{media_type or 'none'} was sent; send {accepted}, or {PLAIN} with ce-* headers",
        headers={"Accept": accepted},
    )


def _from_headers(headers: Mapping[str, str], body: bytes) -> bytes:
    """The one event of the binary mode in structured form."""
    event: dict[str, str | Raw] = {
        name.removeprefix(PREFIX): _header_text(name, value)
        for name, value in headers.items()
        if name.startswith(PREFIX)
    }
    if media_type := headers.get("content-type"):
        event["datacontenttype"] = media_type
    if body.strip():
        event["data"] = Raw(splitting.one(body))
    return msgspec.json.encode(event)


def _header_text(name: str, value: str) -> str:
    """An attribute, percent-encoded in its header. Raises Problem 422."""
    try:
        return unquote_to_bytes(value.strip('"')).decode()
    except UnicodeDecodeError as error:
        fault = Fault(pointer=f"/{name.removeprefix(PREFIX)}", detail="is not percent-encoded UTF-8")
        raise Problem(422, "invalid-event", "The event was refused", errors=[fault]) from error
