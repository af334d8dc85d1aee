"""What the shop is told of its events."""

from collections.abc import Sequence

from fastapi import Response

from services.ingest.accept import Result
from shared.http import Fault, Problem, json


def answer(results: Sequence[Result]) -> Response:
    """202 if at least one event was taken, otherwise the problem."""
    rejected = [result for result in results if result.error]
    accepted = len(results) - len(rejected)
    if accepted:
        return json({"accepted": accepted, "rejected": len(rejected), "results": results}, status=202)
    return _refusal(results).response()


def _refusal(results: Sequence[Result]) -> Problem:
    """All were refused: for the same reason, or for several."""
    kinds = {result.error.type: result.error.title for result in results if result.error}
    type_, title = next(iter(kinds.items())) if len(kinds) == 1 else ("invalid-event", "The events were refused")
    errors: list[Fault] = [fault for result in results if result.error for fault in result.error.errors]
    return Problem(422, type_, title, errors=errors, accepted=0, rejected=len(results), results=list(results))
