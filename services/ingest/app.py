"""The ingest service over HTTP: `POST /v1/events` and `POST /v1/clock`."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

import msgspec
from fastapi import APIRouter, Request, Response

from services.ingest import body, checks
from services.ingest.accept import accept
from services.ingest.answer import answer
from services.ingest.identity import NewId
from services.ingest.intake import Intake
from services.ingest.posting import opened
from services.ingest.settings import IngestSettings
from services.ingest.shop import Shop
from shared import events, instants
from shared.http import Fault, Part, Problem, json, needs
from shared.log import Log
from shared.program import Runtime


@asynccontextmanager
async def open_part(settings: IngestSettings, runtime: Runtime) -> AsyncIterator[Part]:
    """Ingest as a part of the program that runs it, with the wall clock and ids that no other event has."""
    yield ingest_part(settings, runtime.log, lambda: time.time_ns() // 1_000, lambda: str(uuid4()))


def ingest_part(settings: IngestSettings, log: Log, now: Callable[[], int], new_id: NewId) -> Part:
    """Ingest over this log; `now` is the wall clock, also under CLOCK=facts."""
    ticking = settings.clock == "facts"
    intake = Intake(log, settings.lanes, ticking=ticking)
    router = APIRouter(tags=["ingest"], dependencies=[needs("events:write")])
    _add_events(router, Shop.of(settings), intake, now, new_id)
    _add_clock(router, intake, ticking=ticking)

    async def check_log() -> None:
        await log.end_positions(events.SHOP_EVENTS)

    return Part("ingest", router, {"log": check_log})


def _add_events(router: APIRouter, shop: Shop, intake: Intake, now: Callable[[], int], new_id: NewId) -> None:
    @router.post("/v1/events", status_code=202)
    async def post_events(request: Request) -> Response:
        """Tell what happened; the answer comes when it is durable."""
        posting = opened(request.headers, await body.read(request))
        acceptance = accept(posting, shop, now=now(), new_id=new_id)
        await intake.take(acceptance)
        return answer(acceptance.results)


class _Time(msgspec.Struct):
    to: str


def _add_clock(router: APIRouter, intake: Intake, *, ticking: bool) -> None:
    @router.post("/v1/clock", status_code=202)
    async def post_clock(request: Request) -> Response:
        """Let time pass up to an instant, under CLOCK=facts."""
        if not ticking:
            raise Problem(409, "wall-clock", "Time passes by itself: the programs run with CLOCK=wall")
        at = _instant(await body.read(request))
        await intake.tell(at)
        return json({"to": instants.text(at)}, status=202)


def _instant(sent: bytes) -> int:
    try:
        return checks.instant_of(msgspec.json.decode(sent, type=_Time).to, _END_OF_TIME)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Problem(400, "malformed", 'Send {"to": "2026-01-31T12:00:00Z"}', detail=str(error)) from error
    except ValueError as error:
        fault = Fault(pointer="/to", detail=str(error))
        raise Problem(422, "invalid-time", "The time was refused", errors=[fault]) from error


_END_OF_TIME = instants.parse("9999-12-31T23:59:59Z")
