"""`python -m tests.attacks.sockets`: origins, sockets, links and withdrawals.

Prints rows as JSON on stdout: measure, ours, bar, holds, n.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.attacks.sockets import leaving, links, origins, policies, states
from tests.attacks.sockets.origins import Tried
from tests.attacks.sockets.world import CANDIDATE, World, world

WITHDRAWALS = 10


def rows(people: World, folder: Path, withdrawals: int) -> list[dict[str, Any]]:
    """Make every attack; return what got through."""
    page, here = people.interviewer_page, people.here
    attacks: dict[str, Callable[[], Tried]] = {
        "hub tokens in a room's page": lambda: origins.words_of_tokens(people, page),
        "sockets opened from other origins": lambda: origins.foreign_sockets(people),
        "cookies tossed onto other hosts": lambda: origins.tossed(people, page),
        "reached by a script in a room": lambda: origins.from_a_page(people, page),
        "reached by windows and forms": lambda: origins.popups_and_forms(people, page),
        "changes with an interviewer's cookies": lambda: origins.forged(
            people, people.interviewer
        ),
        "changes with a candidate's cookies": lambda: origins.forged(
            people, people.candidate
        ),
        "sign-ins by scanners": lambda: links.scanned(people, here),
        "sign-ins in another's browser": lambda: links.in_anothers_browser(
            people, people.other
        ),
    }
    violations = len(people.violations)
    found = [row("policy violations in honest use", violations, 0, 1)]
    for measure, attack in attacks.items():
        tried = attack()
        for hit in tried.hits:
            print(f"{measure}: {hit}", file=sys.stderr)
        found.append(row(measure, len(tried.hits), 0, tried.n))
    pages = policies.of_pages(people)
    wrong = [f"{what}: {faults}" for what, faults in pages.items() if faults]
    found.append(row("pages whose policy lets scripts in", len(wrong), 0, len(pages)))
    for state, tried in states.walk(people, folder).tried.items():
        print("\n".join(tried.hits), file=sys.stderr)
        measure = f"answers that the tables do not have, {state}"
        found.append(row(measure, len(tried.hits), 0, tried.n))
    return found + left(people, withdrawals)


def left(people: World, times: int) -> list[dict[str, Any]]:
    """Take the access away and give it again, so often."""
    slowest_s, reopened, sockets, asks, late = 0.0, 0, 0, 0, Tried()
    link = people.here.invitation(CANDIDATE)
    for _ in range(times):
        # Longer than any poll of a page's takes to come round.
        found = leaving.withdraw(people, listen_s=12)
        asks += found.asks_after
        slowest_s = max(slowest_s, found.closed_after_s)
        sockets += found.sockets
        reopened += len(found.reopened)
        reopened += sum(status < 400 for status in found.statuses.values())
        tried = links.too_late(people, link["url"])
        late.n, late.hits = late.n + tried.n, late.hits + tried.hits
        people.candidate_page.close()
        people.candidate_page = leaving.invite_again(people)
        shown = people.operator("GET", f"/interviews/{people.here.id}").json()
        [valid] = [
            one
            for one in shown["invitations"]
            if one["state"] == "valid" and one["role"] == "candidate"
        ]
        link.update(id=valid["id"], url=valid["url"])
    return [
        row("s from withdrawal to the last socket", slowest_s, 5.0, sockets),
        row("opened after a withdrawal", reopened, 0, times),
        row("requests of pages that were put out", asks, 2 * times, times),
        row("withdrawn links that open", len(late.hits), 0, late.n),
    ]


def row(measure: str, ours: float, bar: float, n: int) -> dict[str, Any]:
    """Return one line of the table: ours is to be at most the bar."""
    ours = round(ours, 2)
    return {
        "measure": measure,
        "ours": ours,
        "peer": None,
        "bar": f"<= {bar:g}",
        "holds": ours <= bar,
        "n": n,
    }


def main() -> int:
    """Print the rows; the status says whether all hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--withdrawals", type=int, default=WITHDRAWALS)
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="nbi-sockets-") as folder,
        world(Path(folder) / "world") as people,
    ):
        found = rows(people, Path(folder), given.withdrawals)
    print(json.dumps(found, indent=2))
    return 0 if all(one["holds"] for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
