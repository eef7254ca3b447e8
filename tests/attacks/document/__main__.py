"""`python -m tests.attacks.document [--n N] [--seed S]`: the long form, in JSON."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from typing import Any

from tests.attacks.document.core import Wrong, play
from tests.attacks.document.forgeries import FORGERIES


def run(n: int, seed: int = 1) -> list[dict[str, Any]]:
    """Play so many random schedules; return a row for each thing that must be 0."""
    total = Wrong()
    took_s = []
    for number in range(n):
        began_s = time.perf_counter()
        found = play(seed + number)
        took_s.append(time.perf_counter() - began_s)
        for kind, words in vars(found).items():
            getattr(total, kind).extend(f"seed {seed + number}: {one}" for one in words)
    names = {
        "lost": "edits of honest people that are lost",
        "misattributed": "bytes under another person's name",
        "let_in": "forgeries that had an effect, or another answer than theirs",
        "refused": "honest writes that were refused",
        "apart": "pages or journals that differ from the room",
    }
    return [
        {
            "measure": words,
            "ours": len(getattr(total, kind)),
            "bar": 0,
            "holds": not getattr(total, kind),
            "n": n,
            "kinds": len(FORGERIES),
            "median_s": round(statistics.median(took_s), 3),
            "examples": getattr(total, kind)[:5],
        }
        for kind, words in names.items()
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    rows = run(given.n, given.seed)
    print(json.dumps(rows, indent=1))
    sys.exit(0 if all(one["holds"] for one in rows) else 1)
