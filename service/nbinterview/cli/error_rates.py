"""Error rates that somebody measured on labelled recordings, for the reports."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from nbinterview.cli.client import Service
from nbinterview.errors import Invalid


def add_commands(actions: Any) -> None:
    """Add `nbinterview error-rates import|show|forget`."""
    bring = actions.add_parser(
        "import",
        help="take in what `nbinterview evaluate --json` measured; replaces all",
    )
    bring.add_argument("file", type=Path, metavar="FILE.json")
    _with_json(bring).set_defaults(run=_import)
    _with_json(actions.add_parser("show", help="what reports use now")).set_defaults(
        run=_show
    )
    forget = actions.add_parser(
        "forget", help='back to "not measured on people yet" everywhere'
    )
    forget.set_defaults(run=_forget)


def _with_json(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _import(service: Service, given: argparse.Namespace) -> None:
    found = service.call("PUT", "/error-rates", body={"rates": _rates(given.file)})
    _print(found, as_json=given.json)


def _rates(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())["rates"]
    except OSError as error:
        raise Invalid(f"{path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise Invalid(
            f"{path} has no `rates`, as `nbinterview evaluate --json` writes."
        ) from error


def _show(service: Service, given: argparse.Namespace) -> None:
    _print(service.call("GET", "/error-rates"), as_json=given.json)


def _forget(service: Service, _given: argparse.Namespace) -> None:
    service.call("DELETE", "/error-rates")
    print("Forgotten. Reports say “not measured on people yet”.")


def _print(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
        return
    if not found["rates"]:
        print("No error rates: not measured on people yet.")
        return
    print(f"Imported {found['imported_at']}.")
    for rule, rate in found["rates"].items():
        print(
            f"  {rule:<18} {rate['false_episodes']} false in "
            f"{rate['honest_hours']:.3g} honest hours of {rate['subjects']} people; "
            f"{rate['found']} of {rate['cheats']} found  ({rate['source']})"
        )
