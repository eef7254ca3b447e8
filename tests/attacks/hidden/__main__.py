"""Canaries in hidden material: `python -m tests.attacks.hidden`.

Prints JSON rows for `make attack`; what was found goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.attacks.hidden.canaries import Canaries
from tests.attacks.hidden.trial import in_reach, in_room
from tests.attacks.reach import reached


def main() -> int:
    """Look, print the rows, return how it went."""
    canaries = Canaries()
    _tell("An interview is being made and lived through ...")
    with (
        TemporaryDirectory() as folder,
        reached(Path(folder, "ours"), canaries) as reach,
    ):
        _tell(
            f"Looking through {len(reach.blobs)} pieces that reached the candidate ..."
        )
        candidates = in_reach(reach, canaries)
        _tell("Looking through the room's files and memory ...")
        rooms, looked_bytes = in_room(reach, canaries)
        pieces = len(reach.blobs)
    for line in (*candidates, *rooms):
        print(line, file=sys.stderr)
    where = "files and memory" if os.geteuid() == 0 else "files"
    rows = [
        _row("canaries that reached the candidate", len(candidates), pieces),
        _row(f"canaries in the room's {where}", len(rooms), looked_bytes),
    ]
    print(json.dumps(rows, indent=1))
    return 0 if all(row["holds"] for row in rows) else 1


def _tell(doing: str) -> None:
    """Say what takes so long: about a minute altogether, more on a busy machine."""
    print(doing, file=sys.stderr, flush=True)


def _row(measure: str, ours: int, n: int) -> dict[str, object]:
    return {
        "measure": measure,
        "ours": ours,
        "peer": None,
        "bar": "0",
        "holds": ours == 0 and n > 0,
        "n": n,
    }


if __name__ == "__main__":
    sys.exit(main())
