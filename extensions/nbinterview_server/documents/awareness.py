"""Awareness: cursors and names. The names are ours, never the client's.

An awareness update is a count, then for each client its id, a clock and a JSON
state (y-protocols). Clients repeat each other's states, so a state belongs to
the person who brought its client id first, and comes through from nobody else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pycrdt import Decoder, Encoder

from nbinterview.errors import Invalid
from nbinterview_server.config import Person
from nbinterview_server.documents.owners import Owners

MAX_STATE_BYTES = 64 * 1024


def identity(person: Person) -> dict[str, Any]:
    """Return the `user` of an awareness state, as JupyterLab reads it."""
    return {
        "username": person.hub_name,
        "name": person.display_name,
        "display_name": person.display_name,
        "initials": person.initials,
        "color": person.color,
        "avatar_url": None,
    }


@dataclass(frozen=True)
class Renamed:
    """What one person said of their own cursors, under their true name."""

    update: bytes
    here: frozenset[int]
    """The client ids that have a state; of others it says that they left."""


def rewrite(update: bytes, person: Person, owners: Owners) -> Renamed | None:
    """Return only this person's states, or None when nothing of it is theirs.

    Raises `Invalid` for bytes that are no awareness update.
    """
    try:
        states = _decode(update)
    except (IndexError, RuntimeError, ValueError, RecursionError) as error:
        raise Invalid("not an awareness update") from error
    mine = [
        (client_id, clock, _renamed(state, person))
        for client_id, clock, state in states
        if owners.claim(person.hub_name, {client_id})
    ]
    if not mine:
        return None
    here = frozenset(one for one, _, state in mine if state is not None)
    return Renamed(_encode(mine), here)


def _decode(update: bytes) -> list[tuple[int, int, Any]]:
    decoder = Decoder(update)
    found = []
    for _ in range(decoder.read_var_uint()):
        client_id, clock = decoder.read_var_uint(), decoder.read_var_uint()
        text = decoder.read_var_string()
        if len(text) > MAX_STATE_BYTES:
            raise ValueError("an awareness state is too large")
        found.append((client_id, clock, json.loads(text)))
    return found


def _encode(states: list[tuple[int, int, Any]]) -> bytes:
    encoder = Encoder()
    encoder.write_var_uint(len(states))
    for client_id, clock, state in states:
        encoder.write_var_uint(client_id)
        encoder.write_var_uint(clock)
        # ASCII: pycrdt writes the length in characters, readers count bytes.
        encoder.write_var_string(json.dumps(state, separators=(",", ":")))
    return encoder.to_bytes()


def _renamed(state: Any, person: Person) -> Mapping[str, Any] | None:
    if state is None:
        return None
    if not isinstance(state, dict):
        return {"user": identity(person)}
    return {**state, "user": identity(person)}
