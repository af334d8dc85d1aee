"""The lane of a key is the one that Kafka's own clients choose."""

import pytest
from aiokafka.partitioner import murmur2 as murmur2_of_aiokafka
from hypothesis import given
from hypothesis import strategies as st

from shared.log.partitioner import lane_of, lanes_of, murmur2

# Kafka's own test: clients/src/test/java/org/apache/kafka/common/utils/UtilsTest.java, testMurmur2.
PUBLISHED = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


@pytest.mark.parametrize(("key", "signed"), PUBLISHED.items())
def test_published_hashes(key: bytes, signed: int) -> None:
    """The hashes in Kafka's own tests come out."""
    assert murmur2(key) == signed & 0xFFFFFFFF


def test_published_hashes_all_at_once() -> None:
    """The same hashes decide the lanes when a batch is placed at once."""
    keys = list(PUBLISHED) * 10
    assert lanes_of(keys, 1_000) == [(PUBLISHED[key] & 0x7FFFFFFF) % 1_000 for key in keys]


@given(st.binary(max_size=300), st.integers(1, 512))
def test_like_aiokafka(key: bytes, lanes: int) -> None:
    """Any key lands where aiokafka's partitioner would put it."""
    assert lane_of(key, lanes) == (murmur2_of_aiokafka(key) & 0x7FFFFFFF) % lanes


@given(st.lists(st.binary(max_size=40), max_size=80), st.integers(1, 512))
def test_a_batch_is_placed_as_its_keys_one_by_one(keys: list[bytes], lanes: int) -> None:
    """Placing many keys at once gives each the lane it has alone, whatever their lengths."""
    assert lanes_of(keys, lanes) == [lane_of(key, lanes) for key in keys]


def test_text_is_taken_as_utf8() -> None:
    """A text key and its UTF-8 bytes have the same lane."""
    assert lane_of("Käuferin", 64) == lane_of("Käuferin".encode(), 64)
