"""What both logs promise. Every test runs on PostgreSQL and on Kafka."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress

import pytest

from shared.log import MAX_ENTRY_BYTES, Entry, Log, LostRecordsError, Reader, Record, Topic, TopicMismatchError
from tests.integration.log_stores import KafkaStore, PostgresStore, Store, opened
from tests.until import until

FACTS = Topic("facts", lanes=4)
NEWS = Topic("news", lanes=4)


@pytest.fixture(params=["postgres", "kafka"])
def store(request: pytest.FixtureRequest) -> Store:
    """An empty store of each kind."""
    if request.param == "postgres":
        return PostgresStore(request.getfixturevalue("database"))
    return KafkaStore(request.getfixturevalue("kafka"), request.getfixturevalue("topic_prefix"))


def numbered(topic: str, lane: int, numbers: Iterable[int], key: bytes = b"k") -> list[Entry]:
    """One entry per number, its text as the value."""
    return [Entry(topic, lane, key, b"%d" % number) for number in numbers]


async def taken(reader: Reader, count: int) -> list[Record]:
    """The next `count` records."""
    records: list[Record] = []
    while len(records) < count:
        records += await asyncio.wait_for(reader.take(1_000, 15), 20)
    return records


def values(records: Iterable[Record]) -> list[bytes]:
    return [record.value for record in records]


async def test_records_come_back_as_they_were_appended(store: Store) -> None:
    """Keys and values are opaque: no byte of them changes, and a missing key stays missing."""
    every_byte = bytes(range(256))
    async with opened(store, FACTS) as log:
        await log.append([Entry("facts", 1, every_byte, every_byte * 3), Entry("facts", 1, None, b"")])
        reader = await log.reader(1, {"facts": 0})
        assert await taken(reader, 2) == [
            Record("facts", 1, 0, every_byte, every_byte * 3),
            Record("facts", 1, 1, None, b""),
        ]
        await reader.close()


async def test_a_reader_reads_its_lane_and_its_topics_only(store: Store) -> None:
    """Several topics of one lane come through one reader, each in its order; other lanes and topics do not."""
    async with opened(store, FACTS, NEWS, Topic("other", 4)) as log:
        for lane in range(4):
            for topic in ("facts", "news", "other"):
                await log.append(numbered(topic, lane, range(lane * 100, lane * 100 + 10)))
        reader = await log.reader(2, {"facts": 0, "news": 4})
        records = await taken(reader, 16)
        assert [record for record in records if record.topic == "facts"] == [
            Record("facts", 2, offset, b"k", b"%d" % (200 + offset)) for offset in range(10)
        ]
        assert [record for record in records if record.topic == "news"] == [
            Record("news", 2, offset, b"k", b"%d" % (200 + offset)) for offset in range(4, 10)
        ]
        assert await reader.take(10, 0.2) == []
        await reader.close()


async def test_a_limit_is_kept_and_loses_nothing(store: Store) -> None:
    """A small limit gives the records in more and smaller parts, none of them missing or twice."""
    async with opened(store, FACTS, NEWS) as log:
        await log.append(numbered("facts", 0, range(25)) + numbered("news", 0, range(3)))
        reader = await log.reader(0, {"facts": 0, "news": 0})
        parts: list[list[Record]] = []
        while sum(map(len, parts)) < 28:
            parts.append(await reader.take(4, 15))
        records = [record for part in parts for record in part]
        assert max(map(len, parts)) <= 4
        assert values(r for r in records if r.topic == "facts") == [b"%d" % n for n in range(25)]
        assert values(r for r in records if r.topic == "news") == [b"%d" % n for n in range(3)]
        await reader.close()


async def test_a_waiting_reader_is_woken_by_another_process(store: Store) -> None:
    """A reader that waits for the first record gets it when another process has appended it."""
    async with opened(store, FACTS) as log, opened(store, FACTS) as other:
        reader = await log.reader(3, {"facts": 0})
        waiting = asyncio.create_task(reader.take(10, 30))
        await other.append(numbered("facts", 3, [7]))
        assert values(await waiting) == [b"7"]
        await reader.close()


async def test_positions(store: Store) -> None:
    """First and end positions tell of every lane which offsets are there."""
    async with opened(store, FACTS) as log:
        assert await log.first_positions("facts") == await log.end_positions("facts") == {0: 0, 1: 0, 2: 0, 3: 0}
        await log.append(numbered("facts", 1, range(3)) + numbered("facts", 2, range(5)))
        assert await log.end_positions("facts") == {0: 0, 1: 3, 2: 5, 3: 0}
        assert await log.first_positions("facts") == {0: 0, 1: 0, 2: 0, 3: 0}


async def test_positions_at_an_instant(store: Store) -> None:
    """What was appended before it lies before them, what came later behind; of lanes without more, the end."""
    async with opened(store, FACTS) as log:
        await log.append(numbered("facts", 1, range(3)) + numbered("facts", 2, range(5)))
        await asyncio.to_thread(until_the_clock_passes, between := time.time() + 0.1)
        await log.append(numbered("facts", 1, range(7)))
        at = round(between * 1_000_000)
        assert await log.positions_at("facts", at) == {0: 0, 1: 3, 2: 5, 3: 0}
        assert await log.positions_at("facts", 0) == await log.first_positions("facts")
        assert await log.positions_at("facts", at + 3_600_000_000) == await log.end_positions("facts")


def until_the_clock_passes(instant: float) -> None:
    """Instants are what this is about: it must be later, and nothing else tells so."""
    while time.time() <= instant:
        pass


async def test_reading_goes_on_where_it_ended(store: Store) -> None:
    """What was appended before is there for a process that starts later, from any position on."""
    async with opened(store, FACTS) as log:
        await log.append(numbered("facts", 0, range(10)))
    async with opened(store, FACTS) as log:
        await log.append(numbered("facts", 0, range(10, 12)))
        reader = await log.reader(0, {"facts": 6})
        assert values(await taken(reader, 6)) == [b"%d" % n for n in range(6, 12)]
        await reader.close()


async def test_a_topic_is_read_to_the_end_it_had(store: Store) -> None:
    """`take_until` gives one topic up to that offset; what follows it and the other topics stay for `take`."""
    async with opened(store, FACTS, NEWS) as log:
        await log.append(numbered("news", 1, range(7)) + numbered("facts", 1, range(3)))
        end = (await log.end_positions("news"))[1]
        await log.append(numbered("news", 1, range(7, 9)))
        reader = await log.reader(1, {"facts": 0, "news": 0})
        assert values(await reader.take_until("news", end)) == [b"%d" % n for n in range(7)]
        assert await reader.take_until("news", end) == []
        rest = await taken(reader, 5)
        assert values(r for r in rest if r.topic == "facts") == [b"0", b"1", b"2"]
        assert values(r for r in rest if r.topic == "news") == [b"7", b"8"]
        await reader.close()


async def test_what_was_taken_does_not_come_again_with_take_until(store: Store) -> None:
    """After some records were taken, reading to the end gives those behind them."""
    async with opened(store, NEWS) as log:
        await log.append(numbered("news", 1, range(7)))
        reader = await log.reader(1, {"news": 0})
        some = await reader.take(2, 15)
        assert values(some + await reader.take_until("news", 7)) == [b"%d" % n for n in range(7)]
        await reader.close()


async def test_readers_of_one_lane_do_not_disturb_each_other(store: Store) -> None:
    """Two services of a process read the same lane at their own pace, each from its own position."""
    async with opened(store, FACTS) as log:
        await log.append(numbered("facts", 0, range(5)))
        behind, ahead = await log.reader(0, {"facts": 0}), await log.reader(0, {"facts": 4})
        assert values(await taken(ahead, 1)) == [b"4"]
        await log.append(numbered("facts", 0, range(5, 10)))
        assert values(await taken(ahead, 5)) == [b"5", b"6", b"7", b"8", b"9"]
        assert values(await taken(behind, 10)) == [b"%d" % n for n in range(10)]
        await behind.close()
        await ahead.close()


async def _append_alternately(log: Log, name: bytes, rounds: int) -> None:
    """Each round one append over two lanes, its values counting up."""
    for number in range(rounds):
        await log.append([Entry("facts", lane, name, b"%d" % number) for lane in (number % 4, (number + 1) % 4)])


def _by_key(records: Iterable[Record]) -> dict[bytes, list[int]]:
    found: dict[bytes, list[int]] = defaultdict(list)
    for record in records:
        assert record.key is not None
        found[record.key].append(int(record.value))
    return found


async def test_a_reader_skips_nothing_while_many_append(store: Store) -> None:
    """A reader at the end of a lane gets every record of three processes' sixty appenders, each one's in order."""
    rounds, names = 40, [b"%d" % n for n in range(60)]
    async with opened(store, FACTS) as a, opened(store, FACTS) as b, opened(store, FACTS) as c:
        readers = [await a.reader(lane, {"facts": 0}) for lane in range(4)]
        reading = [asyncio.create_task(taken(reader, rounds * len(names) // 2)) for reader in readers]
        logs = (a, b, c)
        await asyncio.gather(*(_append_alternately(logs[n % 3], name, rounds) for n, name in enumerate(names)))
        for lane, records in enumerate(await asyncio.gather(*reading)):
            mine = [n for n in range(rounds) if lane in (n % 4, (n + 1) % 4)]
            assert _by_key(records) == dict.fromkeys(names, mine)
            assert [record.offset for record in records] == sorted({record.offset for record in records})
        for reader in readers:
            await reader.close()


async def test_a_cancelled_take_loses_nothing(store: Store) -> None:
    """Cancelling a reader's wait at any moment neither loses records nor gives them twice."""
    async with opened(store, FACTS) as log:
        reader = await log.reader(0, {"facts": 0})
        appending = asyncio.create_task(_append_one_by_one(log, 60))
        got: list[Record] = []
        pause = 0.0
        while len(got) < 60:
            taking = asyncio.create_task(reader.take(5, 15))
            await asyncio.wait([taking], timeout=pause)
            pause = (pause + 0.0007) % 0.01
            if not taking.cancel():
                got += taking.result()
        await appending
        assert values(got) == [b"%d" % n for n in range(60)]
        await reader.close()


