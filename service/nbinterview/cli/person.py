"""What a candidate may ask for: everything about them as a file, or deleted."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from nbinterview.cli.client import Service
from nbinterview.cli.files import save
from nbinterview.cli.purge import show
from nbinterview.errors import Invalid


def add_commands(actions: Any) -> None:
    """Add `nbinterview person export|delete`."""
    export = actions.add_parser(
        "export", help="everything about a candidate, as one file"
    )
    export.add_argument("person", metavar="P", help="an opaque name (p-…)")
    export.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.zip")
    export.set_defaults(run=_export)
    delete = actions.add_parser(
        "delete", help="delete everything about a candidate; hashes stay"
    )
    delete.add_argument("person", metavar="P", help="an opaque name (p-…)")
    delete.add_argument(
        "--yes", action="store_true", help="do not ask: it cannot be undone"
    )
    delete.add_argument("--json", action="store_true", help="print JSON")
    delete.set_defaults(run=_delete)


def _export(service: Service, given: argparse.Namespace) -> None:
    save(service, f"/people/{given.person}/export", given.output)
    print(f"Everything about {given.person} is in {given.output}.")


def _delete(service: Service, given: argparse.Namespace) -> int:
    if not given.yes:
        _ask(given.person)
    found = service.call("DELETE", f"/people/{given.person}")
    if given.json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        show(found, verb="Deleted", nothing="Nothing was there.")
        print("What stays:")
        for words in found["stays"]:
            print(f"  - {words}")
    return 1 if found["waiting"] else 0


def _ask(person: str) -> None:
    try:
        said = input(
            f"Delete everything about {person}? It cannot be undone. "
            "Type the name once more: "
        )
    except EOFError:
        said = ""
    if said.strip() != person:
        raise Invalid("Nothing was deleted.")
