"""A room that signs what it sends, as far as tests of the service need one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from nbinterview.ledger.checkpoints import Checkpoint, make_checkpoint
from nbinterview.ledger.records import Record
from nbinterview.ledger.signing import Signer
from nbinterview.ledger.tree import Tree
from nbinterview.tokens import room_token
from tests.service.hub_process import RunningHub
from tests.service.support import Running, record

TIME = "2026-11-22T09:30:00.000000Z"


def new_signer() -> Signer:
    return Signer(Ed25519PrivateKey.generate())


@dataclass
class SigningRoom:
    """One interview's records, its tree and its key."""

    running: Running
    interview: str
    signer: Signer = field(default_factory=new_signer)
    tree: Tree = field(default_factory=Tree)
    wires: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    async def open(cls, running: Running) -> SigningRoom:
        made = await running.create()
        return cls(running, made["interview"]["id"])

    def write(
        self, count: int = 1, kind: str = "event", payload: Any = None
    ) -> list[dict[str, Any]]:
        """Add records to the journal; return their wire forms."""
        new = []
        for _ in range(count):
            wire = record(self.interview, self.tree.size + 1, kind, payload)
            self.tree.append(Record.from_wire(wire).leaf)
            new.append(wire)
        self.wires += new
        return new

    def end(self) -> list[dict[str, Any]]:
        """Write what a room writes at the end of its interview."""
        return [
            *self.write(kind="interview.state", payload={"state": "ended"}),
            *self.write(kind="room.stopped", payload={"reason": "ended"}),
        ]

    def sign(self, size: int | None = None, **changed: Any) -> dict[str, Any]:
        """Return a checkpoint of the tree, at some size."""
        size = self.tree.size if size is None else size
        signed = make_checkpoint(
            changed.get("signer", self.signer),
            changed.get("interview", self.interview),
            size,
            changed.get("root", self.tree.root(min(size, self.tree.size))),
            TIME,
        )
        return signed.wire()

    async def certify(
        self, signer: Signer | None = None, *, replaced: bool = False
    ) -> tuple[int, dict[str, Any]]:
        room = await self.running.room(self.interview)
        answer = await room.post(
            f"api/v1/rooms/{self.interview}/key",
            json={"public_key": (signer or self.signer).public, "replaced": replaced},
        )
        return answer.status_code, answer.json()

    async def send(
        self,
        records: list[dict[str, Any]],
        checkpoint: dict[str, Any] | None = None,
        **more: Any,
    ) -> tuple[int, dict[str, Any]]:
        room = await self.running.room(self.interview)
        body = {"records": records, "checkpoint": checkpoint, **more}
        answer = await room.post(
            f"api/v1/rooms/{self.interview}/records",
            content=json.dumps(body),
            headers={"Content-Type": "application/json"},
        )
        return answer.status_code, answer.json()

    async def heads(self) -> list[Checkpoint]:
        """Return the checkpoints that the service kept."""
        operator = await self.running.operator()
        answer = await operator.get(f"api/v1/interviews/{self.interview}/checkpoints")
        assert answer.status_code == 200, answer.text
        return [Checkpoint.from_wire(one) for one in answer.json()["checkpoints"]]


class LiveRoom:
    """What a room sends, by HTTP, to the service's process."""

    def __init__(self, hub: RunningHub, interview: str) -> None:
        self.interview = interview
        self.tree = Tree()
        self._signer = new_signer()
        self._client = httpx.Client(
            base_url=f"{hub.addresses.service_api}/rooms/{interview}",
            headers={
                "Authorization": "Bearer "
                + room_token(hub.home.secret("room_key"), interview)
            },
            trust_env=False,
        )
        self._post("/key", {"public_key": self._signer.public, "replaced": False})

    def _post(self, path: str, body: dict[str, Any]) -> None:
        answer = self._client.post(path, json=body)
        assert answer.status_code == 200, answer.text

    def send(self, kind: str, payload: dict[str, Any]) -> None:
        wire = record(self.interview, self.tree.size + 1, kind, payload)
        self.tree.append(Record.from_wire(wire).leaf)
        root = self.tree.root()
        size = self.tree.size
        signed = make_checkpoint(self._signer, self.interview, size, root, TIME)
        self._post("/records", {"records": [wire], "checkpoint": signed.wire()})

    def close(self) -> None:
        self._client.close()
