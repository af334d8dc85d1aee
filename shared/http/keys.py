"""API keys with scopes: made once, kept as hashes, asked for by routes."""

import hashlib
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials

from shared.http.problems import Problem
from shared.settings import SettingsError

Scope = Literal["events:write", "ladder:read", "staff", "admin"]


class Key(msgspec.Struct, kw_only=True):
    """An API key at rest: its name, the SHA-256 of its 256 random bits, and what it may do."""

    name: str
    sha256: str
    scopes: list[Scope]


def new_key(name: str, scopes: list[Scope]) -> tuple[str, Key]:
    """A fresh key and its record; the key itself is shown once and kept nowhere."""
    secret = "ll_" + secrets.token_urlsafe(32)
    return secret, Key(name=name, sha256=_digest(secret), scopes=scopes)


def read_keys(path: Path) -> list[Key]:
    """The keys of a file with one JSON record a line. Raises SettingsError."""
    try:
        return [msgspec.json.decode(line, type=Key) for line in path.read_bytes().splitlines() if line.strip()]
    except OSError as error:
        raise SettingsError(f"API_KEYS_FILE: {error.strerror}: {path}") from error
    except msgspec.DecodeError as error:
        raise SettingsError(f"API_KEYS_FILE: {error}: {path}") from error


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


class Keys:
    """Decides who may do what; without any key everybody on loopback may do everything."""

    def __init__(self, keys: Sequence[Key] | None) -> None:
        self._keys = None if keys is None else {key.sha256: key for key in keys}
        self.own = "own_" + secrets.token_urlsafe(32)
        """With this a process may ask itself what `ladder:read` may; nobody else ever sees it."""
        self.own_admin = "own_" + secrets.token_urlsafe(32)
        """With this it may do what `admin` may, for somebody it knows to be one."""

    @property
    def needed(self) -> bool:
        """Whether one must have a key."""
        return self._keys is not None

    def find(self, secret: str) -> Key | None:
        """The record of a key."""
        return self.by_digest(_digest(secret))

    def by_digest(self, digest: str) -> Key | None:
        """The record of the key with this SHA-256."""
        return (self._keys or {}).get(digest)

    def may(self, key: Key, scope: Scope) -> bool:
        """Whether the key's scopes include this one."""
        return scope in key.scopes or "admin" in key.scopes

    def check(self, secret: str | None, scope: Scope) -> None:
        """Raises Problem 401 or 403."""
        if self._keys is None or secret == self.own_admin or (scope == "ladder:read" and secret == self.own):
            return
        key = self._keys.get(_digest(secret)) if secret else None
        if key is None:
            raise Problem(401, "unauthorized", "A valid API key is needed", headers={"WWW-Authenticate": "Bearer"})
        if not self.may(key, scope):
            raise Problem(403, "forbidden", f"This API key lacks the scope {scope}")


_bearer = HTTPBearer(auto_error=False, description="An API key made by `python -m services.keys new`")


def needs(scope: Scope) -> Any:
    """A dependency for routes: the request's key must have this scope."""

    async def check(
        request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> None:
        request.app.state.keys.check(credentials.credentials if credentials else None, scope)

    return Depends(check)


async def _name(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> str | None:
    key = request.app.state.keys.find(credentials.credentials) if credentials else None
    return None if key is None else str(key.name)


KeyName = Annotated[str | None, Depends(_name)]
"""A parameter of routes: the name of the request's key; None where nobody needs one."""
