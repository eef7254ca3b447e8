"""What an interview hour with a camera weighs on the disk, and 200 of them a week."""

from __future__ import annotations

import asyncio
import base64
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pycrdt import Doc, Text, TransactionEvent

from bench.collab.sizes import typing
from bench.fairness import honest
from bench.fairness.camera import observe
from bench.fairness.people import chance as drawn
from bench.fairness.people import person
from bench.fairness.records import START_S, journal
from bench.ledger.record_server import INTERVIEW, JOURNAL
from bench.rows import Report, Row
from nbinterview.ledger.canonical import canonical
from nbinterview.ledger.checkpoints import make_checkpoint
from nbinterview.ledger.records import format_time
from nbinterview.ledger.signing import Signer
from nbinterview_proctor.engine import Fact
from nbinterview_server.journal import Entry, Journal

MOST_MB = 5.0
HOUR_S = 3600
SEAL_EVERY_S = 2
WEEKLY, HOURS = 200, 1.0
WEEKS = 52
"""For so long the usual policy keeps what it keeps longest, the notebook."""


def facts(seed: int, number: int, seconds: int) -> list[Fact]:
    """Return what a room records of one honest person's session, without documents."""
    scene = honest.session(seed, person(seed, number), 0, seconds)
    seen = observe(scene, drawn(seed, number, 0, "camera"))
    found = journal(scene, seen, drawn(seed, number, 0, "journal"))
    return [one for one in found if one.kind != "document"]


def updates(seconds: int, report: Report) -> Iterator[bytes]:
    """Yield the Yjs update of each key that is typed in that time."""
    document: Doc[Any] = Doc()
    text = document.get("source", type=Text)
    made: list[bytes] = []

    def changed(event: TransactionEvent) -> None:
        made.append(event.update)

    subscription = document.observe(changed)
    for key in typing(float(seconds), report.chance()):
        length = len(str(text))
        if key != "\b":
            text.insert(length, key)
        elif length:
            del text[length - 1]
        yield from made
        made.clear()
    document.unobserve(subscription)


def _entries(
    found: list[Fact], report: Report, seconds: int
) -> list[tuple[float, Entry]]:
    timed = []
    beat = 0
    for fact in found:
        payload = dict(fact.payload)
        if fact.kind == "observations":
            frames = len(payload["frames"])
            beats = {"first": beat + 1, "last": beat + 1}
            beats |= {"frames_seen": beat * frames, "frames_dropped": 0}
            payload["beats"] = beats
            beat += 1
        entry = Entry(fact.kind, fact.author, payload, fact.monotonic_ms)
        timed.append((fact.at_s - START_S, entry))
    written = list(updates(seconds, report))
    for place, update in enumerate(written):
        edit = {"inserted_chars": 1}
        content = base64.b64encode(update).decode()
        payload = {"path": "interview.ipynb", "update": content, "edit": edit}
        entry = Entry("document", "p-candidate2", payload)
        timed.append((place * seconds / max(1, len(written)), entry))
    return sorted(timed, key=lambda one: one[0])


async def weigh(directory: Path, timed: list[tuple[float, Entry]]) -> None:
    """Write the records at their times, signed as a room signs."""
    began = datetime.now(UTC)
    now = [began]
    made = Journal(
        directory / JOURNAL,
        INTERVIEW,
        clock=lambda: now[0],
        salt=lambda: secrets.token_hex(16),
    )
    signer = Signer(Ed25519PrivateKey.generate())
    sealed_s = 0.0
    for at_s, entry in timed:
        now[0] = began + timedelta(seconds=at_s)
        await made.append_all([entry])
        if at_s - sealed_s >= SEAL_EVERY_S:
            sealed_s = at_s
            time = format_time(now[0])
            tree = made.tree
            head = make_checkpoint(signer, INTERVIEW, tree.size, tree.root(), time)
            made.keep((head.size, head.time, canonical(head.wire()).decode()))
    made.close()


def measure(report: Report, *, people: int, seconds: int) -> None:
    """Weigh the hours of some people, and add the rows."""
    report.look_at_machine()
    took_mb = []
    for number in range(people):
        timed = _entries(facts(report.seed, number, seconds), report, seconds)
        directory = Path(tempfile.mkdtemp(prefix="nbi-weigh-"))
        try:
            asyncio.run(weigh(directory, timed))
            # Space that is kept free for the end is no part of the record.
            (directory / "journal.reserve").unlink(missing_ok=True)
            size_bytes = sum(one.stat().st_size for one in directory.iterdir())
        finally:
            shutil.rmtree(directory)
        took_mb.append(size_bytes / 1e6 * HOUR_S / seconds)
        print(f"  {len(timed)} records, {took_mb[-1]:.2f} MB an hour", flush=True)
    worst = max(took_mb)
    report.add(
        Row(
            measure="the record of an interview hour with camera and typing",
            unit="MB",
            ours=worst,
            low=min(took_mb),
            high=worst,
            bar=f"at most {MOST_MB:g} MB",
            holds=worst <= MOST_MB,
            n=f"{people} people x {seconds / 60:g} minutes",
            note="the largest of them, synthetic: 10 frames a second or what the "
            "person's machine measures, beats, 5 keys a second in bursts, a signed "
            "head every 2 s; the journal's file, closed",
        ),
        Row(
            measure=f"{WEEKLY} such interviews a week, on room and service",
            unit="GB",
            ours=2 * WEEKLY * HOURS * worst / 1000,
            n="a week",
            note=f"with payloads kept {WEEKS} weeks "
            f"{2 * WEEKS * WEEKLY * HOURS * worst / 1000:.0f} GB; hashes stay",
        ),
    )
