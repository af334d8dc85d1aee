"""What the running system answers over HTTP."""

from collections.abc import Iterator
from typing import Any, Self

import httpx

Answer = dict[str, Any]


class Questions:
    """Asks a running system; a context manager that closes its connections."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=60)

    def picture(self) -> Answer:
        """The picture of the ladder."""
        return self._get("/v1/ladder")

    def standing(self, person: str) -> Answer:
        """Where a person stands, explained."""
        return self._get(f"/v1/customers/{person}")

    def history(self, person: str) -> list[Answer]:
        """All that was announced of a person, oldest first."""
        return [*self._pages(f"/v1/customers/{person}/history")][::-1]

    def announcements(self) -> list[Answer]:
        """The whole feed."""
        found: list[Answer] = []
        page = self._get("/v1/announcements", limit="1000")
        while True:
            found += page["items"]
            if not page["more"]:
                return found
            page = self._get("/v1/announcements", limit="1000", after=page["next"])

    def messages(self) -> list[Answer]:
        """Every decision to write to somebody, and what became of it."""
        return [*self._pages("/v1/messages")]

    def _pages(self, path: str) -> Iterator[Answer]:
        page = self._get(path, limit="1000")
        yield from page["items"]
        while page["next"] is not None:
            page = self._get(path, limit="1000", after=page["next"])
            yield from page["items"]

    def _get(self, path: str, **query: str) -> Answer:
        answer = self._http.get(path, params=query).raise_for_status()
        body: Answer = answer.json()
        return body

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()
