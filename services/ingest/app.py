"""The ingest service over HTTP: `POST /v1/events` and `POST /v1/clock`."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

import msgspec
from fastapi import APIRouter, Request, Response
from prometheus_client import Counter

from services.ingest import body, checks, document
from services.ingest.accept import accept
from services.ingest.answer import answer
from services.ingest.identity import NewId
from services.ingest.intake import Intake
from services.ingest.posting import opened
from services.ingest.settings import IngestSettings
from services.ingest.shop import AHEAD, Shop
from shared import events, instants
from shared.http import Direct, Fault, Part, Problem, json, needs
from shared.log import Log
from shared.program import Runtime

_EVENTS = Counter("loyalty_ingest_events_total", "Events that were posted", ["outcome"])
_TAKEN, _REFUSED = _EVENTS.labels("accepted"), _EVENTS.labels("rejected")


@asynccontextmanager
async def open_part(settings: IngestSettings, runtime: Runtime) -> AsyncIterator[Part]:
    """Ingest as a part of the program that runs it, with the wall clock and ids that no other event has."""
    yield ingest_part(settings, runtime.log, lambda: time.time_ns() // 1_000, lambda: str(uuid4()))


def ingest_part(settings: IngestSettings, log: Log, now: Callable[[], int], new_id: NewId) -> Part:
    """Ingest over this log; `now` is the wall clock, also under CLOCK=facts."""
    api = _Api(settings, log, now, new_id)
    router = APIRouter(tags=["ingest"], dependencies=[needs("events:write")])
    router.add_api_route("/v1/events", api.post_events, methods=["POST"], status_code=202, **document.POST_EVENTS)
    router.add_api_route("/v1/clock", api.post_clock, methods=["POST"], status_code=202, **document.POST_CLOCK)
    return Part(
        "ingest",
        router,
        checks={"log": api.check_log},
        direct={("POST", "/v1/events"): Direct("events:write", api.post_events)},
        schemas=document.schemas(),
    )


class _Api:
    """What the routes do: translate, decide, append, answer."""

    def __init__(self, settings: IngestSettings, log: Log, now: Callable[[], int], new_id: NewId) -> None:
        self._shop = Shop.of(settings)
        self._ticking = settings.clock == "facts"
        self._intake = Intake(log, settings.lanes, ticking=self._ticking)
        self._log = log
        self._now = now
        self._new_id = new_id

    async def post_events(self, request: Request) -> Response:
        posting = opened(_headers(request), await body.read(request))
        acceptance = accept(posting, self._shop, now=self._now(), new_id=self._new_id)
        await self._intake.take(acceptance)
        _TAKEN.inc(len(acceptance.facts))
        _REFUSED.inc(len(acceptance.results) - len(acceptance.facts))
        return answer(acceptance.results)

    async def post_clock(self, request: Request) -> Response:
        if not self._ticking:
            raise Problem(409, "wall-clock", "Time passes by itself: the programs run with CLOCK=wall")
        at = _instant(await body.read(request), self._now() + AHEAD)
        await self._intake.tell(at)
        return json({"to": instants.text(at)}, status=202)

    async def check_log(self) -> None:
        await self._log.end_positions(events.SHOP_EVENTS)


def _headers(request: Request) -> dict[str, str]:
    """All headers by name, read once: Starlette's own look-up reads them all for each name."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in request.scope["headers"]}


class _Time(msgspec.Struct):
    to: str


def _instant(sent: bytes, latest: int) -> int:
    """Time never goes back: a slip of the pen into the far future could not be taken back."""
    try:
        return checks.instant_of(msgspec.json.decode(sent, type=_Time).to, latest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, "malformed", 'Send {"to": "2026-01-31T12:00:00Z"}', detail=str(error)) from error
    except ValueError as error:
        fault = Fault(pointer="/to", detail=str(error))
        raise Problem(422, "invalid-time", "The time was refused", errors=[fault]) from error
