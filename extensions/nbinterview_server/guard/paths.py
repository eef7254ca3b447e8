"""Where in the notebook a write does something.

Custody knows the list of neighbours of each unit. From there it is a walk over
parents to a root, `cells`, `meta` or `state`, and that walk is the path:

    ("cells", (None,))                    the list of cells
    ("cells", (None, "source"))           which text is a cell's source
    ("cells", (None, "source", None))     letters of it
    ("meta", ("metadata", "kernelspec"))  a value of the notebook's metadata
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from nbinterview.errors import TooLarge
from nbinterview_server.documents.integration import Plan
from nbinterview_server.documents.places import GONE, Known, Place
from nbinterview_server.documents.updates import Deletion, Id, Struct, Update
from nbinterview_server.guard.limits import MAX_DELETIONS


class Path(NamedTuple):
    """A way from a root: keys of maps, and None for what is one of a sequence."""

    root: str
    keys: tuple[str | None, ...]
    inside: tuple[Id, ...]
    """The types that it goes through; in `cells`, the first one is the cell."""


class Removed(NamedTuple):
    """Units next to each other at one path that a write deletes."""

    path: Path
    client: int
    clock: int
    end: int


@dataclass
class Write:
    """One write, by what it does where. What was deleted long ago is not in it."""

    update: Update
    added: list[tuple[Path, Struct]] = field(default_factory=list)
    removed: list[Removed] = field(default_factory=list)
    ended: set[Id] = field(default_factory=set)
    """The types that it deletes: what is inside of them goes along."""
    begun: set[Id] = field(default_factory=set)
    """The types that it brings."""


def path_of(plan: Plan, place: Place) -> Path | None:
    """Return the path of a place; None when its surroundings are forgotten."""
    keys: list[str | None] = []
    inside: list[Id] = []
    while True:
        parent = place.parent
        if parent is None:
            return None
        if isinstance(parent, str):
            keys.append(place.sub)
            return Path(parent, tuple(reversed(keys)), tuple(reversed(inside)))
        container = plan.container(parent)
        if container is None or container.place is GONE:
            return None
        keys.append(place.sub)
        inside.append(parent)
        place = container.place


def read(update: Update, plan: Plan, known: Known) -> Write:
    """Return what a write would do, from the plan of placing it.

    Raises `TooLarge` when it deletes here and there so often that it takes long.
    """
    write = Write(update, begun=set(plan.containers))
    paths: dict[Place, Path | None] = {}
    for struct, place in plan.added:
        if place not in paths:
            paths[place] = path_of(plan, place)
        path = paths[place]
        if path is not None:
            write.added.append((path, struct))
    for place, client, clock, end in _newly_deleted(update, plan, known):
        if place not in paths:
            paths[place] = path_of(plan, place)
        path = paths[place]
        if path is None:
            continue
        write.removed.append(Removed(path, client, clock, end))
        if len(write.removed) > MAX_DELETIONS:
            raise TooLarge(f"An edit has at most {MAX_DELETIONS} deletions.")
        if not place.text:
            units = (Id(client, one) for one in range(clock, end))
            write.ended.update(one for one in units if plan.container(one))
    return write


def _newly_deleted(
    update: Update, plan: Plan, known: Known
) -> Iterator[tuple[Place, int, int, int]]:
    for client, clock, end in update.deletions:
        spans = known.deleted.get(client)
        parts = [(clock, end)] if spans is None else spans.missing(clock, end)
        for first, last in parts:
            for place, start, stop in plan.runs(Deletion(client, first, last)):
                yield place, client, start, stop
