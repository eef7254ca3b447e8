"""Whether the neighbours that an update names stand in the order that it says.

Yjs and pycrdt place a struct between its two neighbours. Where these are named the
wrong way round, which no honest page does, they place it differently: of random
hostile edits one in ten parted a page from the room for good. pycrdt tells at which
index a unit is, and is asked before such an edit is applied.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import Any

from pycrdt import Doc, StickyIndex

from nbinterview.errors import TooLarge
from nbinterview_server.documents.integration import Pair, Plan, Refused
from nbinterview_server.documents.places import Known
from nbinterview_server.documents.trimming import var
from nbinterview_server.documents.updates import Id, Struct, Update

MAX_STEPS = 100_000_000
"""Of walking from units to the beginning of their list, in the worst case."""


def check_order(doc: Any, known: Known, update: Update, plan: Plan) -> None:
    """Refuse an update with a left neighbour right of its right one.

    Changes nothing. A unit that was deleted is where the next one is.
    """
    asked = [pair for pair in plan.pairs if not _follows(pair, update)]
    if not asked:
        return
    _bound(known, plan, asked)
    old = [pair for pair in asked if _is_old(known, pair)]
    _compare(doc, old)
    if len(old) < len(asked):  # rare: an update in which somebody wrote to and fro
        after: Doc[Any] = Doc()
        after.apply_update(doc.get_update())
        after.apply_update(update.data)
        _compare(after, asked)


def _follows(pair: Pair, update: Update) -> bool:
    """Say whether it goes on where the struct before it was put: typing, pasting."""
    struct, left = pair.struct, pair.left
    if left != (struct.client, struct.clock - 1):
        return False
    before = _struct_before(update.by_client[struct.client], struct)
    return before is not None and before.right == pair.right


def _struct_before(structs: list[Struct], struct: Struct) -> Struct | None:
    at = bisect_left(structs, struct.clock, key=lambda one: one.clock)
    return structs[at - 1] if at else None


def _is_old(known: Known, pair: Pair) -> bool:
    return all(
        unit.clock < known.reach(unit.client) for unit in (pair.left, pair.right)
    )


def _bound(known: Known, plan: Plan, pairs: Iterable[Pair]) -> None:
    steps = 0
    for pair in pairs:
        length = pair.place.items + plan.counts.get(pair.place, 0)
        steps += 2 * (length + 2 * (known.cuts + plan.cuts))
    if steps > MAX_STEPS:
        raise TooLarge("This edit changes too much at one place.")


def _compare(doc: Any, pairs: Iterable[Pair]) -> None:
    with doc.transaction() as transaction:
        for pair in pairs:
            left, right = (
                index_of(transaction, unit) for unit in (pair.left, pair.right)
            )
            if pair.left == pair.right or (
                left is not None and right is not None and left > right
            ):
                raise Refused("The neighbours of this edit are in another order.")


def index_of(transaction: Any, unit: Id) -> int | None:
    """Return where a unit is in its list; None when nothing is left of it."""
    place = b"\x00" + var(unit.client) + var(unit.clock) + b"\x00"
    try:
        return StickyIndex.decode(place).get_index(transaction)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001  # a panic of pycrdt is no Exception
        return None
