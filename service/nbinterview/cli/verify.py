"""Does a bundle prove itself? Needs no platform and no network."""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbinterview.errors import Invalid

if TYPE_CHECKING:
    from nbinterview.ledger.verify import Findings

BROKEN, NOT_DONE = 1, 2
_PUBLIC_KEY = re.compile(r"[0-9a-f]{64}")


def add_command(commands: Any) -> None:
    """Add `nbinterview verify`."""
    parser = commands.add_parser(
        "verify",
        help="check that an exported record was not altered, offline",
        description=(
            "Check a bundle that nbinterview export wrote: that no record was added, "
            "altered or left out since it was signed. Says what it checked and what "
            "it could not. Status 1: it does not prove itself. Status 2: it is none."
        ),
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE.zip")
    parser.add_argument(
        "--receipt",
        type=Path,
        metavar="RECEIPT.json",
        help="the candidate's receipt: was the record rewritten since?",
    )
    parser.add_argument(
        "--platform-key",
        action="append",
        default=[],
        metavar="KEY",
        help=(
            "the platform's public key (64 hex digits), as the platform itself shows "
            "it, or a file that nbinterview key show --json wrote; may be repeated"
        ),
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=None, failure=NOT_DONE)


def main(given: argparse.Namespace) -> int:
    """Verify, print, and return the status."""
    from nbinterview.ledger import verify

    keys = [key for one in given.platform_key for key in _keys(one)]
    receipt = verify.read_receipt(given.receipt) if given.receipt else None
    found = verify.verify(given.bundle, receipt=receipt, platform_keys=keys)
    if given.json:
        print(json.dumps(asdict(found), ensure_ascii=False, indent=2))
    else:
        print(_text(given.bundle, found))
    return 0 if found.ok else BROKEN


def _text(path: Path, found: Findings) -> str:
    lines = ["Checked:", *(f"  {one}" for one in found.checked)]
    if found.unchecked:
        lines += ["Not checked:", *(f"  {one}" for one in found.unchecked)]
    if found.ok:
        lines += ["", f"{path}: nothing was altered, as far as was checked."]
        return "\n".join(lines)
    lines += ["", f"{path} DOES NOT PROVE ITSELF: {found.why}."]
    if found.first_bad_seq is not None:
        lines.append(f"The first bad record is number {found.first_bad_seq}.")
    return "\n".join(lines)


def _keys(given: str) -> list[str]:
    """Return the public keys that an argument names: one itself, or a file's."""
    if _PUBLIC_KEY.fullmatch(given.lower()):
        return [given.lower()]
    path = Path(given)
    try:
        loaded = json.loads(path.read_bytes())
        found = [str(one["public_key"]) for one in loaded["keys"]]
    except OSError as error:
        raise Invalid(
            f"--platform-key {given}: neither 64 hexadecimal digits nor a file "
            f"({error.strerror})."
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise Invalid(f"--platform-key {given}: the file has no keys.") from error
    if not found or not all(map(_PUBLIC_KEY.fullmatch, found)):
        raise Invalid(f"--platform-key {given}: the file has no keys.")
    return found
