"""What a room knows about its interview: people, policy, template.

The service is asked for it; a copy beside the journal lets a room start again
while the service is away.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbinterview.errors import Unavailable
from nbinterview.schemas import check
from nbinterview.schemas.live_types import InterviewState, Role

NOTEBOOK = "interview.ipynb"
KERNEL_NAME = "nbinterview-python3"
QUOTA = "NBINTERVIEW_ROOM_QUOTA_BYTES"
QUOTA_BYTES = 256 * 1024 * 1024
LEAST_QUOTA_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Person:
    """One person of the interview, as the service names them."""

    hub_name: str
    display_name: str
    initials: str
    color: str
    role: Role


@dataclass(frozen=True)
class RoomConfig:
    """The answer of `GET rooms/{id}`, checked."""

    interview: str
    title: str
    state: InterviewState
    page_url: str
    """The service's page of this interview."""
    template: Mapping[str, Any]
    policy: Mapping[str, Any]
    people: Mapping[str, Person]
    allows: tuple[str, ...] = ()
    """What the questions allow at the start (`Allowance` of live.schema.yaml)."""
    branch: Mapping[str, Any] | None = None
    """`Branch` of room.schema.yaml when this room is a copy of a moment."""

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> RoomConfig:
        """Return the config, or raise `Invalid` naming the field to blame."""
        check(dict(wire), "room")
        interview = wire["interview"]
        return cls(
            interview=interview["id"],
            title=interview["title"],
            state=interview["state"],
            page_url=interview["page_url"],
            template=wire["template"],
            policy=wire["policy"],
            people={one["hub_name"]: Person(**one) for one in wire["people"]},
            allows=tuple(wire["allows"]),
            branch=wire.get("branch"),
        )


@dataclass(frozen=True)
class RoomEnv:
    """The environment variables that make a server a room."""

    interview: str
    directory: Path
    service_api: str
    token: str
    kernel_python: str
    bwrap: str
    quota_bytes: int = QUOTA_BYTES
    """Of the journal's file; when it is full nothing that people bring is taken."""

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> RoomEnv:
        """Return the room's variables, or say in one line which is missing."""
        names = {
            "interview": "NBINTERVIEW_INTERVIEW",
            "directory": "NBINTERVIEW_ROOM_DIR",
            "service_api": "NBINTERVIEW_SERVICE_API",
            "token": "NBINTERVIEW_ROOM_TOKEN",
            "kernel_python": "NBINTERVIEW_KERNEL_PYTHON",
            "bwrap": "NBINTERVIEW_BWRAP",
        }
        missing = [name for name in names.values() if not env.get(name)]
        if missing:
            raise Unavailable(
                f"This is not a room: {', '.join(missing)} is not set. "
                "Rooms are started by the hub."
            )
        found: dict[str, Any] = {key: env[name] for key, name in names.items()}
        found["directory"] = Path(found["directory"])
        return cls(**found, quota_bytes=_quota_bytes(env))

    @property
    def work(self) -> Path:
        """The notebook's folder: all of this server's contents."""
        return self.directory / "work"

    @property
    def journal(self) -> Path:
        """The room's record."""
        return self.directory / "journal.sqlite"

    @property
    def signing_key(self) -> Path:
        """The key that signs the record; it never leaves this directory."""
        return self.directory / "signing.key"

    @property
    def certificate(self) -> Path:
        """The platform's word on that key."""
        return self.directory / "certificate.json"

    @property
    def damage(self) -> Path:
        """What was found wrong with the journal, until the service has mended it."""
        return self.directory / "journal.damage"

    @property
    def config_copy(self) -> Path:
        """The last answer of the service."""
        return self.directory / "room.json"


def _quota_bytes(env: Mapping[str, str]) -> int:
    text = env.get(QUOTA, "")
    if not text:
        return QUOTA_BYTES
    if not text.isdigit() or int(text) < LEAST_QUOTA_BYTES:
        raise Unavailable(
            f"{QUOTA} has to be a number of bytes, {LEAST_QUOTA_BYTES} at least, "
            f"and is {text!r}."
        )
    return int(text)


def save_copy(target: Path, wire: Mapping[str, Any]) -> None:
    """Keep the service's answer, replacing the copy in one step."""
    partial = target.with_suffix(".partial")
    partial.write_text(json.dumps(wire), "utf-8")
    partial.chmod(0o600)
    partial.replace(target)


def load_copy(source: Path) -> RoomConfig:
    """Return the config that was kept by `save_copy`."""
    return RoomConfig.from_wire(json.loads(source.read_text("utf-8")))
