"""Bodies that are no JSON, and faults in those that are: always a problem that the document tells of."""

import httpx
import pytest
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from shared.http import PROBLEM, Keys, Part, application


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str


def client() -> httpx.AsyncClient:
    router = APIRouter()

    @router.post("/v1/things")
    async def post_thing(body: Body) -> dict[str, str]:
        return {"name": body.name}

    @router.get("/v1/things")
    async def get_things() -> dict[str, str]:
        return {}

    app = application([Part("test", router)], Keys(None), title="test", version="0")
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://test")


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe\x00", b"[" * 100_000, b'{"name": "\xe9"}'])
async def test_a_body_that_is_no_json_is_a_400(body: bytes) -> None:
    """Whichever way the framework fails on it."""
    async with client() as http:
        answer = await http.post("/v1/things", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (400, PROBLEM)
    assert answer.json()["type"] == "malformed"


@pytest.mark.parametrize(
    ("body", "pointer"), [(b'{"name": 1}', "/body/name"), (b'{"name": "", "\\ud800": 1}', "/body"), (b"[]", "/body")]
)
async def test_faults_of_a_body_are_a_422_with_pointers(body: bytes, pointer: str) -> None:
    """Also where a member's name is half a surrogate pair."""
    async with client() as http:
        answer = await http.post("/v1/things", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


async def test_the_document_tells_of_the_400_where_there_is_a_body() -> None:
    """And nowhere else."""
    async with client() as http:
        paths = (await http.get("/openapi.json")).json()["paths"]
    assert "400" in paths["/v1/things"]["post"]["responses"]
    assert "400" not in paths["/v1/things"]["get"]["responses"]
