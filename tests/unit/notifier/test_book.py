"""What a book of plays may say, and what is said of one that is wrong."""

import pytest

from services.notifier.plays.reading import parse_book
from tests.unit.notifier.people import BOOK

GOOD = """version = 1

[[play]]
id = "a"
on = ["rung.promoted"]
where = { to = { min = 4 } }
max_age_days = 14

[[play.step]]
do = "send"
mail = "thank_you"
"""


def test_the_book_as_shipped_is_whole() -> None:
    """Every play of it has something to do."""
    assert BOOK.play
    assert all(play.step for play in BOOK.play)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("rung.promoted", "rung.climbed", "line 3, play 'a': nothing is called 'rung.climbed'"),
        ("to =", "two =", "line 3, play 'a': where: rung.promoted says nothing called 'two'"),
        ("rung.promoted", "moment.easter", "line 3, play 'a': nothing is called 'moment.easter'"),
        ("rung.promoted", "moment.birthday", "line 3, play 'a': where: moment.birthday says nothing called 'to'"),
        ("max_age_days = 14", "max_age_days = 14\ncancel = ['moment.birthday']", "nothing that cancels is called"),
        ("max_age_days = 14", "max_age_days = 0", "line 3, play 'a': Expected `int` >= 1 - at `$.max_age_days`"),
        ("max_age_days = 14", "", "line 3, play 'a': Object missing required field `max_age_days`"),
        ('mail = "thank_you"', 'mail = "nothing"', "step 1: there is no template de/nothing.txt.j2"),
        ('"send"', '"shout"', "line 3, play 'a': Invalid value 'shout' - at `$.step[0].do`"),
        ('do = "send"', 'do = "perks"', "line 3, play 'a': Object contains unknown field `mail` - at `$.step[0]`"),
        ('mail = "thank_you"', 'mail = "thank_you"\n[[play.step]]\ndo = "wait"\ndays = 1', "the last step is a wait"),
        ("[[play.step]]", '[[play.step]]\ndo = "wait_for_end"\n[[play.step]]', "say when it ends"),
        ('mail = "thank_you"', 'mail = "thank_you"\n[[play.step]]\ndo = "rest"', "its rest would never end"),
        ("version = 1", "", "missing required field `version`"),
        ("version = 1", "version = 1\nplays = 3", "unknown field `plays`"),
        ("[[play]]", "[[play]]\npurpose = 'advertising'", "Invalid enum value 'advertising'"),
    ],
)
def test_every_fault_is_named_with_its_line(right: str, wrong: str, said: str) -> None:
    """By whoever reads the file."""
    with pytest.raises(ValueError, match=r".") as refused:
        parse_book(GOOD.replace(right, wrong, 1))

    assert said in str(refused.value)


def test_all_faults_are_named_at_once() -> None:
    """Nobody starts the program five times for five mistakes."""
    bad = GOOD.replace("rung.promoted", "rung.climbed").replace("thank_you", "nothing")

    with pytest.raises(ValueError, match="nothing is called") as refused:
        parse_book(bad + GOOD.partition("\n")[2].replace("min = 4", 'min = "x"'))

    for part in ("line 3", "line 13", "nothing is called", "de/nothing", "en/nothing", "$.where"):
        assert part in str(refused.value)


def test_an_id_is_given_once() -> None:
    """Messages are counted by it."""
    with pytest.raises(ValueError, match="'a' is in it twice"):
        parse_book(GOOD + GOOD.partition("\n")[2])
