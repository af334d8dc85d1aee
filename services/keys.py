"""`python -m services.keys new NAME --scope SCOPE…`: make an API key; append its hash to API_KEYS_FILE."""

import argparse
import sys
from pathlib import Path
from typing import get_args

import msgspec

from shared.http import Scope, new_key
from shared.settings import Settings, SettingsError, load


def main(arguments: list[str] | None = None) -> None:
    """Print the new key once; only its hash is kept."""
    parser = argparse.ArgumentParser(prog="python -m services.keys", description=__doc__)
    new = parser.add_subparsers(dest="command", required=True).add_parser("new", help="make a key")
    new.add_argument("name", help="whose key it is; shown nowhere but in the file")
    new.add_argument("--scope", action="append", required=True, choices=get_args(Scope), help="may be given repeatedly")
    chosen = parser.parse_args(arguments)
    secret, key = new_key(chosen.name, chosen.scope)
    path = _file()
    with path.open("ab") as file:
        file.write(msgspec.json.encode(key) + b"\n")
    sys.stdout.write(f"{secret}\n")
    sys.stderr.write(f"Its hash is in {path}; the key itself is kept nowhere, note it now. Restart the programs.\n")


def _file() -> Path:
    try:
        path = load(Settings).api_keys_file
    except SettingsError as error:
        sys.exit(str(error))
    if path is None:
        sys.exit("API_KEYS_FILE: say which file keeps the hashes of the keys")
    return path


if __name__ == "__main__":
    main()
