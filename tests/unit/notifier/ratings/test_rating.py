"""The links of a survey: good for one thumb of one message, and for nothing else."""

import pytest

from services.notifier.message import message_id
from services.notifier.ratings.rating import Rating, Thumb, rating_token, read_rating
from services.notifier.sealed import CONFIRM, Link, read_token, token
from tests.make import day

SECRET = b"s" * 32
LINK = Link("kündin/7", message_id("served", "kündin/7", "shop/s1"))


@pytest.mark.parametrize("thumb", [*Thumb])
def test_a_link_gives_its_own_thumb(thumb: Thumb) -> None:
    """And neither the other one, nor anything else that links of ours do."""
    text = rating_token(SECRET, LINK, thumb)

    assert read_rating(SECRET, text) == (LINK, thumb)
    assert read_token(SECRET, text) is None
    assert read_token(SECRET, text, CONFIRM) is None


def test_other_links_rate_nothing() -> None:
    """Those of other uses, of other secrets, and what is none of ours."""
    others = [token(SECRET, LINK), token(SECRET, LINK, CONFIRM), rating_token(b"another", LINK, Thumb.UP), "", "ü"]

    assert [read_rating(SECRET, each) for each in others] == [None] * len(others)


def test_a_message_has_one_rating() -> None:
    """Its fact has the same id whichever thumb it is and whenever it was given; another message has another."""
    up = Rating(LINK.person, LINK.message, Thumb.UP, day(1))
    down = Rating(LINK.person, LINK.message, Thumb.DOWN, day(2))

    assert (up.thumb.score, down.thumb.score) == (10, 0)
    assert up.id == down.id
    assert up.id != Rating(LINK.person, message_id("served", LINK.person, "shop/s2"), Thumb.UP, day(1)).id
