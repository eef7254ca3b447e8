"""Honest bundles, and their parts to forge: for the tests and bench/ledger."""

from __future__ import annotations

import base64
import json
import random
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jupyter_ydoc import YNotebook
from pycrdt import Doc

from nbinterview.ledger.bundle import Contents, write_bundle
from nbinterview.ledger.checkpoints import (
    Certificate,
    Checkpoint,
    Countersignature,
    PlatformKey,
    Receipt,
    countersign,
    make_certificate,
    make_checkpoint,
)
from nbinterview.ledger.records import Record
from nbinterview.ledger.signing import Signer
from nbinterview.ledger.tree import Tree

HERE, THERE = "aaaaaaaaaa", "bbbbbbbbbb"
CANDIDATE = "p-cccccccccc"
POLICY = {"name": "standard", "version": 1, "sensors": ["focus"], "settle_s": 1.0}


def a_signer(seed: int) -> Signer:
    """Return the key of a seed."""
    return Signer(Ed25519PrivateKey.from_private_bytes(seed.to_bytes(32, "big")))


PLATFORM, STRANGER = a_signer(1), a_signer(666)


def at(second: float) -> str:
    """Return a time of the interview."""
    whole, part = divmod(round(second * 1e6), 10**6)
    hours, rest = divmod(whole, 3600)
    return f"2026-11-23T{10 + hours:02}:{rest // 60:02}:{rest % 60:02}.{part:06}Z"


def platform_key(signer: Signer = PLATFORM) -> PlatformKey:
    """Return how a key of the platform is published."""
    return PlatformKey(signer.public, signer.key_id, at(0))


@dataclass
class Interview:
    """A room's record and what was signed about it; more can be added."""

    id: str = HERE
    room: Signer = field(default_factory=lambda: a_signer(2))
    platform: Signer = PLATFORM
    seed: int = 1
    format: int = 2
    records: list[Record] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    countersignatures: list[Countersignature] = field(default_factory=list)
    certificates: list[Certificate] = field(default_factory=list)
    erasures: list[Mapping[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self.certificates.append(
            make_certificate(self.platform, self.id, self.room.public, at(0))
        )

    def add(self, kind: str, author: str, payload: Mapping[str, Any]) -> Record:
        """Add a record."""
        seq = len(self.records) + 1
        record = Record(
            interview=self.id,
            seq=seq,
            time=at(seq / 4),
            kind=kind,
            author=author,
            payload=payload,
            salt=self._chance.randbytes(16).hex(),
            monotonic_ms=None if author == "room" else 250.0 * seq,
            format=self.format,
        )
        self.records.append(record)
        return record

    def tree(self) -> Tree:
        """Return the tree of the records so far."""
        return Tree(record.leaf for record in self.records)

    def seal(self, *, seen: bool = True) -> Checkpoint:
        """Sign the head; the service countersigns unless it is away."""
        size, time = len(self.records), at(len(self.records) / 4)
        head = make_checkpoint(self.room, self.id, size, self.tree().root(), time)
        self.checkpoints.append(head)
        if seen:
            self.countersignatures.append(countersign(self.platform, head, time))
        return head

    def erase(self, kinds: Sequence[str], reason: str = "after 90 days") -> None:
        """Erase all payloads of some kinds."""
        self.records = [
            record.without_payload() if record.kind in kinds else record
            for record in self.records
        ]
        self.erasures.append(
            {
                "id": f"e{len(self.erasures)}",
                "interview": self.id,
                "from_seq": 1,
                "to_seq": len(self.records),
                "kinds": list(kinds),
                "reason": reason,
                "rule": "events_days",
                "at": at(3600),
            }
        )

    def receipt(self) -> Receipt:
        """Return what the candidate has of the newest head."""
        return Receipt(
            self.id,
            self.checkpoints[-1],
            self.certificates[-1],
            self.countersignatures[-1] if self.countersignatures else None,
            (platform_key(self.platform),),
        )

    def write(self, path: Path, **changes: Any) -> Path:
        """Write the bundle."""
        given: dict[str, Any] = {
            "interview": self.id,
            "records": self.records,
            "made_at": at(7200),
            "checkpoints": self.checkpoints,
            "certificates": self.certificates,
            "countersignatures": self.countersignatures,
            "platform_keys": [platform_key(self.platform)],
            "erasures": self.erasures,
            "about": {"title": "Wine"},
        }
        write_bundle(path, Contents(**{**given, **changes}))
        return path


def an_interview(
    interview: str = HERE, *, events: int = 30, ended: bool = True, **more: Any
) -> Interview:
    """Return an interview with a notebook, events and heads signed on the way."""
    made = Interview(interview, **more)
    chance = random.Random(made.seed)
    made.add("room.started", "room", {"versions": {"engine": "2.0"}, "policy": POLICY})
    made.add("interview.state", "room", {"state": "open"})
    document: Doc[Any] = Doc(client_id=7)
    notebook = YNotebook(document)
    for number in range(events):
        if number % 5 == 0:
            before = document.get_state()
            cell: dict[str, Any] = {
                "cell_type": "code",
                "id": f"cell-{number}",
                "metadata": {},
                "source": f"x = {number}  # ä\n",
                "outputs": [],
                "execution_count": None,
            }
            if number:
                notebook.append_cell(cell)
            else:
                whole = {"cells": [cell], "metadata": {}, "nbformat": 4}
                notebook.set({**whole, "nbformat_minor": 5})
            update = base64.b64encode(document.get_update(before)).decode()
            payload = {"path": "interview.ipynb", "update": update, "edit": {}}
            made.add("document", CANDIDATE, payload)
        elif number % 5 == 1:
            frame = {"at_ms": 250.0 * number, "faces": 1, "luma_mean": chance.random()}
            made.add("observations", CANDIDATE, {"frames": [frame] * 8})
        else:
            event = {"name": "window_focus", "focused": bool(number % 2)}
            made.add("event", CANDIDATE, {"client_seq": number, "event": event})
        if number % 10 == 9:
            made.seal(seen=number % 20 == 9)
    if ended:
        made.add("interview.state", "room", {"state": "ended"})
        made.add("person.left", CANDIDATE, {"role": "candidate"})
        made.add("room.stopped", "room", {"reason": "ended"})
    made.seal()
    return made


def members(path: Path) -> dict[str, bytes]:
    """Return a bundle's members."""
    with zipfile.ZipFile(path) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def pack(path: Path, parts: Mapping[str, bytes]) -> Path:
    """Write members as they are."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return path


def lines(content: bytes) -> list[Any]:
    """Return the JSON of lines."""
    return [json.loads(line) for line in content.splitlines()]
