"""What a killed program leaves behind: a server without its owner, and a pid file that may name anybody by now.

A pid alone proves nothing, it may have been given to another process since. But every process of a server works in its
data directory, so that is how they are told apart.
"""

import asyncio
import contextlib
import signal
from pathlib import Path

import psutil

FAST_SECONDS = 8.0
"""How long a server may take to write out what it holds before it is cut short."""


async def end_orphans(cluster: Path) -> None:
    """End every PostgreSQL process that works in this directory, and remove the pid file none of them owns any more.

    Only to be called under the lock of the data directory, which says that no living program owns them.
    """
    for sign in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        living = await asyncio.to_thread(_signalled, cluster, sign)
        await asyncio.to_thread(psutil.wait_procs, living, FAST_SECONDS)
        if not await asyncio.to_thread(_servers, cluster):
            break
    with contextlib.suppress(FileNotFoundError):
        (cluster / "postmaster.pid").unlink()


def _servers(cluster: Path) -> list[psutil.Process]:
    """All PostgreSQL processes whose working directory is this one."""
    found = []
    for process in psutil.process_iter(["name"]):
        with contextlib.suppress(psutil.Error):  # it may end, or belong to somebody else, while we look
            if "postgres" in (process.info["name"] or "") and Path(process.cwd()) == cluster:
                found.append(process)
    return found


def _signalled(cluster: Path, sign: signal.Signals) -> list[psutil.Process]:
    """All servers; those without a parent among them have got the signal, they pass it on to the rest."""
    servers = _servers(cluster)
    pids = {server.pid for server in servers}
    for server in servers:
        with contextlib.suppress(psutil.Error):
            if server.ppid() not in pids:
                server.send_signal(sign)
    return servers
