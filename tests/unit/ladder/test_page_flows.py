"""Who went up and down, as the picture shows it."""

from services.ladder.figures.answers import Flows, Period, Place, Way
from services.ladder.page.figures import moved


def way(from_: int | None, to: int, people: int) -> Way:
    place = None if from_ is None else Place(rung=from_, phase="active", stage="growth")
    return Way(from_=place, to=Place(rung=to, phase="active", stage="retention"), people=people, spent="0.00")


def test_each_rung_is_told_who_came_up_and_down_to_it() -> None:
    """Newly known people come up; whoever only changes the phase goes nowhere."""
    ways = [way(None, 1, 5), way(1, 3, 2), way(2, 3, 1), way(5, 3, 4), way(3, 3, 9)]
    period = Period(first="2024-01-01", last="2024-01-07", days=7)
    found = moved(Flows(period=period, currency="EUR", ways=ways, rungs=[]))
    assert found.up == {1: 5, 3: 3}
    assert found.down == {3: 4}
