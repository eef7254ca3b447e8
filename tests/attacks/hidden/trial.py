"""Look for the canaries wherever a candidate, or their room, could have them from."""

from __future__ import annotations

import os
from collections.abc import Iterator

from tests.attacks.hidden.canaries import Canaries
from tests.attacks.hidden.forms import hits
from tests.attacks.hidden.memory import family_of_room, of_folder, of_process
from tests.attacks.reach import CANDIDATE, Reach

# The room is told who comes from which browser by that browser itself.
KNOWN_TO_ROOM = frozenset({"arrival"})


def in_reach(reach: Reach, canaries: Canaries) -> list[str]:
    """Return every hit in what reached the candidate, a line for each."""
    words = {**canaries.words, **_links(reach)}
    return _lines(hits(words, reach.blobs))


def in_room(reach: Reach, canaries: Canaries) -> tuple[list[str], int]:
    """Return every hit in the room's files and processes, and bytes looked at."""
    words = {
        name: word
        for name, word in {**canaries.words, **_links(reach)}.items()
        if name not in KNOWN_TO_ROOM
    }
    looked = 0

    def pieces() -> Iterator[tuple[str, bytes]]:
        yield from of_folder(reach.home.room(reach.here.id))
        if os.geteuid() != 0:
            return
        for process in family_of_room(reach.here.id):
            yield from of_process(process)

    def counted() -> Iterator[tuple[str, bytes]]:
        nonlocal looked
        for where, data in pieces():
            looked += len(data)
            yield where, data

    return _lines(hits(words, counted())), looked


def _links(reach: Reach) -> dict[str, str]:
    """Return the invitation links of everybody but the candidate."""
    own = {one["name"]: one["url"] for one in reach.here.invitations}
    own.pop(CANDIDATE)
    others = {f"other {one['name']}": one["url"] for one in reach.other.invitations}
    return {
        f"link of {name}": url.split("token=")[1]
        for name, url in {**own, **others}.items()
    }


def _lines(found: Iterator[tuple[str, str, str]]) -> list[str]:
    return sorted({f"{what} ({form}): {where[:100]}" for what, form, where in found})
