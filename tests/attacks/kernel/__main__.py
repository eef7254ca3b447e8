"""What a hostile cell reaches, ours and stock: `python -m tests.attacks.kernel`.

Prints JSON rows for `make attack`; which probe came to what goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.attacks.kernel import ours, stock
from tests.attacks.kernel.target import standing, untouched

LEAST = 60


def main() -> int:
    """Run both, print the rows, return how it went."""
    with TemporaryDirectory() as folder:
        with standing(os.getpid()) as target:
            found, layers = ours.quick(target, Path(folder))
            found += [
                ours.deadly(target, Path(folder), name) for name in target.deadly()
            ]
            clean = untouched(target)
        with standing(0) as other:
            found_there = stock.all_probes(other)
    peers = {name: (done, how) for name, done, how in found_there}
    for name, done, how in found:
        there, peer = peers[name]
        words = f"{'SUCCEEDED' if done else 'refused'} ({how})"
        beside = f"{'succeeded' if there else 'refused'} ({peer})"
        print(f"{name}: {words}; stock: {beside}", file=sys.stderr)
    print(f"layers: {layers}; host untouched: {clean}", file=sys.stderr)
    count = sum(done for _, done, _ in found)
    row = {
        "measure": f"probes that succeed (stock: {stock.spawner()})",
        "ours": count,
        "peer": sum(done for done, _ in peers.values()),
        "bar": f"0 of at least {LEAST}",
        "holds": count == 0 and clean and len(found) >= LEAST,
        "n": len(found),
    }
    print(json.dumps([row], indent=1))
    return 0 if row["holds"] else 1


if __name__ == "__main__":
    sys.exit(main())
