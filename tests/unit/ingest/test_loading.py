"""How the loader reads, orders and cuts a history."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.loading import history
from services.ingest.loading.delivery import batches
from services.ingest.loading.history import Line, Refused, TooLongError, in_order
from services.ingest.loading.progress import Progress
from services.ingest.loading.rows import Reading, Row, rows
from shared import instants
from tests.make import posted

TIMES = st.integers(0, 20).map(lambda day: instants.text(day * instants.DAY))


def row(number: int, time: str, id_: str = "e") -> Row:
    return Row(number, msgspec.json.encode(posted(time=time, id=id_)))


@given(st.lists(st.tuples(TIMES, st.sampled_from("abc"))))
def test_a_history_is_put_in_the_order_of_time_and_id(places: list[tuple[str, str]]) -> None:
    """Whatever the order of the file; what is equal stays in the file's order, and nothing is lost."""
    file = [row(number, time, id_) for number, (time, id_) in enumerate(places)]

    ordered = [line for line in in_order(lambda: file) if isinstance(line, Line)]

    assert [(line.at, line.id, line.number) for line in ordered] == sorted(
        (instants.parse(time), id_, number) for number, (time, id_) in enumerate(places)
    )


def test_a_file_in_order_may_be_of_any_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what must be sorted is held in memory, and that has a limit."""
    monkeypatch.setattr(history, "MOST_SORTED", 3)
    file = [row(day, instants.text(day * instants.DAY)) for day in range(10)]

    assert len(list(in_order(lambda: file))) == 10
    with pytest.raises(TooLongError):
        in_order(lambda: reversed(file))


def test_an_event_without_a_time_is_no_history() -> None:
    """It would be taken as happening now, and time would jump."""
    [refused] = in_order(lambda: [Row(7, msgspec.json.encode(posted(time=None)))])

    assert isinstance(refused, Refused)
    assert (refused.line, "time is missing" in refused.why) == (7, True)


@given(st.lists(st.integers(1, 2_000_000), max_size=12), st.integers(1, 5))
def test_batches_fit_into_requests(sizes: list[int], most: int) -> None:
    """By number and by bytes, with nothing left out."""
    lines = [Line(0, "", number, b"x" * size) for number, size in enumerate(sizes)]

    cut = list(batches(lines, most))

    assert [line for batch in cut for line in batch] == lines
    assert all(0 < len(batch) <= most for batch in cut)
    assert all(sum(len(line.event) + 1 for line in batch) + 1 <= 5_000_000 for batch in cut)


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    """A cell over several lines moves the numbers of those behind it."""
    file = tmp_path / "shop.csv"
    file.write_text('subject,note\nc1,"a\nb\nc"\nc2,x\n')

    assert [row.line for row in rows(file, Reading())] == [2, 5]


@pytest.mark.parametrize(
    ("type_", "name", "cell", "value"),
    [
        ("contact.rated", "score", "9", 9),
        ("contact.rated", "score", "nine", "nine"),
        ("referral.voiced", "positive", "true", True),
        ("purchase.completed", "amount", "49.90", "49.90"),
        ("purchase.completed", "order_id", "17", "17"),
        ("purchase.completed", "items", '[{"sku":"a"}]', [{"sku": "a"}]),
        ("purchase.completed", "unknown", "17", "17"),
        ("no.such", "score", "9", "9"),
    ],
)
def test_a_cell_is_what_its_field_wants(tmp_path: Path, type_: str, name: str, cell: str, value: object) -> None:
    """Text where text will do, otherwise JSON; what fits neither is left for ingest to refuse."""
    file = tmp_path / "shop.csv"
    quoted = cell.replace('"', '""')
    file.write_text(f'type,subject,{name}\n{type_},c1,"{quoted}"\n')

    [found] = rows(file, Reading())

    assert msgspec.json.decode(found.event)["data"] == {name: value}


def test_progress_outlives_the_process(tmp_path: Path) -> None:
    """What was answered and what was refused; a torn last line does not count."""
    path = tmp_path / "shop.csv.progress"
    Progress.resumed(path, "a").advance(3, [Refused(2, "why")])
    with path.open("ab") as torn:
        torn.write(b'{"done":')

    resumed = Progress.resumed(path, "a")

    assert (resumed.done, resumed.refused) == (3, [Refused(2, "why")])
    assert Progress.resumed(path, "b").done == 0