async def _append_one_by_one(log: Log, count: int) -> None:
    for number in range(count):
        await log.append(numbered("facts", 0, [number]))


async def test_a_position_beyond_the_end_is_refused(store: Store) -> None:
    """A checkpoint ahead of the log means that the log has lost records: no reader is made."""
    async with opened(store, FACTS) as log:
        await log.append(numbered("facts", 0, range(3)))
        with pytest.raises(LostRecordsError):
            await log.reader(0, {"facts": 4})


async def test_a_position_whose_records_are_gone_is_refused(store: Store) -> None:
    """When retention has passed a checkpoint, reading from there is refused and the first position has risen."""
    async with opened(store, FACTS) as log:
        await log.append(numbered("facts", 2, range(8)))
        await store.forget("facts", 2, before=5)

        async def forgotten() -> bool:
            return await log.first_positions("facts") == {0: 0, 1: 0, 2: 5, 3: 0}

        await until(forgotten)
        with pytest.raises(LostRecordsError):
            await log.reader(2, {"facts": 4})
        reader = await log.reader(2, {"facts": 5})
        assert values(await taken(reader, 3)) == [b"5", b"6", b"7"]
        await reader.close()


async def test_a_reader_never_goes_on_behind_a_gap(store: Store) -> None:
    """A reader that retention has overtaken raises, unless it had fetched the records before."""
    async with opened(store, FACTS) as log:
        await log.append(numbered("facts", 2, range(8)))
        reader = await log.reader(2, {"facts": 0})
        await store.forget("facts", 2, before=5)

        async def forgotten() -> bool:
            return (await log.first_positions("facts"))[2] == 5

        await until(forgotten)
        with suppress(LostRecordsError):
            assert [record.offset for record in await taken(reader, 8)] == list(range(8))
        await reader.close()


