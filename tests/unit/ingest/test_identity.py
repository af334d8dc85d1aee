"""Ids of events that come without one: posting again doubles nothing."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.accept import Acceptance
from shared.instants import DAY
from tests.make import NOW, posted, posted_purchase
from tests.unit.ingest.judged import judged


def ids(acceptance: Acceptance) -> list[str | None]:
    return [result.id for result in acceptance.results]


def test_a_purchase_is_known_by_its_order() -> None:
    """Whatever else is told of it, and whenever: same source, person and order, same id."""
    first = judged(posted_purchase("49.90", time=None))
    again = judged([posted_purchase("50.00", source="shop")], now=NOW + DAY, key="k")

    assert ids(first) == ids(again)


@pytest.mark.parametrize("other", [{"order_id": "o2"}, {"subject": "c2"}, {"source": "till"}])
def test_another_order_is_another_purchase(other: dict[str, str]) -> None:
    """Source, person and order each make a difference."""
    assert ids(judged(posted_purchase())) != ids(judged(posted_purchase(**other)))


def test_another_fact_is_known_by_what_was_sent() -> None:
    """The same bytes are the same fact, on any day and in any request."""
    event = posted("contact.engaged", {"kind": "opened"})

    assert ids(judged(event)) == ids(judged([posted(), event], now=NOW + DAY))[1:]
    assert ids(judged(event)) != ids(judged(posted("contact.engaged", {"kind": "clicked"})))


def test_space_around_an_event_is_not_part_of_it() -> None:
    """A list that is written over several lines is the same list."""
    event = msgspec.json.encode(posted())

    assert ids(judged(b"\n " + event + b" ")) == ids(judged(event)) == ids(judged(b"[ " + event + b"\n]"))


def test_the_idempotency_key_tells_occasions_apart() -> None:
    """With the key the same event again is the same fact, under another key it is another."""
    event = posted(time=None)
    first, again = judged(event, key="k1"), judged(event, now=NOW + DAY, key="k1")

    assert ids(first) == ids(again) != ids(judged(event, key="k2"))
    assert first.results[0].repeatable is msgspec.UNSET


def test_what_cannot_be_told_from_another_occasion_is_new_each_time() -> None:
    """Neither id nor time nor key: the id comes from the id source, and the answer says so."""
    found = judged([posted(time=None), posted(time=None)])

    assert ids(found) == ["new-0", "new-1"]
    assert msgspec.to_builtins(found.results)[0] == {"id": "new-0", "status": "accepted", "repeatable": False}


def test_an_id_that_was_given_is_kept() -> None:
    """Whoever names an event is believed."""
    assert ids(judged(posted_purchase(id="e7"))) == ["e7"]


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_the_id_of_a_purchase_is_a_function_of_its_order(subject: str, order_id: str) -> None:
    """For any ids that are taken: posted twice, at two times and two amounts, it is one purchase."""
    one = judged(posted_purchase(subject=subject, order_id=order_id))
    two = judged(posted_purchase("1.00", subject=subject, order_id=order_id, time=None), now=NOW + DAY)

    assert ids(one) == ids(two)
