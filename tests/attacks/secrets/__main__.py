"""All that a candidate can read, at every route: `python -m tests.attacks.secrets`.

Prints JSON rows for `make attack`; what was taken goes to standard error.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.attacks.hidden.canaries import Canaries
from tests.attacks.reach import reached
from tests.attacks.secrets import stock
from tests.attacks.secrets.trial import Trial

EVERYWHERE = 250


def main() -> int:
    """Run both, print the rows, return how it went."""
    with TemporaryDirectory() as folder:
        with reached(Path(folder, "ours"), Canaries()) as reach:
            trial = Trial(reach)
            beyond = trial.beyond(EVERYWHERE, len(trial.found))
            sent, failed = trial.replay.sent.total(), trial.replay.failed
        leaked, of_stock = stock.leaks(Path(folder, "stock"))
    for line in (*beyond, *(f"5xx: {name}" for name in failed)):
        print(line, file=sys.stderr)
    rows: list[dict[str, Any]] = [
        {
            "measure": f"taken beyond what is allowed ({sent} requests)",
            "ours": len(beyond),
            "peer": leaked,
            "bar": "0; stock >= 1",
            "holds": not beyond and leaked >= 1 and len(trial.found) > 1000,
            "n": len(trial.found),
        },
        {
            "measure": "strings within a candidate's reach",
            "ours": len(trial.found),
            "peer": of_stock,
            "bar": None,
            "holds": None,
            "n": "stock: a kernel's own reach",
        },
    ]
    print(json.dumps(rows, indent=1))
    return 0 if all(row["holds"] is not False for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
