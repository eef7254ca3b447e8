"""The page of benchmarks in the docs, from the results; `--check` when it is stale."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bench.rows import RESULTS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "benchmarks.md"
INTRODUCTION = """\
# Benchmarks

Each table is one run on one machine, ours and the peer in turns.
A ratio is ours divided by the peer's, with its bootstrap 95 % interval;
a bar is kept only when the worse end of the interval keeps it.
How to run and read them: `bench/README.md`.
"""
TITLES = {
    "attack": "A hostile candidate: `make attack`",
    "crash": "What crashes leave of the record: `make crash`",
    "chaos": "Twenty faults over the platform: `make chaos`",
    "bench-ledger": "The record: `make bench-ledger`",
    "bench-collab": "The shared notebook: `make bench-collab`",
    "bench-flags": "A flag's way to the interviewer: `make bench-flags`",
    "bench-fairness": "Findings and honest people: `make bench-fairness`",
    "bench-sandbox": "A kernel's start: `make bench-sandbox`",
    "bench-widget": "What watching costs: `make bench-widget`",
}
#: What must be read before a table.
FIRST = {
    "bench-fairness": (
        "**All traces are synthetic**: nothing in this table was measured on people. "
        "What was simulated, and what it cannot tell: [](../explanation/fairness.md). "
        "Ours is the policy `standard` where no other is named."
    ),
}
HEAD = (
    "| measure | ours | peer | ratio | bar | kept | n |\n|---|---|---|---|---|---|---|"
)
KEPT = {True: "yes", False: "**no**", None: "reported"}


def page(results: Iterable[Mapping[str, Any]]) -> str:
    """Return the page of these results."""
    parts = [INTRODUCTION, *map(table, results)]
    if len(parts) == 1:
        parts.append("No run is kept in `bench/results` yet.\n")
    return "\n".join(parts)


def table(result: Mapping[str, Any]) -> str:
    """Return the section of one run."""
    machine, rows = result["machine"], result["rows"]
    notes = [f"- {row['measure']}: {row['note']}" for row in rows if row["note"]]
    peers = sorted({row["versions"] for row in rows if row["versions"]})
    conditions = (
        f"{result['started']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"{machine['system']}, Python {machine['python']}, seed {result['seed']}. "
        f"Load average before the parts {_span(result['load'])}, "
        f"idle share {_span(result['idle'])}. Peers: {'; '.join(peers) or 'none'}."
    )
    title = f"## {TITLES.get(result['name'], result['name'])}"
    first = [FIRST[result["name"]], ""] if result["name"] in FIRST else []
    body = [conditions, "", HEAD, *map(_line, rows), "", *notes]
    parts = [title, "", *first, *body]
    return "\n".join(parts).rstrip() + "\n"


def _line(row: Mapping[str, Any]) -> str:
    interval = ""
    if row["low"] is not None and row["ratio"] is not None:
        interval = f"{row['ratio']:.2f} ({row['low']:.2f} to {row['high']:.2f})"
    peer = "" if row["peer"] is None else _amount(row["peer"], row["unit"])
    cells = (
        *(row["measure"], _amount(row["ours"], row["unit"]), peer, interval),
        *(row["bar"] or "", KEPT[row["holds"]], row["n"]),
    )
    return f"| {' | '.join(cells)} |"


def _amount(value: float, unit: str) -> str:
    """Return a value with its unit: counts whole, measures rounded."""
    number = f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
    return f"{number} {unit}".strip()


def _span(values: list[float]) -> str:
    if not values:
        return "not measured"
    return f"{min(values):g} to {max(values):g}"


def fresh() -> str:
    """Return the page as it should be now."""
    paths = sorted(RESULTS.glob("*.json"))
    return page(json.loads(path.read_text("utf-8")) for path in paths)


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` compare it."""
    if "--check" in arguments:
        return int(PAGE.read_text("utf-8") != fresh())
    PAGE.write_text(fresh(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
