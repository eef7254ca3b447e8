"""Bundles and requests that were forged: none may be taken for genuine."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.ledger.requests import Tally, forged_requests
from bench.rows import Report, Row
from nbinterview.errors import Invalid
from nbinterview.ledger.verify import verify
from tests.service.ledger.bundles import (
    PLATFORM,
    THERE,
    a_signer,
    an_interview,
    members,
    pack,
)
from tests.service.ledger.forgeries import Honest, forge

CHUNK = 500


@dataclass(frozen=True)
class Counted:
    """How many were made, and which verified."""

    made: int
    kinds: Counter[str]
    taken: Sequence[str]


def an_honest(folder: Path) -> Honest:
    """Return the bundle that is forged, and another interview's."""
    one = an_interview(events=20)
    other = an_interview(THERE, events=24, room=a_signer(3), seed=2)
    return Honest(
        one,
        members(one.write(folder / "one.zip")),
        other,
        members(other.write(folder / "other.zip")),
    )


def chunk(seed: int, count: int) -> Counted:
    """Forge and verify so many, in a process of its own."""
    kinds: Counter[str] = Counter()
    taken: list[str] = []
    with tempfile.TemporaryDirectory(prefix="nbi-forge-") as folder:
        top = Path(folder)
        honest = an_honest(top)
        for number in range(seed, seed + count):
            forged = forge(random.Random(number), honest)  # noqa: S311  # no secret
            path = pack(top / "forged.zip", forged.members)
            kinds[forged.name] += 1
            try:
                found = verify(
                    path, receipt=honest.receipt, platform_keys=[PLATFORM.public]
                )
            except Invalid:
                continue
            if found.ok:
                taken.append(f"{forged.name}, seed {number}")
    return Counted(count, kinds, taken)


def bundles(report: Report, *, count: int) -> None:
    """Forge so many bundles on all processors, and add the rows."""
    report.look_at_machine()
    sizes = [min(CHUNK, count - first) for first in range(0, count, CHUNK)]
    seeds = [report.seed * 1_000_000 + CHUNK * place for place in range(len(sizes))]
    kinds: Counter[str] = Counter()
    taken: list[str] = []
    made = 0
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for one in pool.map(chunk, seeds, sizes):
            made += one.made
            kinds.update(one.kinds)
            taken += one.taken
            if made % (20 * CHUNK) == 0:
                print(f"  {made:,} of {count:,}", flush=True)
    honest = _honest_verify()
    report.add(
        Row(
            measure="forged bundles that verify",
            unit="bundles",
            ours=len(taken),
            bar="none",
            holds=not taken and made == count,
            n=f"{made:,} bundles of {len(kinds)} kinds",
            note="; ".join(taken[:3])
            or ", ".join(f"{name} {n}" for name, n in sorted(kinds.items())),
        ),
        Row(
            measure="honest bundles that do not verify",
            unit="bundles",
            ours=len(honest),
            bar="none",
            holds=not honest,
            n="40 bundles",
            note="; ".join(honest[:3]),
        ),
    )


def _honest_verify() -> list[str]:
    """Verify honest bundles of many sizes; return what was said of those that fail."""
    wrong: list[str] = []
    folder = Path(tempfile.mkdtemp(prefix="nbi-honest-"))
    try:
        for seed in range(40):
            made = an_interview(events=3 + 2 * seed, seed=seed, ended=bool(seed % 3))
            if seed % 4 == 3:
                made.erase(["observations", "event"])
            path = made.write(folder / "honest.zip")
            found = verify(
                path, receipt=made.receipt(), platform_keys=[PLATFORM.public]
            )
            if not found.ok:
                wrong.append(f"seed {seed}: {found.why}")
    finally:
        shutil.rmtree(folder)
    return wrong


def requests(report: Report, *, count: int) -> None:
    """Forge so many requests and beats at a real room, and add the row."""
    report.look_at_machine()
    found: Tally = forged_requests(count, report.seed)
    report.add(
        Row(
            measure="forged, replayed or cross-room requests that were taken",
            unit="requests",
            ours=len(found.taken),
            bar="none",
            holds=not found.taken and sum(found.made.values()) >= count,
            n=f"{sum(found.made.values()):,} requests",
            note="; ".join(found.taken[:3])
            or ", ".join(f"{name} {n}" for name, n in sorted(found.made.items())),
        )
    )
