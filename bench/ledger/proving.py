"""A million records: a proof of one, and the verification of all."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import orjson

from bench.rows import Report, Row, compare, interleaved, interval, median, p95
from nbinterview.ledger.bundle import Contents, write_bundle
from nbinterview.ledger.records import Record
from nbinterview.ledger.tree import Tree, verify_inclusion
from nbinterview.ledger.verify import verify
from tests.service.ledger.bundles import (
    CANDIDATE,
    HERE,
    PLATFORM,
    POLICY,
    Interview,
    at,
    platform_key,
)

MOST_HASHES, MOST_MS, MOST_TIMES = 20, 1.0, 2.5
POLICY_EVENT = "room.started"


def inclusion(report: Report, *, size: int, proofs: int) -> None:
    """Prove random records of a tree, and add the rows."""
    report.look_at_machine()
    tree = Tree(number.to_bytes(32, "big") for number in range(size))
    root = tree.root()
    chance = report.chance()
    took, longest = [], 0
    for _ in range(proofs):
        place = chance.randrange(size)
        began_s = time.perf_counter()
        path = tree.inclusion(place)
        took.append(1000 * (time.perf_counter() - began_s))
        longest = max(longest, len(path))
        if not verify_inclusion(tree.leaf(place), place, size, path, root):
            raise RuntimeError(f"the proof of {place} does not fit")
    _, high = interval(took, p95, chance=chance)
    n = f"{proofs} proofs of {size:,} records"
    report.add(
        Row(
            measure="hashes of an inclusion proof",
            unit="hashes",
            ours=longest,
            bar=f"at most {MOST_HASHES}",
            holds=longest <= MOST_HASHES,
            n=n,
        ),
        Row(
            measure="making an inclusion proof, p95",
            unit="ms",
            ours=p95(took),
            high=high,
            low=min(took),
            bar=f"at most {MOST_MS:g} ms",
            holds=high <= MOST_MS,
            n=n,
        ),
    )


def records(count: int) -> Iterator[Record]:
    """Yield the records of a long interview without a document."""
    started = {"versions": {"engine": "2.0"}, "policy": POLICY}
    for seq in range(1, count + 1):
        event = {"name": "window_focus", "focused": bool(seq % 2)}
        yield Record(
            interview=HERE,
            seq=seq,
            time=at(seq / 1000),
            kind=POLICY_EVENT if seq == 1 else "event",
            author="room" if seq == 1 else CANDIDATE,
            payload=started if seq == 1 else {"client_seq": seq, "event": event},
            salt=hashlib.md5(seq.to_bytes(8, "big"), usedforsecurity=False).hexdigest(),
            monotonic_ms=None if seq == 1 else float(seq) + 0.5,
        )


def a_bundle(path: Path, count: int) -> Path:
    """Write a bundle of so many records, signed at their end."""
    made = Interview(HERE)
    made.records = list(records(count))
    made.seal()
    contents = Contents(
        interview=made.id,
        records=made.records,
        made_at=at(7200),
        checkpoints=made.checkpoints,
        certificates=made.certificates,
        countersignatures=made.countersignatures,
        platform_keys=[platform_key(PLATFORM)],
        erasures=[],
        about={},
    )
    write_bundle(path, contents)
    return path


def bare(path: Path) -> bytes:
    """Do with hashlib and a JSON parser what nobody can leave out; return the root.

    Each line is parsed, payload and body are written canonically, and both are
    hashed; then the tree. No form, no signature, no order is looked at.
    """
    sorted_keys = orjson.OPT_SORT_KEYS
    level = []
    with ZipFile(path) as bundle, bundle.open("records.jsonl") as lines:
        for line in lines:
            wire = orjson.loads(line)
            salt, payload = bytes.fromhex(wire.pop("salt")), wire.pop("payload")
            claimed = wire.pop("hash")
            whole = salt + orjson.dumps(payload, option=sorted_keys)
            wire["payload_hash"] = hashlib.sha256(whole).hexdigest()
            body = b"\x00" + orjson.dumps(wire, option=sorted_keys)
            leaf = hashlib.sha256(body).digest()
            if leaf.hex() != claimed:
                raise RuntimeError("a record is not what its hash says")
            level.append(leaf)
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        above = [hashlib.sha256(b"\x01" + one + two).digest() for one, two in pairs]
        level = above + level[len(level) & ~1 :]
    return level[0]


def verification(report: Report, *, count: int, rounds: int) -> None:
    """Verify a long bundle beside the bare loop, by turns, and add the row."""
    report.look_at_machine()
    top = Path(tempfile.mkdtemp(prefix="nbi-verify-"))
    took: dict[str, list[list[float]]] = {"ours": [], "bare": []}
    try:
        path = a_bundle(top / "bundle.zip", count)
        print(f"  {count:,} records, {path.stat().st_size / 1e6:.0f} MB", flush=True)
        for name in interleaved(list(took), rounds):
            began_s = time.perf_counter()
            if name == "ours":
                found = verify(path, platform_keys=[PLATFORM.public])
                if not found.ok:
                    raise RuntimeError(f"an honest bundle does not verify: {found.why}")
            else:
                bare(path)
            took[name].append([time.perf_counter() - began_s])
            print(f"  {name}: {took[name][-1][0]:.1f} s", flush=True)
    finally:
        shutil.rmtree(top)
    result = compare(took["ours"], took["bare"], median, chance=report.chance())
    report.add(
        Row(
            measure=f"verifying a bundle of {count:,} records",
            unit="s",
            ours=result.ours,
            peer=result.peer,
            ratio=result.ours / result.peer,
            low=result.ratio[0],
            high=result.ratio[1],
            bar=f"at most {MOST_TIMES:g} x",
            holds=result.ratio[1] <= MOST_TIMES,
            n=f"{rounds} rounds",
            versions="a loop of hashlib and orjson over the same lines",
            note="the loop parses and hashes, and looks at nothing else",
        )
    )
