"""API keys, made with the project's own command."""

from pathlib import Path

import httpx

from tests.e2e.deployment import REPLAY, deployed
from tests.integration.log_stores import Store
from tests.make import posted_purchase
from tests.system import run


async def test_a_key_opens_what_its_scope_names(database: str, embedded: Store, tmp_path: Path) -> None:
    """Without a key 401, with one of another scope 403, with the right one the answer; an admin's opens all."""
    file = tmp_path / "keys"
    settings = {**REPLAY, "API_KEYS_FILE": str(file)}
    writer, reader, admin = [await made(file, scope) for scope in ("events:write", "ladder:read", "admin")]
    async with deployed(database, embedded, settings) as system:
        http = system.client.http
        events, ladder = f"{system.ingest.url}/v1/events", f"{system.client.ladder}/v1/ladder"
        event = posted_purchase()

        assert [(await http.post(events, json=event, headers=key)).status_code for key in ({}, bearer("ll_no"))] == [
            401,
            401,
        ]
        posts = [await http.post(events, json=event, headers=bearer(key)) for key in (reader, writer, admin)]
        assert [answer.status_code for answer in posts] == [403, 202, 202]
        asks = [await http.get(ladder, headers=key) for key in ({}, *map(bearer, (writer, reader, admin)))]
        assert [answer.status_code for answer in asks] == [401, 403, 200, 200]
        assert {answer.headers["Content-Type"] for answer in (*posts[:1], *asks[:2])} == {"application/problem+json"}
        assert asks[0].headers["WWW-Authenticate"] == "Bearer"
        assert await open_to_all(http, system.ingest.url) == await open_to_all(http, system.client.ladder) == {200}


async def test_the_loader_brings_its_key(database: str, embedded: Store, tmp_path: Path) -> None:
    """A history is loaded with the key in a file; with none it is not."""
    file, history, key = tmp_path / "keys", tmp_path / "history.csv", tmp_path / "key"
    key.write_text(await made(file, "events:write"))
    history.write_text("subject,time,order_id,amount,currency\nc1,2024-01-01T00:00:00Z,o1,9.90,EUR\n")
    async with deployed(database, embedded, {**REPLAY, "API_KEYS_FILE": str(file)}) as system:
        refused = await run("services.ingest", {}, "load", str(history), "--url", system.ingest.url)
        assert refused.code == 2
        assert "401" in refused.err
        await system.load(history, "--key-file", str(key))
        await system.client.settled()
        assert await system.pool.fetchval("select count(*) from ladder.fact") == 1


async def made(file: Path, scope: str) -> str:
    """A new key of this scope."""
    ended = await run("services.keys", {"API_KEYS_FILE": str(file)}, "new", f"for-{scope}", "--scope", scope)
    assert ended.code == 0, ended.err
    secret = ended.out.strip()
    assert secret not in file.read_text()
    return secret


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def open_to_all(http: httpx.AsyncClient, url: str) -> set[int]:
    """What a balancer or a monitor gets, which has no key."""
    return {(await http.get(f"{url}{path}")).status_code for path in ("/livez", "/readyz", "/metrics")}
