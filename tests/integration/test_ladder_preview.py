"""A draft of the rules tried out on what is known, over HTTP, while the lanes are at work."""

import json
from collections import Counter
from typing import Any

import httpx

from services.ladder.core import fold
from services.ladder.core.rules import load
from services.ladder.core.standing import RUNGS
from services.ladder.lanes import rules_of
from services.ladder.reading import read_journal
from shared import events
from tests.cdnow import cdnow_purchases
from tests.integration.community import community
from tests.integration.ladder_http import ladder
from tests.make import RULES_TOML, day, purchase
from tests.seen import seen

TOML = RULES_TOML.read_text()
STRICTER = TOML.replace(
    'enter = { measure = "purchases", at_least = 1 }', 'enter = { measure = "purchases", at_least = 2 }'
)


async def lines(client: httpx.AsyncClient, draft: str, **parameters: Any) -> list[dict[str, Any]]:
    """The lines of a preview's answer."""
    answer = await client.post("/v1/rules/preview", params=parameters, content=draft)
    answer.raise_for_status()
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_the_rules_in_force_change_nothing_and_announce_what_was_announced(database: str) -> None:
    """Told anew with the rules as they are, everybody stands where they stand and the same would have been said."""
    facts = [fact for fact in cdnow_purchases() if fact.subject < "0200"]
    async with ladder(database) as (lanes, client):
        await lanes.tell(facts)
        await lanes.settled()
        *progress, last = await lines(client, TOML)
        told = await lines(client, TOML, answer="announcements")
        announced = await lanes.announcements()
    result, people = last["result"], len({fact.subject for fact in facts})
    assert [line["progress"]["people"] for line in progress] == [*range(100, people, 100), people]
    assert (result["people"], result["moved"]) == (people, 0)
    assert all(move["from"] == move["to"] for move in result["rungs"] + result["stages"])
    assert {line["id"]: line["type"] for line in told} == {one.id: events.type_of(one) for one in announced}
    assert result["announcements"] == Counter(seen(one).type for one in announced)


async def test_a_stricter_draft_says_who_would_stand_where(database: str) -> None:
    """The from-to matrix is that of folding everybody from nothing; refunds, referrals and late facts included."""
    facts = community(1)
    end = max(fact.at for fact in facts)
    async with ladder(database) as (lanes, client):
        await lanes.tell(facts)
        await lanes.settled()
        before = await lanes.pool.fetch("select lane, person, state from ladder.standing order by 1, 2")
        result = (await lines(client, STRICTER))[-1]["result"]
        bodies = await lanes.pool.fetch("select person, body from ladder.fact")
        after = await lanes.pool.fetch("select lane, person, state from ladder.standing order by 1, 2")
        shop = rules_of(lanes.settings)
    draft = load(STRICTER, time_zone=shop.time_zone)
    matrix: Counter[tuple[str, str]] = Counter()
    for person in {row["person"] for row in before}:
        known = [read_journal(row["body"]) for row in bodies if row["person"] == person]
        now, would = (fold.refold(known, rules, end) for rules in (shop, draft))
        assert now is not None
        assert would is not None
        matrix[RUNGS[now.rung - 1], RUNGS[would.rung - 1]] += 1
    assert {(move["from"], move["to"]): move["people"] for move in result["rungs"]} == matrix
    assert any(from_ != to for from_, to in matrix)
    assert before == after


async def test_a_sample_is_always_of_the_same_people(database: str) -> None:
    """A share of the people is chosen by their ids, so that two drafts are tried out on the same ones."""
    async with ladder(database) as (lanes, client):
        await lanes.tell([purchase(day(0), subject=f"c{number}") for number in range(200)])
        await lanes.settled()
        told = [await lines(client, draft, sample=0.3, answer="announcements") for draft in (TOML, TOML)]
        counted = (await lines(client, TOML, sample=0.3))[-1]["result"]["people"]
    assert told[0] == told[1]
    assert 0 < len({line["subject"] for line in told[0]}) == counted < 200


async def test_a_draft_that_cannot_be_used_is_refused_with_the_reason(database: str) -> None:
    """The key at fault is named."""
    async with ladder(database) as (_, client):
        answers = [
            await client.post("/v1/rules/preview", content=draft)
            for draft in ("version = 1", TOML.replace("lost_days = 365", "lost_days = 0"), "\x00", "x" * 300_000)
        ]
    assert [answer.status_code for answer in answers] == [422, 422, 422, 413]
    assert "lost_days" in answers[1].json()["errors"][0]["detail"]
