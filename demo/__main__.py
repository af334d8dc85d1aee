"""`python -m demo`: exit code 0 when all was as promised; KEEP=1 leaves the system serving."""

import io
import os
import signal
import subprocess
import sys

import httpx

from demo.paper import Paper
from demo.show import show
from demo.system import DemoError


def main() -> int:
    """Show the demo; the exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without UTF-8 shows question marks, and no traceback
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever ends the demo ends the system with it
    try:
        show(Paper(sys.stdout), keep=os.environ.get("KEEP") == "1")
    except DemoError as error:
        return _failed(str(error))
    except subprocess.CalledProcessError:
        return _failed("the log of purchases could not be fetched: `pip download Lifetimes==0.11.3` failed")
    except httpx.HTTPError as error:
        return _failed(f"the system did not answer: {error!r}")
    except KeyboardInterrupt:
        return 130
    return 0


def _failed(why: str) -> int:
    sys.stderr.write(f"demo: {why}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
