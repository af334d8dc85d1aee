"""What is answered over HTTP about letters."""

from datetime import date
from typing import Literal

from pydantic import BaseModel


class LetterDay(BaseModel):
    """The letters of a day. While it is open they are those that wait; some may yet be held back when it is closed."""

    day: date
    state: Literal["open", "closed"]
    letters: int
    closed_at: str | None = None


class LetterDays(BaseModel):
    """Days on which there are letters, and days that are closed, the newest first."""

    items: list[LetterDay]
    next: date | None
    """Go on behind this day."""


class DayClosed(BaseModel):
    """What closing a day came to: how many letters went, were held back, or could not be written and wait."""

    day: date
    letters: int
    held_back: int
    unwritten: int
