"""An interview's record as a file: one that proves itself, or one to be imported."""

from __future__ import annotations

import argparse
import gzip
from pathlib import Path
from typing import Any

from nbinterview.cli.client import Service
from nbinterview.cli.files import private_file, save


def add_command(commands: Any) -> None:
    """Add `nbinterview export`."""
    parser = commands.add_parser(
        "export",
        help="write an interview's record to a file that anybody can verify",
        description=(
            "Write the record of an interview with everything that proves it: "
            "signatures, proofs, public keys, notebook and policy. Check it with "
            "nbinterview verify, without the platform."
        ),
    )
    parser.add_argument("id")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="BUNDLE.zip"
    )
    parser.add_argument(
        "--jsonl",
        action="store_true",
        help="write FILE.jsonl.gz instead, which nbinterview record import takes in",
    )
    parser.set_defaults(run=_export)


def _export(service: Service, given: argparse.Namespace) -> None:
    if given.jsonl:
        write_lines(service, given.id, given.output)
    else:
        write_bundle(service, given.id, given.output)


def write_bundle(service: Service, interview_id: str, target: Path) -> None:
    """Download a bundle; the file is there when it is whole."""
    save(service, f"/interviews/{interview_id}/bundle", target)
    print(f"Exported to {target}. Check it: nbinterview verify {target}")


def write_lines(service: Service, interview_id: str, target: Path) -> None:
    """Download the record as lines of JSON, packed."""
    with (
        private_file(target) as raw,
        # No time inside, so equal exports are equal.
        gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed,
    ):
        for chunk in service.download(f"/interviews/{interview_id}/record"):
            packed.write(chunk)
    print(f"Exported to {target}.")
