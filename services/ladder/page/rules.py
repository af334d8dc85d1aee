"""The rules as tables, and a draft of them tried out: who would stand where, and what would have been announced."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Final, NamedTuple

from fastapi import APIRouter, Response
from markupsafe import Markup

from services.ladder.core.standing import PHASE_OF, RUNGS
from services.ladder.page import access
from services.ladder.page.desk import Desk, Visit
from services.ladder.page.frame import HEADERS, fragment, reader_language
from services.ladder.page.language import Language
from services.ladder.preview.answers import Line, Move, Result
from services.ladder.preview.routes import MOST_BYTES
from services.ladder.preview.running import Preview
from shared.http import Problem
from shared.http.streamed import PreviewResponse

EVERYBODY: Final = 100.0
_LARGEST: Final = 3 * MOST_BYTES + 1_000
"""Bytes of the form: a sign of the draft takes up to three."""
_HOLE: Final = Markup("<!--preview-->")
"""Where in the page the pieces come; text that is filled in is escaped and cannot hold it."""
_STAGES: Final = [str(stage) for stage in PHASE_OF]


class Matrix(NamedTuple):
    """How many would come from where to where: the places in their order, and of each row the numbers."""

    places: list[str]
    rows: list[tuple[str, list[int]]]


def add(routes: APIRouter, desk: Desk, visit: Any) -> None:
    """Add these pages."""

    @routes.get("/rules")
    async def show_rules(visit: Visit = visit) -> Response:
        return await _rules(desk, visit)

    @routes.post("/rules/preview")
    async def try_draft(visit: Visit = visit) -> Response:
        """The page comes as far as it is known: the progress, then the result."""
        fields = await access.form(visit.request, _LARGEST)
        access.check_mark(visit.visitor, fields, visit.visitor.tries)
        draft, sample = fields.get("draft", ""), fields.get("sample", "")
        try:
            preview = await desk.previews.begin(draft.encode("utf-8", "replace"), _share(sample))
        except Problem as problem:
            if problem.status not in {422, 429}:
                raise
            return await _rules(desk, visit, draft=draft, sample=sample, fault=problem)
        html = visit.show("preview.html.j2", hole=_HOLE, draft=draft, sample=sample, version=preview.draft.version)
        pieces = _pieces(bytes(html.body), preview, reader_language(visit.request))
        return PreviewResponse(pieces, desk.previews.end, {**HEADERS, "X-Accel-Buffering": "no"}, "text/html")


async def _rules(
    desk: Desk, visit: Visit, *, draft: str | None = None, sample: str = f"{EVERYBODY:g}", fault: Problem | None = None
) -> Response:
    kept = await desk.versions.all()
    page = visit.show(
        "rules.html.j2",
        status=fault.status if fault else 200,
        rules=desk.rules,
        versions=kept.versions,
        activation=kept.activation,
        draft=desk.written if draft is None else draft,
        sample=sample,
        fault=None if fault is None else _told(fault),
    )
    page.headers.update((fault.headers or {}) if fault else {})
    return page


def _told(fault: Problem) -> tuple[str, str]:
    """(the key of the words, the reason)."""
    reasons = [each.detail for each in fault.body.get("errors", [])]
    return fault.body["type"], "; ".join(reasons)


def _share(percent: str) -> float:
    """Raises Problem 422."""
    try:
        share = float(percent) / 100
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise Problem(422, "invalid-sample", "A share lies above 0 and is at most 100 percent")
    return share


async def _pieces(page: bytes, preview: Preview, words: Language) -> AsyncGenerator[bytes]:
    """The page around what is told of the preview; where it breaks off the page says so."""
    head, _, foot = page.partition(_HOLE.encode())
    yield head
    try:
        async with aclosing(preview.told()) as told:
            async for piece in _shown(told, words):
                yield piece.encode()
    except Problem:
        yield fragment("preview_broken.html.j2", words).encode()
    yield foot


async def _shown(told: AsyncGenerator[Line], words: Language) -> AsyncGenerator[str]:
    """The progress by whole percents, then the result."""
    reached = -1
    async for line in told:
        if line.result is not None:
            yield fragment("preview_result.html.j2", words, **_result(line.result))
        elif line.progress is not None and (now := 100 * line.progress.people // line.progress.of) > reached:
            reached = now
            yield fragment("preview_progress.html.j2", words, percent=now, progress=line.progress)


def _result(result: Result) -> Mapping[str, Any]:
    return {
        "result": result,
        "matrices": {"rung": matrix(result.rungs, RUNGS), "stage": matrix(result.stages, _STAGES)},
    }


def matrix(moves: Sequence[Move], order: Sequence[str]) -> Matrix:
    """The moves as a table; people who would not be known come last, under no name."""
    counts = {(move.from_, move.to): move.people for move in moves}
    named = {place for pair in counts for place in pair}
    places = [place for place in (*order, "") if place in named]
    rows = [(from_, [counts.get((from_, to), 0) for to in places]) for from_ in places]
    return Matrix(places, [(from_, row) for from_, row in rows if any(row)])
