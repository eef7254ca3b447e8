"""Provenance in a notebook file: where each stretch of each cell comes from.

`annotate` writes it into the metadata, with record numbers; `disagreement` checks
such a file against the records. Both work it out anew from the records, so a file
proves nothing by itself: the record does.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NotRequired, TypedDict

from nbinterview.errors import Invalid, NotFound
from nbinterview.ledger.film import film_moments
from nbinterview.ledger.moments import Found, notebook_after
from nbinterview.ledger.records import Record
from nbinterview.outputs import joined
from nbinterview.schemas.film_types import FilmCell, Origin

FORMAT = 1
KEY = "nbinterview"
# Jupyter leaves `trusted` out of a file.
_NOT_COMPARED = frozenset((KEY, "trusted"))


class Stretch(TypedDict):
    """Neighbouring text of one origin, in UTF-16 code units.

    `record` is the first record that brought something of it, `last_record` the last
    one when there were several, as with typed text.
    """

    start: int
    length: int
    origin: Origin
    record: int
    last_record: NotRequired[int]
    moved: NotRequired[int]


def stretches_of(cell: FilmCell) -> list[Stretch]:
    """Return a cell's spans with neighbours of the same origin put together."""
    found: list[Stretch] = []
    start = 0
    for span in cell["spans"]:
        last = found[-1] if found else None
        moved = span.get("moved")
        same = last and (last["origin"], last.get("moved")) == (span["origin"], moved)
        if last is not None and same:
            last["length"] += span["length"]
            records = (last["record"], last.get("last_record", 0), span["seq"])
            first, newest = min(last["record"], span["seq"]), max(records)
            last["record"] = first
            if newest > first:
                last["last_record"] = newest
        else:
            new: Stretch = {
                "start": start,
                "length": span["length"],
                "origin": span["origin"],
                "record": span["seq"],
            }
            if moved is not None:
                new["moved"] = moved
            found.append(new)
        start += span["length"]
    return found


def annotate(
    notebook: Mapping[str, Any],
    people: Sequence[Mapping[str, Any]],
    records: Sequence[Mapping[str, Any]],
    moment: Found,
) -> dict[str, Any]:
    """Return the notebook of a moment with provenance in its metadata.

    `notebook` is `notebook_after(records, moment.seq)`; `people` as in summaries.
    """
    cells = film_moments(people, records, [moment.seq])[0]
    found = copy.deepcopy(dict(notebook))
    for cell, played in zip(found["cells"], cells, strict=True):
        metadata = cell.setdefault("metadata", {})
        metadata[KEY] = {"provenance": stretches_of(played)}
    found["metadata"][KEY] = {
        "format": FORMAT,
        "interview": records[-1]["interview"],
        "at_ms": moment.at_ms,
        "seq": moment.seq,
        "record_hash": _record(records, moment.seq)["hash"],
        # A paste may be told later than its text came: what was known counts.
        "last_seq": records[-1]["seq"],
    }
    return found


def disagreement(
    notebook: Mapping[str, Any],
    people: Sequence[Mapping[str, Any]],
    records: Sequence[Mapping[str, Any]],
) -> str | None:
    """Return the first thing in an annotated notebook that the records do not bear out.

    None when all of it agrees: the cells, and where their text comes from. Raises
    `Invalid` when the notebook is not annotated, or of another interview.
    """
    about = _about(notebook, records)
    seq, last_seq = about["seq"], about["last_seq"]
    if last_seq > records[-1]["seq"]:
        return f"It was made from {last_seq} records; there are {records[-1]['seq']}."
    known = [record for record in records if record["seq"] <= last_seq]
    changed = _altered(known)
    if changed is not None:
        return f"Record {changed} does not match its hash."
    if _record(known, seq)["hash"] != about["record_hash"]:
        return f"Record {seq} has another hash than the notebook says."
    expected = annotate(
        notebook_after(known, seq), people, known, Found(seq, about["at_ms"])
    )
    return _cells(notebook["cells"], expected["cells"])


