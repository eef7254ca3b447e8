"""The notebook of any moment as a file, and whether the record bears a file out."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from nbinterview.cli.client import Service
from nbinterview.errors import Invalid, NBInterviewError


def add_command(commands: Any) -> None:
    """Add `nbinterview replay`."""
    parser = commands.add_parser(
        "replay",
        help="the notebook as it was at a moment, with where its text comes from",
        description=(
            "Write the notebook as it was at a moment. In its metadata: where each "
            "stretch of text comes from, with record numbers. Or check such a file."
        ),
    )
    parser.add_argument("id")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "-o", dest="output", metavar="OUT.ipynb", help="where to write; - for stdout"
    )
    what.add_argument(
        "--check",
        type=Path,
        metavar="FILE.ipynb",
        help="say whether the record bears out a notebook that was written so",
    )
    parser.add_argument(
        "--at",
        metavar="TIME",
        help="since the opening: 00:23:10, 23:10 or seconds; without it, the end",
    )
    parser.add_argument(
        "--plain", action="store_true", help="leave out where the text comes from"
    )
    parser.add_argument(
        "--force", action="store_true", help="replace a file that is there"
    )
    parser.set_defaults(run=_replay)


def _replay(service: Service, given: argparse.Namespace) -> None:
    if given.check is not None:
        _check(service, given.id, given.check)
    else:
        _write(service, given)


def _write(service: Service, given: argparse.Namespace) -> None:
    from nbinterview.ledger import moments, provenance

    asked = None if given.at is None else moments.parse_moment(given.at)
    target = None if given.output == "-" else Path(given.output)
    if target is not None and target.exists() and not given.force:
        raise Invalid(f"{target} is there already. Give --force to replace it.")
    people, records = _interview(service, given.id)
    found = moments.find(records, asked)
    if asked is not None and asked != found.at_ms:
        before = asked < found.at_ms
        where = "before the notebook was opened" if before else "after the end"
        print(
            f"nbinterview: {moments.clock(asked)} is {where}; "
            f"this is the notebook at {moments.clock(found.at_ms)}.",
            file=sys.stderr,
        )
    notebook = moments.notebook_after(records, found.seq)
    if not given.plain:
        notebook = provenance.annotate(notebook, people, records, found)
    text = moments.as_file(notebook)
    if target is None:
        sys.stdout.write(text)
        return
    try:
        target.write_text(text, "utf-8")
    except OSError as error:
        raise Invalid(f"{target}: {error.strerror}") from error
    print(f"Wrote {target}: {moments.clock(found.at_ms)}, record {found.seq}.")


def _check(service: Service, interview_id: str, path: Path) -> None:
    from nbinterview.ledger import provenance

    notebook = _notebook(path)
    people, records = _interview(service, interview_id)
    found = provenance.disagreement(notebook, people, records)
    if found is not None:
        raise Disagreement(f"{path} does not agree with the record. {found}")
    seq = notebook["metadata"][provenance.KEY]["seq"]
    print(f"{path} agrees with the record, up to record {seq}.")


class Disagreement(NBInterviewError):
    """A notebook says something else than the record."""


def _notebook(path: Path) -> dict[str, Any]:
    try:
        loaded = json.loads(path.read_bytes())
    except OSError as error:
        raise Invalid(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise Invalid(f"{path} is not a Jupyter notebook: it is not JSON.") from error
    if not isinstance(loaded, dict) or not isinstance(loaded.get("cells"), list):
        raise Invalid(f"{path} is not a Jupyter notebook.")
    return loaded


def _interview(
    service: Service, interview_id: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the people of an interview and all its records."""
    shown = service.call("GET", f"/interviews/{interview_id}")
    people: list[dict[str, Any]] = shown["interview"]["people"]
    return people, service.records(interview_id)
