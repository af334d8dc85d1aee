"""The history that the demo tells."""

from itertools import groupby

import pytest

from demo.happening import Happening
from demo.history import History, history
from demo.story import PREFIX
from services.ladder.core import fold
from services.ladder.core.decide import Change
from shared import instants
from shared.events import Fact
from tests import make


@pytest.fixture(scope="module")
def past() -> History:
    return history()


def test_the_history_is_told_in_the_order_of_its_time_and_lies_within_the_days_of_the_log(past: History) -> None:
    places = [(each.time, each.id) for each in past.happenings]

    assert places == sorted(places)
    assert (places[0][0][:10], places[-1][0][:10]) == ("1997-01-01", "1998-06-30")


def test_the_chapters_are_the_whole_history_in_its_order(past: History) -> None:
    told = [each for _, _, happenings in past.chapters() for each in happenings]

    assert told == list(past.happenings)


def test_whatever_is_invented_says_so(past: History) -> None:
    """What is not an order of the log has the source `invented`, and invented persons are known by their ids."""
    for each in past.happenings:
        assert each.source == ("cdnow" if each.id == each.data.get("order_id") else "invented")
        assert each.person.startswith(PREFIX) or len(each.person) == 4


def test_an_invented_address_moves_nobody_on_the_ladder(past: History) -> None:
    """Of the real people the same is announced with the addresses and consents as without them."""
    people = sorted(
        (each for each in past.happenings if not each.person.startswith(PREFIX)), key=lambda each: each.person
    )
    for _, group in groupby(people, key=lambda each: each.person):
        life = [*group]
        assert announced(life) == announced([each for each in life if each.source == "cdnow"])


def announced(life: list[Happening]) -> list[Change]:
    """What is announced of one person."""
    standing, told = None, []
    for each in life:
        standing, changes = fold.step(standing, fact(each), make.rules())
        told += changes
    return told


def fact(happening: Happening) -> Fact:
    """The happening as the ladder gets it, which is without the profile."""
    data = {name: cell for name, cell in happening.data.items() if not name.startswith("profile.")}
    at = instants.parse(happening.time)
    return make.fact(happening.type, at, id_=happening.id, source=happening.source, subject=happening.person, **data)
