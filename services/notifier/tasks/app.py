"""`/v1/tasks` over HTTP, for staff and the programs it works with."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query

from services.notifier.tasks.answers import Done, Dropped, TaskItem, Tasks
from services.notifier.tasks.asking import Counter
from services.notifier.tasks.state import TaskState
from shared.http import PROBLEM, needs

MOST: Final = 200
"""Items in one page at most."""

PlayId = Annotated[str, Query(pattern="^[a-z0-9_]{1,60}$", description="Only of this play.")]
Where = Annotated[Literal["phone", "post", "none"], Query(description="Only those that end there; none: in the house.")]
After = Annotated[str | None, Query(description="Go on behind the page that gave this as `next`.")]
Limit = Annotated[int, Query(ge=1, le=MOST, description="Items in the page at most.")]
TaskId = Annotated[str, Path(max_length=100, pattern="^[^\x00]*$")]


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {PROBLEM: {"schema": {"type": "object"}}}}


_UNKNOWN: Final[dict[int | str, dict[str, Any]]] = {
    404: _problem("No task has this id, or it may not be done any more")
}
_ENDING: Final[dict[int | str, dict[str, Any]]] = {**_UNKNOWN, 409: _problem("The task is not open")}


def tasks(counter: Counter) -> APIRouter:
    """What staff may ask and say, with a key of the scope `staff`."""
    router = APIRouter(
        tags=["tasks"],
        dependencies=[needs("staff")],
        responses={
            401: _problem("A valid API key is needed"),
            403: _problem("The API key lacks the scope staff"),
            422: _problem("A parameter or the body is not valid; `errors` says which"),
        },
    )

    @router.get(
        "/v1/tasks",
        response_model_exclude_unset=True,
        responses={400: _problem("The cursor is not one that this list has given out")},
    )
    async def list_tasks(
        state: TaskState = TaskState.OPEN,
        play: PlayId | None = None,
        channel: Where | None = None,
        after: After = None,
        limit: Limit = 100,
    ) -> Tasks:
        """What is to be done, the most urgent first. It holds personal data: names, numbers, addresses."""
        return await counter.page(state, play, channel, after, limit)

    @router.get("/v1/tasks/{task_id}", response_model_exclude_unset=True, responses=_UNKNOWN)
    async def get_task(task_id: TaskId) -> TaskItem:
        """One task."""
        return await counter.one(task_id)

    @router.post("/v1/tasks/{task_id}/done", response_model_exclude_unset=True, responses=_ENDING)
    async def tick_off(task_id: TaskId, said: Done) -> TaskItem:
        """It is done. What was said of it first counts; saying it again changes nothing."""
        return await counter.done(task_id, said)

    @router.post("/v1/tasks/{task_id}/drop", response_model_exclude_unset=True, responses=_ENDING)
    async def put_aside(task_id: TaskId, said: Dropped) -> TaskItem:
        """It is not going to be done."""
        return await counter.drop(task_id, said)

    return router
