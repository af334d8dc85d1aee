"""A draft of the rules with fitted parameters: the text of the rules in force, only those lines replaced."""

import re
from typing import Final

from services.ladder.core.churn import Params
from services.ladder.core.rules import Money, Rules, RulesError, load

_SECTION: Final = re.compile(r"^\[[^\]]+\].*$", re.MULTILINE)
_FITTED: Final = re.compile(r"^# Fitted .*\n", re.MULTILINE)


def draft(text: str, params: Params, money: Money | None, note: str, exponent: int = 2) -> str:
    """The rules' text with these parameters and the next version; `note` says what they were fitted to.

    `exponent` is the number of decimals of the shop's currency.

    Without `money` what is there of it stays. Raises RulesError where the text is written so that the lines are not
    found.
    """
    version = load(text, exponent=exponent).version
    text = _replaced(text, {"version": str(version + 1)})
    text = _in_section(text, "churn", params._asdict(), note)
    if money is not None:
        if not re.search(r"^\[value\]", text, re.MULTILINE):
            text = f"{text.rstrip()}\n\n[value]\np = 1\nq = 2\ngamma = 1\n"
        text = _in_section(text, "value", money._asdict(), note)
    _check(load(text, exponent=exponent), version + 1, params, money)
    return text


def _in_section(text: str, name: str, values: dict[str, float], note: str) -> str:
    begin = re.search(rf"^\[{name}\].*\n", text, re.MULTILINE)
    if begin is None:
        raise RulesError(f"rules: [{name}] is not written as a table of its own, so its lines cannot be replaced")
    following = _SECTION.search(text, begin.end())
    end = following.start() if following else len(text)
    section = _FITTED.sub("", text[begin.end() : end])
    written = {key: f"{value:.6g}" for key, value in values.items()}
    return f"{text[: begin.end()]}# Fitted {note}\n{_replaced(section, written)}{text[end:]}"


def _replaced(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = re.sub(rf"^({name}\s*=\s*)[^\s#]+", rf"\g<1>{value}", text, count=1, flags=re.MULTILINE)
    return text


def _check(rules: Rules, version: int, params: Params, money: Money | None) -> None:
    """What is read from the draft is what was meant to be written."""
    meant = [version, *params, *(money or ())]
    found = [rules.version, *rules.churn.params]
    if money is not None:
        found += [rules.value.p, rules.value.q, rules.value.gamma]
    if any(abs(one - other) > 1e-5 * other for one, other in zip(found, meant, strict=True)):
        raise RulesError("rules: [churn] or [value] is not written one key a line, so its lines cannot be replaced")
