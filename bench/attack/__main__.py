"""`make attack`: every attack on the platform, in its long form, and one table.

Each part is a program of its own, `python -m tests.attacks.<name>`: it prints rows as
JSON on stdout and how far it is on stderr. A part that fails is a row that is missed,
never one that is not there.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from bench.command import chosen, ended
from bench.rows import Report, Row

ROOT = Path(__file__).resolve().parents[2]
SEED = 20261122
PARTS = {
    "xss": "scripts of a candidate's in other people's pages",
    "document": "the document: forged ids, deletions, anchors, costly updates",
    "sockets": "sockets and routes with a candidate's token, at every state",
    "kernel": "a hostile cell against the sandbox",
    "secrets": "what a candidate can read, tried against every route",
    "hidden": "hidden material in what reaches a candidate",
    "fuzz_api": "schemathesis over service and room",
    "fuzz_decoders": "atheris over the decoders of events, updates and journal",
}
PART_S = 3 * 3600
KNOWN = {one.name for one in fields(Row)}


def run(name: str, options: Sequence[str] = ()) -> list[Row]:
    """Run one part and return its rows, or the one that says why there are none."""
    command = [sys.executable, "-m", f"tests.attacks.{name}", *options]
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
            timeout=PART_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return [failed(name, f"not done after {PART_S // 3600} h")]
    return rows(name, done.stdout, done.returncode)


def rows(name: str, text: str, code: int) -> list[Row]:
    """Return the rows that a part printed: a JSON list at the end, from a new line."""
    lines = text.strip().splitlines()
    begins = [at for at, line in enumerate(lines) if line.startswith("[")]
    try:
        found = json.loads("\n".join(lines[begins[-1] :]) if begins else "")
        made = [row(name, one) for one in found]
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        return [failed(name, f"exit code {code}, no rows: {error}")]
    if not made:
        return [failed(name, f"exit code {code}, an empty list of rows")]
    if code and all(one.holds is not False for one in made):
        made.append(failed(name, f"exit code {code}, though all of its rows hold"))
    return made


def row(name: str, wire: dict[str, Any]) -> Row:
    """Return a row from a part's own form, the part's name before its measure."""
    known = {key: value for key, value in wire.items() if key in KNOWN}
    if isinstance(known["ours"], bool) or not isinstance(known["ours"], int | float):
        raise TypeError("ours is not a number")
    peer = known.get("peer")
    if peer is not None and not isinstance(peer, int | float):
        raise TypeError("peer is not a number")
    if known.get("holds") not in (True, False, None):
        raise TypeError("holds is neither true, false nor null")
    words = {
        key: str(known.get(key) or "") for key in ("unit", "n", "versions", "note")
    }
    named = {"measure": f"{name}: {known['measure']}"}
    if peer and "ratio" not in known and not known["ours"]:
        known["ratio"] = 0.0
    return Row(**{**known, **words, **named})


def failed(name: str, why: str) -> Row:
    """Return the row of a part that gave none."""
    return Row(f"{name}: did not run", "", 0, bar="runs", holds=False, note=why)


def table(report: Report) -> str:
    """Return all rows as one table for a terminal."""
    head = ("part: measure", "ours", "peer", "kept", "bar")
    cells = [head, *map(_cells, report.rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        .rstrip()
        for line in cells
    )  # fmt: skip


def _cells(one: Row) -> tuple[str, ...]:
    kept = {True: "yes", False: "NO", None: "reported"}[one.holds]
    peer = "" if one.peer is None else f"{one.peer:.6g}"
    return one.measure, f"{one.ours:.6g} {one.unit}".strip(), peer, kept, one.bar or ""


def main(arguments: list[str]) -> int:
    """Attack, write the result, and say by the exit code whether all of it holds."""
    parser = argparse.ArgumentParser(prog="bench.attack", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    asked = parser.parse_args(arguments)
    report = Report("attack", SEED)
    began_s = time.monotonic()
    for name in chosen(parser, asked.parts, PARTS):
        passed_s = time.monotonic() - began_s
        print(f"{name}: {PARTS[name]} ({passed_s:.0f} s so far)", flush=True)
        report.look_at_machine()
        report.add(*run(name))
    print(f"\n{table(report)}\n")
    return ended(report, whole=not asked.parts)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
