"""An interview as a film: what to show at each moment, worked out from its records.

`make_film` is what routes call. It is pure, and quick enough for a request: tens of
thousands of records in a few seconds. What the parts of a film mean is said in
`film.schema.yaml`; how they are played, once and for all, in `playback`.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, cast

from nbinterview.ledger.changes import (
    CellReplaced,
    CellsInserted,
    CellsRemoved,
    Change,
    CountChanged,
    NotebookPlayer,
    OutputsChanged,
    PlayedCell,
    TextEdited,
    json_size,
    update_of,
    utf16_length,
)
from nbinterview.ledger.erased import erased_words, with_payload
from nbinterview.ledger.marks import KERNEL_STATES, RUN_STATUS, erased_mark, marks_of
from nbinterview.ledger.notebook import DEFAULT_PATH
from nbinterview.ledger.origins import Moment, Origins, runs, span
from nbinterview.ledger.othercode import OtherCode, cell_of
from nbinterview.ledger.pastes import pastes_of, time_s
from nbinterview.ledger.playback import film_after
from nbinterview.ledger.timing import Timing
from nbinterview.ledger.tracing import Tag
from nbinterview.outputs import (
    MAX_ALL_IMAGES_BYTES,
    ImageBudget,
    Output,
    data_url,
    joined,
    reduced,
)
from nbinterview.schemas.film_types import (
    Film,
    FilmCell,
    FilmFrame,
    FilmOutput,
    FilmPerson,
    Span,
    Step,
)

OUTPUT_STEP_MS = 100
"""Outputs of one cell are shown at most so often. A cell that keeps changing them is
shown less often the more was looked at, pictures and what is not shown too, so that
no output makes a film too large, or takes minutes."""
# Most of a large film is pictures, which get no smaller by trying harder.
_GZIP_LEVEL = 4
_CHARS_PER_SLOWING = 200_000


def make_film(header: Mapping[str, Any], records: Iterable[Mapping[str, Any]]) -> Film:
    """Return the film of an interview.

    `header` has `id`, `title` and `people` as the service's summaries have them
    (`hub_name, display_name, initials, color, role`). `records` are the JSON records
    of all kinds, in order. Raises `Invalid` for a record whose update is none.
    """
    whole = list(records)
    film = _Maker(header, with_payload(whole), Timing.of(whole)).film()
    words = erased_words(whole)
    if words:
        film["last_seq"] = whole[-1]["seq"]
        film["marks"].insert(0, erased_mark(whole, words))
    return film


def film_moments(
    people: Sequence[Mapping[str, Any]],
    records: Sequence[Mapping[str, Any]],
    seqs: Sequence[int],
) -> list[list[FilmCell]]:
    """Return the film's cells after each of these records, given in their order.

    With what all the records tell of the origins of text; without images.
    """
    header = {"id": "", "title": "", "people": people}
    film = _Maker(header, with_payload(records), Timing.of(records)).film()
    return [film_after(film, seq) for seq in seqs]


def packed(film: Film) -> bytes:
    """Return a film as it is sent and kept: JSON, gzip."""
    text = json.dumps(film, ensure_ascii=False, separators=(",", ":"))
    return gzip.compress(text.encode(), _GZIP_LEVEL)


class _Maker:
    """Plays the records once and writes down the frames."""

    def __init__(
        self,
        header: Mapping[str, Any],
        records: Sequence[Mapping[str, Any]],
        timing: Timing,
    ) -> None:
        self._header = header
        self._records = records
        self._timing = timing
        self._player = NotebookPlayer()
        self._origins = Origins(pastes_of(records), self._outputs_text)
        self._other_code = OtherCode()
        self._roles = roles_of(header, records)
        self._frames: list[FilmFrame] = []
        self._shown = _Shown(self._player)
        self._settling: list[tuple[list[Span], list[tuple[int, Tag]]]] = []

    def film(self) -> Film:
        """Return the whole film."""
        documents = at_ms = 0
        for record in self._records:
            # A film never goes back, even where a clock did.
            at_ms = max(at_ms, self._timing.at_ms(record))
            finished = record["kind"] == "execution.finished"
            self._flush(None if finished else at_ms)
            if record["kind"] == "document":
                if record["payload"].get("path") != DEFAULT_PATH:
                    continue
                documents += 1
                steps = self._document(record, at_ms, first=documents == 1)
            else:
                steps = self._other(record, at_ms)
            if steps:
                self._frames.append(_frame(record, at_ms, steps))
        self._flush(None)
        brought = self._origins.settle()
        for spans, found in self._settling:
            spans += [span(length, tag) for length, tag in found]
        return self._whole(brought)

    def _whole(self, brought: Mapping[int, int]) -> Film:
        return {
            "format": 1,
            "interview": str(self._header["id"]),
            "title": str(self._header["title"]),
            "started_at": self._timing.started_at,
            "duration_ms": self._timing.duration_ms,
            "last_seq": self._records[-1]["seq"] if self._records else 0,
            "people": people_of(self._header),
            "frames": self._frames,
            "marks": marks_of(
                self._records, self._timing, brought, self._other_code.found()
            ),
            "images": self._shown.images,
        }

    # ------------------------------------------------------------- document

    def _document(
        self, record: Mapping[str, Any], at_ms: int, *, first: bool
    ) -> list[Step]:
        changes = self._player.play(update_of(record))
        author = record["author"]
        moment = Moment(
            seq=record["seq"],
            author=author,
            role=self._roles.get(author),
            at_s=time_s(record),
            first=first,
        )
        self._origins.play(moment, changes)
        self._other_code.changed(at_ms, changes, self._player.cells)
        steps: list[Step] = []
        for change in changes:
            steps += self._steps(change)
        now = {id(cell) for cell in self._player.cells}
        for change in changes:
            if isinstance(change, OutputsChanged) and id(change.cell) in now:
                steps += self._shown.changed(change.cell, record, at_ms)
        return steps

    def _steps(self, change: Change) -> list[Step]:
        match change:
            case CellsInserted(index, cells):
                inserted = [self._cell(cell) for cell in cells]
                return [{"do": "insert", "index": index, "cells": inserted}]
            case CellsRemoved(index, cells):
                for cell in cells:
                    self._shown.forget(cell)
                return [{"do": "remove", "index": index, "count": len(cells)}]
            case CellReplaced(index, before, after):
                self._shown.forget(before)
                return [
                    {"do": "remove", "index": index, "count": 1},
                    {"do": "insert", "index": index, "cells": [self._cell(after)]},
                ]
            case TextEdited():
                return [self._edit(change)]
            case CountChanged(cell):
                return [{"do": "count", "cell": cell.handle, "count": cell.count}]
        return []

    def _edit(self, edit: TextEdited) -> Step:
        index, end = edit.index, edit.index + len(edit.inserted)
        # The tags are of the end of the record; later edits of it are further right.
        tags = self._origins.tags(edit.cell)[index:end]
        return {
            "do": "edit",
            "cell": edit.cell.handle,
            "index": edit.index_utf16,
            "removed": utf16_length(edit.removed),
            "inserted": edit.inserted,
            "spans": self._spans(edit.inserted, tags),
        }

    def _cell(self, cell: PlayedCell) -> FilmCell:
        return {
            "cell": cell.handle,
            "id": cell.id,
            "type": cast("Literal['code', 'markdown', 'raw']", cell.type),
            "source": cell.source,
            "spans": self._spans(cell.source, self._origins.tags(cell)),
            "outputs": self._shown.now(cell),
            "count": cell.count,
            "locked": cell.locked,
        }

    def _spans(self, text: str, tags: Sequence[Tag]) -> list[Span]:
        """Return a list that is filled when all origins are settled."""
        spans: list[Span] = []
        self._settling.append((spans, runs(text, tags)))
        return spans

    def _flush(self, at_ms: int | None) -> None:
        """Write down outputs that waited, where they belong: not at the end."""
        for record, waited_ms, step in self._shown.due(at_ms):
            place = bisect_left(
                self._frames, record["seq"], key=lambda frame: frame["seq"]
            )
            found = self._frames[place : place + 1]
            if found and found[0]["seq"] == record["seq"]:
                found[0]["steps"].append(step)
            else:
                self._frames.insert(place, _frame(record, waited_ms, [step]))

    def _outputs_text(self) -> str:
        return "\n".join(
            joined(output.get("text"))
            + joined((output.get("data") or {}).get("text/plain"))
            for cell in self._player.cells
            for output in self._player.outputs(cell)
            if isinstance(output, Mapping)
        )

    # --------------------------------------------------------- other records

    def _other(self, record: Mapping[str, Any], at_ms: int) -> list[Step]:
        kind, payload = record["kind"], record["payload"]
        if kind == "execution.requested":
            self._other_code.asked(
                str(payload.get("execution_id")),
                str(payload.get("cell_id")),
                str(payload.get("code")),
                self._player.cells,
            )
            return [
                {
                    "do": "run",
                    "cell": self._handle(payload.get("cell_id")),
                    "execution_id": str(payload.get("execution_id")),
                }
            ]
        if kind == "execution.finished" and payload.get("status") in RUN_STATUS:
            handle = self._handle(payload.get("cell_id"))
            self._other_code.finished(
                str(payload.get("execution_id")),
                at_ms,
                ran=payload["status"] != "aborted",
                shown=handle is not None,
            )
            return [
                {
                    "do": "ran",
                    "cell": handle,
                    "execution_id": str(payload.get("execution_id")),
                    "status": payload["status"],
                    "duration_ms": max(int(payload.get("duration_ms") or 0), 0),
                }
            ]
        if kind == "kernel" and payload.get("state") in KERNEL_STATES:
            detail = str(payload.get("detail") or "")
            return [{"do": "kernel", "state": payload["state"], "detail": detail}]
        return []

    def _handle(self, cell_id: object) -> int | None:
        cell = cell_of(self._player.cells, cell_id)
        return cell.handle if cell else None


class _Shown:
    """The outputs that the film shows of each cell, and those that wait to be shown."""

    def __init__(self, player: NotebookPlayer) -> None:
        self.images: dict[str, str] = {}
        self._player = player
        self._budget = ImageBudget(MAX_ALL_IMAGES_BYTES)
        self._last: dict[int, list[FilmOutput]] = {}
        self._chars: dict[int, int] = {}
        self._next_ms: dict[int, int] = {}
        self._waiting: dict[int, tuple[PlayedCell, Mapping[str, Any], int]] = {}

    def now(self, cell: PlayedCell) -> list[FilmOutput]:
        """Return a cell's outputs and remember that they are shown."""
        outputs = self._player.outputs(cell)
        chars = self._chars.get(cell.handle, 0) + json_size(outputs)
        self._chars[cell.handle] = chars
        found = [_film_output(o) for o in reduced(outputs, self._keep)]
        self._last[cell.handle] = found
        return list(found)

    def changed(
        self, cell: PlayedCell, record: Mapping[str, Any], at_ms: int
    ) -> list[Step]:
        """Return the step that shows a cell's new outputs, or let them wait."""
        if at_ms < self._next_ms.get(cell.handle, 0):
            self._waiting[cell.handle] = cell, record, at_ms
            return []
        self._waiting.pop(cell.handle, None)
        return self._step(cell, at_ms)

    def due(self, at_ms: int | None) -> list[tuple[Mapping[str, Any], int, Step]]:
        """Return what waited long enough, or all of it, with its record and time.

        To be called before the next record is applied: a cell's outputs are then
        still what its last record made them.
        """
        found = []
        for handle, (cell, record, waited_ms) in list(self._waiting.items()):
            if at_ms is None or at_ms >= self._next_ms[handle]:
                del self._waiting[handle]
                found += [(record, waited_ms, s) for s in self._step(cell, waited_ms)]
        return found

    def forget(self, cell: PlayedCell) -> None:
        """The cell is gone."""
        for known in (self._last, self._chars, self._next_ms, self._waiting):
            known.pop(cell.handle, None)

    def _step(self, cell: PlayedCell, at_ms: int) -> list[Step]:
        before = self._last.get(cell.handle, [])
        after = self.now(cell)
        slower = 1 + self._chars[cell.handle] // _CHARS_PER_SLOWING
        self._next_ms[cell.handle] = at_ms + OUTPUT_STEP_MS * slower
        same = zip(before, after, strict=False)
        keep = next(
            (place for place, (one, other) in enumerate(same) if one != other),
            min(len(before), len(after)),
        )
        if keep == len(before) == len(after):
            return []
        step: Step = {
            "do": "outputs",
            "cell": cell.handle,
            "keep": keep,
            "outputs": after[keep:],
        }
        return [step]

    def _keep(self, kind: str, content: bytes) -> str | None:
        key = hashlib.sha256(content).hexdigest()[:32]
        if key not in self.images:
            if not self._budget.take(len(content)):
                return None
            self.images[key] = data_url(kind, content)
        return key


def _film_output(output: Output) -> FilmOutput:
    if output.kind == "image":
        return {"kind": "image", "image": output.content, "note": output.note}
    kind = cast("Literal['text', 'stderr', 'error']", output.kind)
    return {"kind": kind, "text": output.content, "note": output.note}


def _frame(record: Mapping[str, Any], at_ms: int, steps: list[Step]) -> FilmFrame:
    return {
        "at_ms": at_ms,
        "seq": record["seq"],
        "author": record["author"],
        "steps": steps,
    }


def people_of(header: Mapping[str, Any]) -> dict[str, FilmPerson]:
    """Return the people of a film, by their hub names."""
    return {
        person["hub_name"]: {
            "display_name": person["display_name"],
            "initials": person["initials"],
            "color": person["color"],
            "role": person["role"],
        }
        for person in header["people"]
    }


def roles_of(
    header: Mapping[str, Any], records: Iterable[Mapping[str, Any]]
) -> dict[str, str]:
    """Return each person's role; the record knows people who were removed since."""
    found = {
        record["author"]: str(record["payload"].get("role"))
        for record in records
        if record["kind"] == "person.joined"
    }
    found.update({person["hub_name"]: person["role"] for person in header["people"]})
    return found
