"""A sample of each message, as it was when first released: they never change, and are always understood."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared import events
from shared.notices import Notice

SAMPLES = sorted(Path(__file__).parent.glob("*.json"))
Message = events.Fact | events.Internal | events.Announcement | events.Tick | Notice
KINDS = Message.__args__

_decoder: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)


def test_there_is_a_sample_of_each_type() -> None:
    """No message goes out whose shape is not held fast."""
    assert {path.stem for path in SAMPLES} == {events.type_of(kind) for kind in KINDS}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_is_read_and_written_as_ever(path: Path) -> None:
    """Whatever the sample says is still said by what is made of it; fields may only have been added, and empty."""
    sample = path.read_bytes()
    written = msgspec.json.decode(_encoded(_decoder.decode(sample)))
    assert _without_additions(written, msgspec.json.decode(sample)) == msgspec.json.decode(sample)


def _encoded(message: Message) -> bytes:
    return msgspec.json.encode(message) if isinstance(message, Notice) else events.encode(message)


def _without_additions(written: Any, sample: Any) -> Any:
    if isinstance(written, dict) and isinstance(sample, dict):
        added = {name for name in written.keys() - sample.keys() if written[name] is not None}
        assert not added
        return {name: _without_additions(written[name], sample[name]) for name in sample if name in written}
    if isinstance(written, list) and isinstance(sample, list):
        return [_without_additions(*both) for both in zip(written, sample, strict=True)]
    return written
