"""What a hostile candidate's page sends, and what has to become of it.

Each forgery is written by hand against the notebook as it stands, which any page
has: ids, clocks and units are no secrets.
"""

from __future__ import annotations

from typing import Any

from pycrdt import Array, Map
from pycrdt import Text as YText

from tests.attacks.document import forged_forms  # noqa: F401 - registers its own
from tests.attacks.document.forging import (
    ALLOWED,
    CORRECTED,
    FORGERIES,
    MARK,
    REFUSED,
    SCRIPT,
    cell,
    forgery,
    index,
    writes,
)
from tests.attacks.document.seen import TRUE, Seen, any_of
from tests.extensions.yjs_bytes import (
    ANY,
    TYPE,
    gc,
    item,
    letters,
    skip,
    update,
    var,
)

__all__ = ["FORGERIES"]

DELETED = 1


# ------------------------------------------------------------ ids and clocks


@forgery(REFUSED)
def another_persons_id(seen: Seen) -> bytes:
    who = seen.victim()
    end = seen.ends[who]
    return update((who, end, [letters(MARK, origin=(who, end - 1))]))


@forgery(REFUSED)
def the_templates_id(seen: Seen) -> bytes:
    end = seen.ends[0]
    return update((0, end, [letters(MARK, origin=(0, end - 1))]))


@forgery(REFUSED)
def on_the_next_clock_of_another(seen: Seen) -> bytes:
    who = seen.victim()
    return seen.own(letters(MARK, origin=(who, seen.ends[who])))


@forgery(REFUSED)
def right_of_the_next_clock_of_another(seen: Seen) -> bytes:
    who = seen.victim()
    return seen.own(letters(MARK, right=(who, seen.ends[who] + 3)))


@forgery(REFUSED)
def deletes_what_is_not_written_yet(seen: Seen) -> bytes:
    who = seen.victim()
    return update(deleted=[(who, seen.ends[who], 40)])


@forgery(REFUSED)
def a_gap_in_its_clock(seen: Seen) -> bytes:
    return update((seen.client, seen.clock + 5, [letters(MARK, parent="cells")]))


@forgery(REFUSED)
def a_gap_by_skip(seen: Seen) -> bytes:
    return seen.own(skip(3), letters(MARK, parent="cells"))


@forgery(ALLOWED)
def nothing_but_a_collected_struct(seen: Seen) -> bytes:
    return seen.own(gc(4))


# -------------------------------------------------------------- locked cells


@forgery(REFUSED)
def types_into_a_locked_cell(seen: Seen) -> bytes:
    _, keys = seen.locked()
    last = seen.letters[keys["source"]][-1]
    return seen.own(letters(MARK, origin=(last.client, last.end - 1)))


@forgery(REFUSED)
def deletes_letters_of_a_locked_cell(seen: Seen) -> bytes:
    _, keys = seen.locked()
    first = seen.letters[keys["source"]][0]
    return update(deleted=[(first.client, first.clock, 1)])


@forgery(REFUSED)
def deletes_a_locked_cell(seen: Seen) -> bytes:
    unit, _ = seen.locked()
    return update(deleted=[(unit.client, unit.clock, 1)])


@forgery(REFUSED)
def another_source_for_a_locked_cell(seen: Seen) -> bytes:
    _, keys = seen.locked()
    new = item(TYPE, var(2), **seen.over(keys["source"]))
    return seen.own(new, letters(MARK, parent=(seen.client, seen.clock)))


@forgery(CORRECTED)
def unlocks_a_cell(seen: Seen) -> bytes:
    _, keys = seen.locked()
    editable = seen.metadata[keys["metadata"]]["editable"]
    return seen.own(item(ANY, var(1) + TRUE, **seen.over(editable)))


@forgery(CORRECTED)
def unlocks_a_cell_by_nothing(seen: Seen) -> bytes:
    _, keys = seen.locked()
    editable = seen.metadata[keys["metadata"]]["editable"]
    return seen.own(item(DELETED, var(1), **seen.over(editable)))


