"""What is asked and answered over HTTP about tasks."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.notifier.message import Reason
from services.notifier.tasks.state import Outcome, TaskState

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]
Note = Annotated[str, Field(max_length=4_000, pattern="^[^\x00]*$")]


class Place(BaseModel):
    """Where the person stands, as last announced."""

    rung: int
    name: str
    phase: str
    stage: str


class TaskItem(BaseModel):
    """A task, with what staff has to know; times are RFC 3339.

    `title`, `why` (the cause in words) and `say` (what to say or do) are in the language of staff; `language` is the
    person's. `phone` or `address` is there while the task is open and ends there. `reason` says why it was dropped.
    Without a `channel` nobody is told anything. `detail`: which template could not be rendered, and why.
    """

    id: str
    task: str
    customer: str
    play: str
    step: int
    state: TaskState
    reason: Reason | None = None
    channel: Literal["phone", "post"] | None = None
    basis: str | None = None
    basis_fact: str | None = None
    cause: str
    cause_at: str
    at: str
    do_by: str
    expires_at: str
    title: str
    why: str
    say: str
    detail: str | None = None
    name: str | None = None
    language: str | None = None
    phone: str | None = None
    address: str | None = None
    standing: Place | None = None
    orders: int
    last_order_at: str | None = None
    ended_at: str | None = None
    by: str | None = None
    outcome: Outcome | None = None
    note: str | None = None


class Tasks(BaseModel):
    """A page of tasks, the most urgent first."""

    items: list[TaskItem]
    next: str | None


class Done(BaseModel):
    """Who has done it, what came of it, and what there is to say of it."""

    model_config = ConfigDict(extra="forbid")

    by: Name
    outcome: Outcome | None = None
    note: Note | None = None


class Dropped(BaseModel):
    """Who puts it aside, and why."""

    model_config = ConfigDict(extra="forbid")

    by: Name
    note: Note | None = None
