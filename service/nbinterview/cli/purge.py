"""Erasing what policies say is due, now instead of tonight."""

from __future__ import annotations

import argparse
import json
from typing import Any

from nbinterview.cli.client import Service


def add_command(commands: Any) -> None:
    """Add `nbinterview purge`."""
    parser = commands.add_parser(
        "purge",
        help="erase what is kept for longer than its policy says",
        description=(
            "Erase what is kept for longer than its policy says: in the service, in "
            "the room's directory and in copies. Hashes stay, so records still "
            "verify. The service does the same by itself, once a day. Status 1 when "
            "something could not be erased yet."
        ),
    )
    parser.add_argument("id", nargs="?", metavar="ID", help="of one interview only")
    parser.add_argument("--dry-run", action="store_true", help="only say what is due")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_purge)


def _purge(service: Service, given: argparse.Namespace) -> int:
    body = {"interview": given.id, "dry_run": given.dry_run}
    found = service.call("POST", "/purge", body=body)
    if given.json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        nothing = "Nothing is due." if given.dry_run else "Nothing was due."
        show(found, verb="Due" if given.dry_run else "Erased", nothing=nothing)
    return 1 if found["waiting"] or found["damaged_lines"] else 0


def show(found: dict[str, Any], *, verb: str, nothing: str) -> None:
    """Print what was erased, what was not, and what stays."""
    for one in found["erased"]:
        print(
            f"{verb}: {one['interview']}  {one['rule']}  {one['records']} records. "
            f"{one['reason']}"
        )
    if not found["erased"]:
        print(nothing)
    for words in found["waiting"]:
        print(f"Not yet: {words}")
    if found["damaged_lines"]:
        lines = ", ".join(map(str, found["damaged_lines"]))
        print(
            f"erasures.jsonl is damaged in line {lines}: nothing was done by what "
            "stands there. If a backup of the database was brought back, purge again."
        )
