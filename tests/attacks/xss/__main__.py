"""`python -m tests.attacks.xss`: the whole corpus and all honest outputs, both sides.

Prints rows as JSON on stdout and how far it is on stderr; takes about an hour. With
`--short` a few of each, to try the code; with words, only these parts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.attacks.xss import places
from tests.attacks.xss.browser import SCRIPT, chromium
from tests.attacks.xss.corpus import corpus
from tests.attacks.xss.honest import compare
from tests.attacks.xss.honest.cases import CASES, EVERYDAY
from tests.attacks.xss.honest.reasons import REASONS
from tests.attacks.xss.payloads import IN_ROOM, Payload, Way, chosen
from tests.attacks.xss.run import Outcome, everything, progress

ROOT = Path(__file__).resolve().parents[3]
PICTURES = ROOT / "test-artifacts" / "honest"
SEED = 20261122
AT_ONCE = 30
MUST_BE_ALIKE = 0.95
Row = dict[str, Any]


def peer() -> str:
    """Return what the other side is."""
    return ", ".join(
        f"{name} {version(name)}" for name in ("jupyterlab", "jupyter-collaboration")
    )


def row(measure: str, ours: float, other: float | None, **more: Any) -> Row:
    """Return one row."""
    found = {"measure": measure, "unit": "", "ours": ours, "peer": other, "note": ""}
    return {**found, "versions": peer() if other is not None else "", **more}


def _of(payloads: Sequence[Payload], *ways: Way) -> list[Payload]:
    return [one for one in payloads if one.way in ways]


def _names(outcome: Outcome, ids: set[str]) -> str:
    reasons = [f"{one}: {words}" for one, words in sorted(outcome.failed.items())][:5]
    return "; ".join([*sorted(ids)[:30], *reasons])


async def in_rooms(payloads: Sequence[Payload]) -> list[Row]:
    """Try everything that a document or a kernel can bring, on both sides."""
    both = await everything(("ours", "stock"), payloads)
    for kind in ("ours", "stock"):
        files = _of(corpus(), "file")
        both[kind].take(await places.by_file(kind, files))
        progress(f"{kind}, with files", both[kind], len(payloads) + len(files))
    ours, stock = both["ours"], both["stock"]
    n = (
        f"{len(ours.tried)} payloads, live and after reload; not taken by the room "
        f"{len(ours.refused)}, failed to try {len(ours.failed)} and {len(stock.failed)}"
    )
    measures = (
        ("payloads that run a script in the interviewer's page or any frame", SCRIPT),
        ("of these, in the page itself", ("page",)),
        ("payloads that make the interviewer's browser ask another address",
         ("network",)),
    )  # fmt: skip
    rows = []
    for measure, where in measures:
        hit = ours.hits.ids(*where), stock.hits.ids(*where)
        rows.append(
            row(
                measure,
                len(hit[0]),
                len(hit[1]),
                unit="payloads",
                bar="none here, more than none in stock",
                holds=not hit[0] and bool(hit[1]) and not ours.failed,
                n=n,
                note=_names(ours, hit[0]),
            )
        )
    return rows


async def in_pages(names: Sequence[Payload], records: Sequence[Payload]) -> list[Row]:
    """Try names and records in the room's own parts, the service and the report."""
    outcome = await places.in_room(_of(corpus(), "room"))
    progress("people in a room", outcome, len(outcome.tried))
    outcome.take(await places.in_pages(names, records))
    progress("service, replay and report", outcome, len(outcome.tried))
    hit = outcome.hits.ids()
    return [
        row(
            "names and records that run or ask in room, service, replay and report",
            len(hit),
            None,
            unit="payloads",
            bar="none",
            holds=not hit and not outcome.failed,
            n=f"{len(outcome.tried)} payloads, failed to try {len(outcome.failed)}",
            note=_names(outcome, hit),
        )
    ]


async def honest(names: Sequence[str]) -> list[Row]:
    """Show honest outputs on both sides, and count those that look the same."""
    found: list[compare.Pair] = []
    for start in range(0, len(names), AT_ONCE):
        some = {name: CASES[name] for name in names[start : start + AT_ONCE]}
        async with chromium() as browser:
            found += await compare.pairs(browser, some)
        print(f"  honest outputs: {len(found)} of {len(names)}", file=sys.stderr)
    other = [one for one in found if one.similarity < compare.ALIKE]
    compare.keep(other, PICTURES)
    listed = [
        f"{one.name} {one.similarity:.3f} ({REASONS.get(one.name, 'no reason known')})"
        for one in other
    ]
    alike = len(found) - len(other)
    return [
        row(
            "honest outputs that look as in stock",
            alike,
            len(found),
            unit="outputs",
            bar=f"at least 95 of 100 at a structural similarity of {compare.ALIKE}",
            holds=alike >= MUST_BE_ALIKE * len(found),
            n=f"{len(found)} outputs",
            note="; ".join(listed),
        )
    ]


async def main(arguments: list[str]) -> list[Row]:
    """Return all rows."""
    parser = argparse.ArgumentParser(prog="tests.attacks.xss", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a few of each")
    parser.add_argument("parts", nargs="*", help="rooms, pages, honest")
    asked = parser.parse_args(arguments)
    everyone = corpus()
    payloads = _of(everyone, *IN_ROOM)
    names, records = _of(everyone, "service"), _of(everyone, "report")
    outputs: Sequence[str] = list(CASES)
    if asked.short:
        payloads = chosen(everyone, 20, seed=SEED)
        names, records, outputs = names[:2], records[:30], EVERYDAY
    parts = {
        "rooms": lambda: in_rooms(payloads),
        "pages": lambda: in_pages(names, records),
        "honest": lambda: honest(outputs),
    }
    rows: list[Row] = []
    for name in asked.parts or parts:
        print(f"  {name}", file=sys.stderr, flush=True)
        rows += await parts[name]()
    return rows


if __name__ == "__main__":
    found = asyncio.run(main(sys.argv[1:]))
    print(json.dumps(found))
    sys.exit(0 if all(one["holds"] for one in found) else 1)
