"""`python -m benchmarks.bare`: ingest without a check, the limit of the real one: it parses and appends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from fastapi import APIRouter, Request, Response

from shared.events import SHOP_EVENTS
from shared.http import Direct, Part
from shared.log import Entry
from shared.log.partitioner import lanes_of
from shared.program import Runtime, main
from shared.settings import Settings


class _Event(msgspec.Struct):
    subject: str


_raw: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])
_event = msgspec.json.Decoder(_Event)


@asynccontextmanager
async def open_part(settings: Settings, runtime: Runtime) -> AsyncIterator[Part]:
    """Appends whatever has a subject."""

    async def post(request: Request) -> Response:
        sent = await request.body()
        raws = [bytes(raw) for raw in _raw.decode(sent)] if sent[:1] == b"[" else [sent]
        keys = [_event.decode(raw).subject.encode() for raw in raws]
        lanes = lanes_of(keys, settings.lanes)
        await runtime.log.append([Entry(SHOP_EVENTS, *row) for row in zip(lanes, keys, raws, strict=True)])
        return Response(b'{"accepted":%d}' % len(raws), 202, media_type="application/json")

    yield Part("bare", APIRouter(), direct={("POST", "/v1/events"): Direct("events:write", post)})


if __name__ == "__main__":
    main("Ingest's limit", Settings, [open_part], needs_database=False)