@forgery(CORRECTED)
def takes_the_lock_away(seen: Seen) -> bytes:
    _, keys = seen.locked()
    editable = seen.metadata[keys["metadata"]]["editable"]
    return update(deleted=[(editable.client, editable.clock, 1)])


@forgery(REFUSED)
def moves_a_locked_cell_and_changes_it(seen: Seen) -> bytes:
    def change(cells: Any) -> None:
        at = index(seen, locked=True)
        old = cells[at].to_py()
        del cells[at]
        old["source"] = YText(MARK)
        old["metadata"] = Map(old["metadata"])
        cells.insert(0, Map(old))

    return writes(seen, change)


@forgery(CORRECTED)
def a_double_of_a_locked_cell(seen: Seen) -> bytes:
    def change(cells: Any) -> None:
        old = cells[index(seen, locked=True)].to_py()
        lock = Map({"editable": False, "deletable": False})
        cells.append(cell(id=old["id"], metadata=lock))

    return writes(seen, change)


# ------------------------------------------------------- outputs and trust


@forgery(CORRECTED)
def trusted_in_an_old_cell(seen: Seen) -> bytes:
    _, keys = seen.open()
    trusted = item(ANY, var(1) + TRUE, parent=keys["metadata"], sub="trusted")
    return seen.own(trusted)


@forgery(CORRECTED)
def trusted_as_a_word(seen: Seen) -> bytes:
    _, keys = seen.open()
    trusted = item(ANY, any_of("yes"), parent=keys["metadata"], sub="trusted")
    return seen.own(trusted)


@forgery(CORRECTED)
def a_new_cell_that_is_trusted_and_shows_a_script(seen: Seen) -> bytes:
    shown = Map(
        {"output_type": "display_data", "data": {"text/html": SCRIPT}, "metadata": {}}
    )
    return writes(
        seen,
        lambda cells: cells.append(
            cell(
                metadata=Map({"trusted": True}),
                outputs=Array([shown]),
                execution_count=7,
            )
        ),
    )


@forgery(CORRECTED)
def a_script_among_an_old_cells_outputs(seen: Seen) -> bytes:
    shown = {
        "output_type": "display_data",
        "data": {"text/html": SCRIPT},
        "metadata": {},
    }

    def change(cells: Any) -> None:
        cells[index(seen, locked=False)]["outputs"].append(shown)

    return writes(seen, change)


@forgery(CORRECTED)
def a_number_of_a_run_that_never_was(seen: Seen) -> bytes:
    def change(cells: Any) -> None:
        cells[index(seen, locked=False)]["execution_count"] = 4711

    return writes(seen, change)


@forgery(CORRECTED)
def a_cell_that_runs_for_ever(seen: Seen) -> bytes:
    def change(cells: Any) -> None:
        cells[index(seen, locked=False)]["execution_state"] = "running"

    return writes(seen, change)


@forgery(REFUSED)
def other_outputs_altogether(seen: Seen) -> bytes:
    _, keys = seen.open()
    return seen.own(item(TYPE, var(0), **seen.over(keys["outputs"])))


# ------------------------------------------------------------------- costs


@forgery(REFUSED)
def too_many_cells_at_once(seen: Seen) -> bytes:
    return writes(seen, lambda cells: cells.extend([cell() for _ in range(501)]))


@forgery(REFUSED)
def too_long_a_cell(seen: Seen) -> bytes:
    _, keys = seen.open()
    return seen.own(letters("x" * 1_000_001, parent=keys["source"]))


@forgery(REFUSED)
def thousands_at_one_place(seen: Seen) -> bytes:
    last = seen.cells[-1][0]
    rivals = [item(TYPE, var(1), right=last) for _ in range(6_000)]
    return seen.own(*rivals)


@forgery(ALLOWED)
def an_ordinary_word(seen: Seen) -> bytes:
    _, keys = seen.open()
    return seen.own(letters(MARK, parent=keys["source"]))
