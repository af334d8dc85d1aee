"""A guarded HTTP client: one request, one answer, no redirects, in limited time, of limited size."""

import asyncio
import re
import ssl
from collections.abc import Mapping
from typing import Final, NamedTuple

import httpcore
import httpx

from services.notifier.outgoing.addresses import Guard
from services.notifier.outgoing.names import Lookup, Names
from services.notifier.outgoing.network import ForbiddenAddressError, GuardedNetwork

SECONDS: Final = 20.0
"""For the whole of a request, from the look-up of the name on."""
KEEP_ALIVE_SECONDS: Final = 30.0
LARGEST_ANSWER: Final = 64 * 1024
"""Bytes of an answer that are read; the rest is cut off, and the connection with it."""
AGENT: Final = "loyalty-ladder"
LAST_PORT: Final = 65_535
_ODD: Final = re.compile(rb"[^A-Za-z0-9._:-]")
"""In no name or address of a host; names in other letters have been put into these (IDNA)."""


class NoAnswerError(Exception):
    """The host is unknown or may not be called, refuses, breaks off, speaks no HTTP, or takes too long."""


class Answer(NamedTuple):
    """What came back; names of headers in lower case, `body` at most `most` bytes of it."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Client:
    """Calls addresses that others have chosen.

    https goes to public addresses and to networks that `guard` names, plain http to the latter only: what is said here
    concerns people. Proxies of the environment are not used, because they would resolve names in our place.
    """

    def __init__(self, guard: Guard, *, look_up: Lookup | None = None, tls: ssl.SSLContext | None = None) -> None:
        self._names = Names() if look_up is None else None
        look = look_up or self._names
        assert look is not None
        context = tls or ssl.create_default_context()
        self._pools = {
            "https": _pool(GuardedNetwork(guard.permits, look), context),
            "http": _pool(GuardedNetwork(guard.named, look), context),
        }

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        seconds: float = SECONDS,
        most: int = LARGEST_ANSWER,
    ) -> Answer:
        """The answer to one request, also where its status says no. Raises NoAnswerError."""
        target = _target(url)
        sent = _headers(target, headers or {}, body)
        pool = self._pools[target.scheme]
        where = httpcore.URL(scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path)
        try:
            async with asyncio.timeout(seconds):
                async with pool.stream(method, where, headers=sent, content=body or None) as response:
                    return Answer(response.status, _told(response), await _start(response, most))
        except TimeoutError as error:
            raise NoAnswerError(f"no answer within {seconds:g} seconds") from error
        except (
            ForbiddenAddressError,
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.TimeoutException,
        ) as error:
            raise NoAnswerError(str(error) or type(error).__name__) from error
        except OSError as error:
            raise NoAnswerError(str(error)) from error

    async def close(self) -> None:
        """Close what is kept open."""
        for pool in self._pools.values():
            await pool.aclose()
        if self._names is not None:
            self._names.close()


def checked_url(text: str) -> str:
    """The URL as it will be called. Raises ValueError with what is wrong."""
    try:
        return str(_target(text))
    except NoAnswerError as error:
        raise ValueError(str(error)) from error


def _pool(network: GuardedNetwork, tls: ssl.SSLContext) -> httpcore.AsyncConnectionPool:
    """Without a limit of its own: whoever waits for a slow one's connection would be slow as well."""
    return httpcore.AsyncConnectionPool(
        ssl_context=tls,
        max_connections=None,
        max_keepalive_connections=100,
        keepalive_expiry=KEEP_ALIVE_SECONDS,
        network_backend=network,
    )


def _target(url: str) -> httpx.URL:
    try:
        target = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise NoAnswerError(f"is no URL: {error}") from error
    if target.scheme not in {"https", "http"} or not target.raw_host:
        raise NoAnswerError("is no URL of a web server")
    if target.userinfo or target.fragment:
        raise NoAnswerError("has a user or a fragment, which are not sent")
    if _ODD.search(target.raw_host) or target.port == 0 or (target.port or 1) > LAST_PORT:
        raise NoAnswerError("names no host and port")
    return target


def _headers(target: httpx.URL, headers: Mapping[str, str], body: bytes) -> list[tuple[bytes, bytes]]:
    lengths = {"Content-Length": str(len(body))} if body else {}
    every = {"User-Agent": AGENT, "Accept": "*/*", **headers, **lengths}
    named = [(name.encode("ascii"), value.encode("ascii")) for name, value in every.items()]
    return [(b"Host", target.netloc), *named]


def _told(response: httpcore.Response) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}


async def _start(response: httpcore.Response, most: int) -> bytes:
    """The first bytes of the body; the status counts also where it breaks off."""
    read = b""
    try:
        async for part in response.aiter_stream():
            read += part
            if len(read) > most:
                break
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException):
        pass
    return read[:most]
