"""The lane of a key, as Kafka's own clients compute it: toPositive(murmur2(key)) mod lanes.

The Java client's `org.apache.kafka.common.utils.Utils.murmur2`; any other producer of the same topic agrees with it.
"""

from collections.abc import Sequence
from struct import unpack_from
from typing import Final

import numpy as np
from numpy.typing import NDArray

_SEED: Final = 0x9747B28C
_M: Final = 0x5BD1E995
_MASK: Final = 0xFFFFFFFF
_POSITIVE: Final = 0x7FFFFFFF

# Below this many keys the fixed cost of the array operations is more than they save.
_SMALL: Final = 24

# The last one to three bytes of a key count, what is read behind them does not.
_TAIL: Final = np.array([0x0, 0xFF, 0xFFFF, 0xFFFFFF], dtype=np.uint32)


def lane_of(key: str | bytes, lanes: int) -> int:
    """The lane of one key (text as UTF-8) among `lanes`."""
    return (murmur2(key.encode() if isinstance(key, str) else key) & _POSITIVE) % lanes


def lanes_of(keys: Sequence[bytes], lanes: int) -> list[int]:
    """The lane of each of many keys, in their order."""
    if len(keys) < _SMALL:
        return [(murmur2(key) & _POSITIVE) % lanes for key in keys]
    placed: list[int] = ((_murmur2_of_many(keys) & _POSITIVE) % lanes).tolist()
    return placed


def murmur2(data: bytes) -> int:
    """The 32-bit hash, unsigned."""
    length = len(data)
    whole = length & ~3
    h = _SEED ^ length
    for word in unpack_from(f"<{length >> 2}I", data):
        k = word * _M & _MASK
        h = (h * _M & _MASK) ^ ((k ^ k >> 24) * _M & _MASK)
    if whole != length:
        h = (h ^ int.from_bytes(data[whole:], "little")) * _M & _MASK
    h = (h ^ h >> 13) * _M & _MASK
    return h ^ h >> 15


def _murmur2_of_many(keys: Sequence[bytes]) -> NDArray[np.uint32]:
    lengths = np.fromiter(map(len, keys), dtype=np.int64, count=len(keys))
    starts = np.cumsum(lengths) - lengths
    words = _words_at_every_byte(b"".join(keys))
    h = np.uint32(_SEED) ^ lengths.astype(np.uint32)
    _mix_whole_words(h, words, starts, lengths >> 2)
    rest = lengths & 3
    mixed = (h ^ (words[starts + lengths - rest] & _TAIL[rest])) * np.uint32(_M)
    h = np.where(rest > 0, mixed, h)
    h = (h ^ (h >> np.uint32(13))) * np.uint32(_M)
    return h ^ (h >> np.uint32(15))


def _words_at_every_byte(data: bytes) -> NDArray[np.uint32]:
    """The little-endian word that starts at each byte, and one behind the last."""
    return np.ndarray((len(data) + 1,), dtype="<u4", buffer=data + bytes(4), strides=(1,))


def _mix_whole_words(
    h: NDArray[np.uint32], words: NDArray[np.uint32], starts: NDArray[np.int64], counts: NDArray[np.int64]
) -> None:
    """Mix word after word into all hashes at once; longest keys first, so that those still at it are a prefix."""
    order = np.argsort(-counts, kind="stable")
    sorted_h, at, ascending = h[order], starts[order], counts[order][::-1]
    for step in range(int(ascending[-1])):
        active = len(ascending) - int(np.searchsorted(ascending, step, side="right"))
        k = words[at[:active] + 4 * step] * np.uint32(_M)
        k = (k ^ (k >> np.uint32(24))) * np.uint32(_M)
        sorted_h[:active] = sorted_h[:active] * np.uint32(_M) ^ k
    h[order] = sorted_h
