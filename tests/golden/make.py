"""Keep a journal of today's format and engine as a golden one: once, for ever.

    python -m tests.golden.make NAME EXPORT.jsonl.gz
    python -m tests.golden.make

The first writes tests/golden/NAME: the export, a bundle and a receipt of it, and what
is found in it. What is there is never written again: what was released stays as it was.
The export comes from a room of that format and engine (`nbinterview export --jsonl`).
The second is for a new engine: it adds what that finds in the journals that are there.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nbinterview.ledger.bundle import Contents, write_bundle
from nbinterview.ledger.checkpoints import (
    Receipt,
    countersign,
    make_certificate,
    make_checkpoint,
)
from nbinterview.ledger.film import make_film
from nbinterview.ledger.moments import notebook_after
from nbinterview.ledger.records import Record
from nbinterview.ledger.tree import Tree
from nbinterview_proctor import rescoring
from nbinterview_proctor.engine import ENGINE_VERSION
from nbinterview_proctor.policy import Policy
from tests.service.ledger.bundles import PLATFORM, a_signer, platform_key

GOLDEN = Path(__file__).parent
ROOM = a_signer(2)
MADE_AT = "2026-11-23T16:00:00.000000Z"
HEADS_EVERY = 50


def read_export(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return an export's header, with the people in the interview, and its records."""
    header, *records = map(json.loads, gzip.decompress(path.read_bytes()).splitlines())
    return {**header["interview"], "people": header["people"]}, records


def found_in(
    interview: Mapping[str, Any], records: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return what must be found in these records by every later program."""
    leaves = [Record.from_wire(wire).leaf for wire in records]
    notebook = notebook_after(records, records[-1]["seq"])
    film = make_film(interview, records)
    return {
        "records": len(records),
        "root": Tree(leaves).root().hex(),
        "notebook": digest(notebook),
        "frames": len(film["frames"]),
        "recorded": [one.to_dict() for one in rescoring.findings(records)],
    }


def rescored(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what this engine finds under the recorded policy."""
    started = next(one for one in records if one["kind"] == "room.started")
    policy = Policy.from_dict(started["payload"]["policy"])
    found = rescoring.rescored(records, policy, {}, whole=None)
    return [one.to_dict() for one in found.findings]


def digest(value: object) -> str:
    """Return the hash of a JSON value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def add_rescored() -> None:
    """Add what today's engine finds to every golden journal that lacks it."""
    for path in sorted(GOLDEN.glob("*/expected.json")):
        expected = json.loads(path.read_text("utf-8"))
        _interview, records = read_export(path.parent / "recorded.jsonl.gz")
        expected["rescored"].setdefault(ENGINE_VERSION, rescored(records))
        _write(path, expected)


def _write(path: Path, expected: Mapping[str, Any]) -> None:
    text = json.dumps(expected, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", "utf-8")


def main(name: str, export: Path) -> None:
    """Make a golden journal."""
    folder = GOLDEN / name
    folder.mkdir()
    (folder / "recorded.jsonl.gz").write_bytes(export.read_bytes())
    interview, wires = read_export(export)
    records = [Record.from_wire(wire) for wire in wires]
    tree = Tree(record.leaf for record in records)
    id_, size = interview["id"], tree.size
    # A room of format 1 signed nothing: the service did, later.
    signs = records[-1].format > 1
    sizes = [*range(HEADS_EVERY, size, HEADS_EVERY), size]
    heads = [
        make_checkpoint(ROOM, id_, one, tree.root(one), records[one - 1].time)
        for one in sizes
    ]
    seen = [countersign(PLATFORM, head, MADE_AT) for head in heads[-1:]]
    certificate = make_certificate(PLATFORM, id_, ROOM.public, records[0].time)
    write_bundle(
        folder / "bundle.zip",
        Contents(
            id_,
            records,
            MADE_AT,
            checkpoints=heads if signs else [],
            certificates=[certificate] if signs else [],
            countersignatures=seen,
            platform_keys=[platform_key()],
        ),
    )
    if signs:
        receipt = Receipt(id_, heads[-1], certificate, seen[-1], (platform_key(),))
        text = json.dumps(receipt.wire(), indent=1)
        (folder / "receipt.json").write_text(text + "\n")
    expected = {
        **found_in(interview, wires),
        "platform_key": PLATFORM.public,
        "rescored": {ENGINE_VERSION: rescored(wires)},
    }
    _write(folder / "expected.json", expected)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1], Path(sys.argv[2]))
    else:
        add_rescored()