def _about(
    notebook: Mapping[str, Any], records: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any]:
    metadata = notebook.get("metadata")
    about = metadata.get(KEY) if isinstance(metadata, Mapping) else None
    whole = ("seq", "last_seq", "at_ms")
    if (
        not isinstance(notebook.get("cells"), list)
        or not isinstance(about, Mapping)
        or about.get("format") != FORMAT
        or not all(type(about.get(name)) is int for name in whole)
        or not 1 <= about["seq"] <= about["last_seq"]
    ):
        raise Invalid("This is no notebook with provenance that nbinterview wrote.")
    if not records:
        raise NotFound("Nothing of this interview has been recorded yet.")
    if about.get("interview") != records[0]["interview"]:
        raise Invalid(
            f"This notebook is of interview {str(about.get('interview'))[:20]}."
        )
    return about


def _record(records: Sequence[Mapping[str, Any]], seq: int) -> Mapping[str, Any]:
    found = next((record for record in records if record["seq"] == seq), None)
    if found is None:
        raise NotFound(f"There is no record {seq}.")
    return found


def _altered(records: Iterable[Mapping[str, Any]]) -> int | None:
    for wire in records:
        record = Record.stored(wire)
        # Of an erased record of format 1 only the hash is left: nothing to compare.
        if record.hash != wire["hash"] or not record.payload_fits:
            return record.seq
    return None


# ------------------------------------------------------------------- compare


def _cells(given: Sequence[Any], expected: Sequence[Mapping[str, Any]]) -> str | None:
    for place, (one, other) in enumerate(zip(given, expected, strict=False), start=1):
        if not isinstance(one, Mapping):
            return f"Cell {place} is no cell."
        name = f"Cell {place} ({str(other.get('id'))[:40]})"
        for key in ("id", "cell_type", "source", "execution_count", "outputs"):
            if _plain(one.get(key), key) != _plain(other.get(key), key):
                return f"{name}: the record has another {_WORDS[key]}."
        if _metadata(one) != _metadata(other):
            return f"{name}: the record has other metadata."
        found = _stretches(name, one, other)
        if found is not None:
            return found
    if len(given) != len(expected):
        return f"It has {len(given)} cells, the record {len(expected)}."
    return None


_WORDS = {
    "id": "id",
    "cell_type": "type",
    "source": "text",
    "execution_count": "execution count",
    "outputs": "output",
}


def _plain(value: Any, key: str) -> Any:
    """Return a part of a cell with multi-line texts as one, as files may split them."""
    if key == "source":
        return joined(value)
    if key == "outputs" and isinstance(value, list):
        return [_output(output) for output in value]
    return value


def _output(output: Any) -> Any:
    if not isinstance(output, Mapping):
        return output
    found = dict(output)
    if "text" in found:
        found["text"] = joined(found["text"])
    data = found.get("data")
    if isinstance(data, Mapping):
        found["data"] = {
            kind: joined(value) if _is_text(value) else value
            for kind, value in data.items()
        }
    found.pop("transient", None)
    return found


def _is_text(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(part, str) for part in value)


def _metadata(cell: Mapping[str, Any]) -> dict[str, Any]:
    metadata = cell.get("metadata")
    if not isinstance(metadata, Mapping):
        return {}
    return {key: value for key, value in metadata.items() if key not in _NOT_COMPARED}


def _stretches(
    name: str, given: Mapping[str, Any], expected: Mapping[str, Any]
) -> str | None:
    metadata = given.get("metadata")
    about = metadata.get(KEY) if isinstance(metadata, Mapping) else None
    told = about.get("provenance") if isinstance(about, Mapping) else None
    if not isinstance(told, list):
        return f"{name} has no provenance."
    known = expected["metadata"][KEY]["provenance"]
    for place in range(max(len(told), len(known))):
        one = told[place] if place < len(told) else None
        other = known[place] if place < len(known) else None
        if one != other:
            return (
                f"{name}, stretch {place + 1}: the notebook says {_said(one)}, "
                f"the record {_said(other)}."
            )
    return None


def _said(stretch: Any) -> str:
    if stretch is None:
        return "nothing"
    if not isinstance(stretch, Mapping):
        return "something else"
    words = [f"{str(stretch.get('length'))[:20]} characters"]
    words.append(str(stretch.get("origin"))[:20])
    words.append(f"by record {str(stretch.get('record'))[:20]}")
    if "moved" in stretch:
        words.append(f"moved by record {str(stretch['moved'])[:20]}")
    return " ".join(words)
