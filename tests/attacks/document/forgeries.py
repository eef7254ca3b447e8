"""What a hostile candidate's page sends, and what has to become of it.

Each forgery is written by hand against the notebook as it stands, which any page
has: ids, clocks and units are no secrets.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from pycrdt import Array, Map
from pycrdt import Text as YText

from tests.attacks.document.seen import TRUE, Seen, any_of
from tests.extensions.yjs_bytes import (
    ANY,
    TYPE,
    gc,
    item,
    letters,
    skip,
    text,
    update,
    var,
)

REFUSED, CORRECTED, ALLOWED = "refused", "corrected", "allowed"
MARK = "EVIL"
SCRIPT = "<img src=x onerror=alert(1)>"
DELETED, JSON, BINARY, EMBED, FORMAT, DOC = 1, 2, 3, 5, 6, 9


Make = Callable[[Seen], bytes]
FORGERIES: dict[str, tuple[str, Make]] = {}


def forgery(outcome: str) -> Callable[[Make], Make]:
    """Register one under its function's name."""

    def add(make: Make) -> Make:
        FORGERIES[make.__name__] = (outcome, make)
        return make

    return add


def writes(seen: Seen, change: Callable[[Any], None]) -> bytes:
    """Return what a page with no conscience writes through Yjs itself."""
    doc, wrote = seen.page()
    with doc.transaction():
        change(doc.get("cells", type=Array))
    return wrote[-1]


def cell(**more: Any) -> Map[Any]:
    """Return a new cell as pages make them."""
    return Map(
        {
            "id": f"evil-{random.getrandbits(40)}",
            "cell_type": "code",
            "source": YText(MARK),
            "metadata": Map({}),
            "outputs": Array([]),
            "execution_count": None,
            **more,
        }
    )


def _index(seen: Seen, *, locked: bool) -> int:
    return next(
        at
        for at, one in enumerate(seen.notebook)
        if (one["metadata"].get("editable") is False) == locked
        and (locked or one["cell_type"] == "code")
    )


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
        at = _index(seen, locked=True)
        old = cells[at].to_py()
        del cells[at]
        old["source"] = YText(MARK)
        old["metadata"] = Map(old["metadata"])
        cells.insert(0, Map(old))

    return writes(seen, change)


@forgery(CORRECTED)
def a_double_of_a_locked_cell(seen: Seen) -> bytes:
    def change(cells: Any) -> None:
        old = cells[_index(seen, locked=True)].to_py()
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
        cells[_index(seen, locked=False)]["outputs"].append(shown)

    return writes(seen, change)


@forgery(CORRECTED)
def a_number_of_a_run_that_never_was(seen: Seen) -> bytes:
    def change(cells: Any) -> None:
        cells[_index(seen, locked=False)]["execution_count"] = 4711

    return writes(seen, change)


@forgery(CORRECTED)
def a_cell_that_runs_for_ever(seen: Seen) -> bytes:
    def change(cells: Any) -> None:
        cells[_index(seen, locked=False)]["execution_state"] = "running"

    return writes(seen, change)


@forgery(REFUSED)
def other_outputs_altogether(seen: Seen) -> bytes:
    _, keys = seen.open()
    return seen.own(item(TYPE, var(0), **seen.over(keys["outputs"])))


# ------------------------------------------------------- metadata and roots


@forgery(CORRECTED)
def an_unknown_key_of_metadata(seen: Seen) -> bytes:
    _, keys = seen.open()
    value = any_of({"html": SCRIPT})
    return seen.own(item(ANY, value, parent=keys["metadata"], sub="vendor"))


@forgery(REFUSED)
def a_map_in_metadata(seen: Seen) -> bytes:
    _, keys = seen.open()
    return seen.own(item(TYPE, var(1), parent=keys["metadata"], sub="jupyter"))


@forgery(CORRECTED)
def a_huge_value_of_metadata(seen: Seen) -> bytes:
    _, keys = seen.open()
    value = any_of({"x": "y" * 40_000})
    return seen.own(item(ANY, value, parent=keys["metadata"], sub="jupyter"))


@forgery(CORRECTED)
def another_kernel(seen: Seen) -> bytes:
    doc, wrote = seen.page()
    doc.get("meta", type=Map)["metadata"]["kernelspec"] = {"name": MARK}
    return wrote[-1]


