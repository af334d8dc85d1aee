"""The plays as notifiers tell them."""

from services.ladder.page.plays import Play, plays_of


def test_plays_are_found_in_either_form_of_the_book() -> None:
    """Under `play`, each with an id and steps, or each under its own name beside settings."""
    book = {"version": 2, "play": [{"id": "thanks", "on": ["rung.promoted"], "step": [{"do": "wait"}, {"do": "send"}]}]}
    assert plays_of(book) == [Play("thanks", ["rung.promoted"], ["wait", "send"])]
    assert plays_of({"version": 1, "control": 0.1, "win_back": {"offer": "x"}}) == [Play("win_back", [], [])]


def test_what_is_no_play_is_passed_over() -> None:
    """Whatever another version puts there."""
    assert plays_of({"play": ["x", {"on": []}]}) == [Play("None", [], [])]
    assert plays_of({}) == []