async def test_another_number_of_lanes_is_refused(store: Store) -> None:
    """Opening a topic with another number of lanes than it was made with names both numbers."""
    async with opened(store, FACTS):
        other = store.log()
        with pytest.raises(TopicMismatchError, match="facts has 4 lanes, not 8"):
            await other.open([Topic("facts", 8)])
        await other.close()


async def test_processes_that_start_together_make_the_topics_once(store: Store) -> None:
    """Five processes that open the same missing topics at the same time all find them afterwards."""
    logs = [store.log() for _ in range(5)]
    await asyncio.gather(*(log.open([FACTS, NEWS]) for log in logs))
    await logs[0].append(numbered("news", 3, [1]))
    assert [await log.end_positions("news") for log in logs] == [{0: 0, 1: 0, 2: 0, 3: 1}] * 5
    for log in logs:
        await log.close()


async def test_a_second_open_adds_topics(store: Store) -> None:
    """Services that share a log each open what they need; reading what came later disturbs no earlier reader."""
    async with opened(store, FACTS) as log:
        earlier = await log.reader(0, {"facts": 0})
        assert await earlier.take(10, 0.2) == []
        await log.open([FACTS, NEWS])
        later = await log.reader(0, {"news": 0})
        await log.append(numbered("news", 0, [1]) + numbered("facts", 0, [2]))
        assert values(await taken(later, 1)) == [b"1"]
        assert values(await taken(earlier, 1)) == [b"2"]
        await earlier.close()
        await later.close()