@forgery(CORRECTED)
def another_language(seen: Seen) -> bytes:
    doc, wrote = seen.page()
    doc.get("meta", type=Map)["metadata"]["language_info"] = {"name": SCRIPT}
    return wrote[-1]


@forgery(CORRECTED)
def another_format(seen: Seen) -> bytes:
    doc, wrote = seen.page()
    doc.get("meta", type=Map)["nbformat"] = 3
    return wrote[-1]


@forgery(CORRECTED)
def another_document(seen: Seen) -> bytes:
    doc, wrote = seen.page()
    doc.get("state", type=Map)["document_id"] = "json:notebook:another"
    return wrote[-1]


@forgery(REFUSED)
def another_metadata_of_the_notebook(seen: Seen) -> bytes:
    doc, wrote = seen.page()
    doc.get("meta", type=Map)["metadata"] = Map({})
    return wrote[-1]


@forgery(REFUSED)
def a_root_of_its_own(seen: Seen) -> bytes:
    return seen.own(item(ANY, any_of(MARK), parent="hidden", sub="x"))


@forgery(REFUSED)
def an_unknown_key_of_the_state(seen: Seen) -> bytes:
    return seen.own(item(ANY, any_of(MARK), parent="state", sub="x"))


# ------------------------------------------------------- forms of content


def _in_cells(kind: int, content: bytes) -> Make:
    return lambda seen: seen.own(item(kind, content, origin=seen.cells[-1][0]))


def _in_source(kind: int, content: bytes) -> Make:
    def make(seen: Seen) -> bytes:
        _, keys = seen.open()
        return seen.own(item(kind, content, parent=keys["source"]))

    return make


for _name, _make in {
    "a_document_in_the_notebook": _in_cells(DOC, text("guid") + any_of({})),
    "xml_for_a_cell": _in_cells(TYPE, var(3) + text("script")),
    "an_xml_fragment_for_a_cell": _in_cells(TYPE, var(4)),
    "an_xml_hook_for_a_cell": _in_cells(TYPE, var(5) + text("script")),
    "a_list_for_a_cell": _in_cells(TYPE, var(0)),
    "a_value_for_a_cell": _in_cells(ANY, any_of({"cell_type": "code"})),
    "json_for_a_cell": _in_cells(JSON, var(1) + text('{"cell_type":"code"}')),
    "bytes_for_a_cell": _in_cells(BINARY, text(MARK)),
    "an_empty_cell": _in_cells(TYPE, var(1)),
    "an_embed_in_a_source": _in_source(EMBED, text('{"image":"x"}')),
    "a_format_in_a_source": _in_source(FORMAT, text("href") + text('"javascript:"')),
    "a_type_in_a_source": _in_source(TYPE, var(1)),
    "xml_text_in_a_source": _in_source(TYPE, var(6)),
}.items():
    FORGERIES[_name] = (REFUSED, _make)


@forgery(REFUSED)
def an_unknown_key_of_a_cell(seen: Seen) -> bytes:
    unit, _ = seen.open()
    return seen.own(item(ANY, any_of(SCRIPT), parent=unit, sub="html"))


@forgery(REFUSED)
def another_id_for_a_cell(seen: Seen) -> bytes:
    unit, keys = seen.open()
    del unit
    return seen.own(item(ANY, any_of("question-1"), **seen.over(keys["id"])))


@forgery(REFUSED)
def a_cell_of_no_known_type(seen: Seen) -> bytes:
    return writes(seen, lambda cells: cells.append(cell(cell_type="script")))


@forgery(REFUSED)
def a_cell_whose_id_is_markup(seen: Seen) -> bytes:
    return writes(seen, lambda cells: cells.append(cell(id=SCRIPT)))


@forgery(REFUSED)
def a_cell_without_a_source(seen: Seen) -> bytes:
    return writes(seen, lambda cells: cells.append(cell(source=SCRIPT)))


@forgery(CORRECTED)
def an_svg_attachment(seen: Seen) -> bytes:
    markdown = {"id": "evil-svg", "cell_type": "markdown", "source": YText(MARK),
                "metadata": Map({})}  # fmt: skip
    drawing = {"x.svg": {"image/svg+xml": SCRIPT}}
    return writes(
        seen, lambda cells: cells.append(Map({**markdown, "attachments": drawing}))
    )


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
