"""What a dead letter says of a record that could not be read."""

from collections.abc import Callable
from enum import StrEnum

import msgspec
import pytest

from shared.events import Fact
from shared.lanes.letters import told


class Colour(StrEnum):
    RED = "red"


class Thing(msgspec.Struct, tag="thing"):
    colour: Colour | None = None
    counts: dict[str, int] | None = None
    parts: list["Thing"] | None = None


class Other(msgspec.Struct, tag="other"):
    pass


_thing: msgspec.json.Decoder[Thing | Other] = msgspec.json.Decoder(Thing | Other)


@pytest.mark.parametrize(
    ("body", "reason", "pointer"),
    [
        (b'{"type":"thing","colour":"mail to bob@example.org"}', "Invalid enum value", "/colour"),
        (b'{"type":"thing","colour":"bob\'s - at `$.parts`"}', "Invalid enum value", "/colour"),
        (b'{"type":"thing","parts":[{"type":"thing"},{"type":"bob"}]}', "Invalid value", "/parts/1/type"),
        (b'{"type":"thing","counts":{"bob@example.org":"no"}}', "Expected `int`, got `str`", "/counts"),
        (b'{"type":"thing"', "Input data was truncated", ""),
        (b'{"type" "thing"}', "JSON is malformed: expected ':' (byte 8)", ""),
        (b"[]", "Expected `object`, got `array`", ""),
    ],
)
def test_a_letter_names_the_place_and_never_the_value(body: bytes, reason: str, pointer: str) -> None:
    """msgspec's reason is told without the value it quotes, its place as a JSON pointer."""
    error = raised(lambda: _thing.decode(body))

    assert told(error) == (reason, pointer)


@pytest.mark.parametrize("name", ["bob@example.org", "bob's \"own\" 'one'", "bob\n\x00", 'bob"'])
def test_no_quoted_value_is_told(name: str) -> None:
    """However a value looks, neither it nor control characters are in the reason."""
    errors = [
        raised(lambda: msgspec.json.decode(msgspec.json.encode({"type": name}), type=Fact)),
        raised(lambda: int(name)),
    ]

    assert all("bob" not in told(error)[0] and told(error)[0].isprintable() for error in errors)


def test_what_has_no_quotes_is_told_as_it_is() -> None:
    """An apostrophe is no quotation mark."""
    assert told(ValueError("the record's key is not the person's")) == ("the record's key is not the person's", "")


def raised(act: Callable[[], object]) -> Exception:
    with pytest.raises(ValueError) as caught:
        act()
    return caught.value