async def test_an_unknown_place_is_refused(store: Store) -> None:
    """Appending to a topic that was not opened, or to a lane it does not have, is an error and appends nothing."""
    async with opened(store, FACTS) as log:
        for topic, lane in (("news", 0), ("facts", 4)):
            with pytest.raises(ValueError, match="was not opened"):
                await log.append([Entry("facts", 0, b"k", b"v"), Entry(topic, lane, b"k", b"v")])
        assert await log.end_positions("facts") == {0: 0, 1: 0, 2: 0, 3: 0}


async def test_a_large_value(store: Store) -> None:
    """A record may be as large as promised, several of them in one append; a larger one is refused."""
    large = bytes(range(250)) * (MAX_ENTRY_BYTES // 250)
    async with opened(store, FACTS) as log:
        await log.append([Entry("facts", 0, None, large)] * 12)
        with pytest.raises(ValueError, match="bytes"):
            await log.append([Entry("facts", 0, b"k", b"v"), Entry("facts", 0, b"k", large)])
        reader = await log.reader(0, {"facts": 0})
        assert values(await taken(reader, 12)) == [large] * 12
        await reader.close()


async def test_many_records_in_one_append(store: Store) -> None:
    """Ten thousand records of one append arrive in their order in every lane."""
    async with opened(store, FACTS) as log:
        entries = [Entry("facts", n % 4, b"k%d" % n, b"%d" % n + b"x" * 200) for n in range(10_000)]
        await log.append(entries)
        for lane in range(4):
            reader = await log.reader(lane, {"facts": 0})
            assert values(await taken(reader, 2_500)) == [entry.value for entry in entries if entry.lane == lane]
            await reader.close()


async def test_nothing_to_append(store: Store) -> None:
    """An empty append succeeds."""
    async with opened(store, FACTS) as log:
        await log.append([])


async def test_closing_awaits_what_is_under_way(store: Store) -> None:
    """An append that was under way when the log was closed is durable or has raised."""
    log = store.log()
    await log.open([FACTS])
    appending = asyncio.create_task(log.append(numbered("facts", 0, range(500))))
    await asyncio.wait([appending], timeout=0)
    await log.close()
    await appending
    async with opened(store, FACTS) as log:
        assert (await log.end_positions("facts"))[0] == 500
