"""`python -m tests.attacks.fuzz_api --n N`: the long form; prints JSON rows."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys

from tests.attacks.fuzz_api import room, service


def main() -> int:
    """Attack service and room; return 1 when a bar is not held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=100_000, help="inputs for each")
    parser.add_argument("--seed", type=int, default=20261122)
    given = parser.parse_args()
    outcomes = {
        "service": asyncio.run(service.run(n=given.n, seed_number=given.seed)),
        "room": room.run(n=given.n, seed_number=given.seed),
    }
    rows = [row for name, outcome in outcomes.items() for row in outcome.rows(name)]
    for outcome in outcomes.values():
        print(outcome.answers, file=sys.stderr)
        print("\n".join(outcome.faults()), file=sys.stderr)
    print(json.dumps(rows))
    return 0 if all(row["holds"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
