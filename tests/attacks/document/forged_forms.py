"""Forgeries of form: metadata, roots and content that no notebook has."""

from __future__ import annotations

from pycrdt import Map
from pycrdt import Text as YText

from tests.attacks.document.forging import (
    CORRECTED,
    FORGERIES,
    MARK,
    REFUSED,
    SCRIPT,
    Make,
    cell,
    forgery,
    writes,
)
from tests.attacks.document.seen import Seen, any_of
from tests.extensions.yjs_bytes import (
    ANY,
    TYPE,
    item,
    text,
    var,
)

JSON, BINARY, EMBED, FORMAT, DOC = 2, 3, 5, 6, 9


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
