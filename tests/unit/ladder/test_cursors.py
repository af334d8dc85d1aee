import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ladder import cursors
from services.ladder.cursors import FeedCursor, HistoryCursor, PeopleCursor
from shared.http import Problem

counts = st.integers(0, 2**63 - 1)
persons = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=200)
any_cursor = st.one_of(
    st.builds(FeedCursor, counts, st.lists(counts, max_size=64)),
    st.builds(HistoryCursor, counts),
    st.builds(PeopleCursor, st.integers(-1, 1023), persons),
)


@given(any_cursor)
def test_a_cursor_comes_back_as_it_was_given(cursor: FeedCursor | HistoryCursor | PeopleCursor) -> None:
    """Every cursor survives its own text, which needs no escaping in a URL."""
    text = cursors.encode(cursor)
    assert cursors.decode(text, type(cursor)) == cursor  # type: ignore[type-var]
    assert text.replace("-", "").replace("_", "").isalnum()


@given(any_cursor, st.sampled_from([FeedCursor, HistoryCursor, PeopleCursor]))
def test_a_cursor_of_another_list_is_refused(
    cursor: FeedCursor | HistoryCursor | PeopleCursor, kind: type[FeedCursor]
) -> None:
    """A cursor opens only the list that gave it out."""
    if isinstance(cursor, kind):
        return
    with pytest.raises(Problem) as refused:
        cursors.decode(cursors.encode(cursor), kind)
    assert refused.value.status == 400


@given(st.one_of(st.text(), st.text("ABCDwxyz0189-_"), st.binary().map(lambda data: data.decode("latin-1"))))
def test_anything_else_is_refused(text: str) -> None:
    """Text that is no cursor is a problem of the client, never an error of ours."""
    with pytest.raises(Problem) as refused:
        cursors.decode(text, FeedCursor)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "told",
    [["a", 0, [-1]], ["a", 0, [2**63]], ["a", 0, ["1"]], ["h", -1], ["p", 0, "a\0b"], ["p", 2**31, ""], ["p", 0]],
)
def test_places_that_no_list_has_are_refused(told: list[object]) -> None:
    """A cursor that was forged with numbers or text which the database would not take is refused as well."""
    forged = base64.urlsafe_b64encode(msgspec.msgpack.encode(told)).rstrip(b"=").decode()
    for kind in (FeedCursor, HistoryCursor, PeopleCursor):
        with pytest.raises(Problem):
            cursors.decode(forged, kind)  # type: ignore[type-var]
