"""Branches: a copy of an interview at one moment, for its interviewers to try things.

A branch has a room and a record of its own and is nobody's interview: nobody is
watched in it, and nobody is judged by it.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import nbformat
from nbformat.validator import NotebookValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from nbinterview.errors import Conflict, Invalid, NotFound
from nbinterview.ids import new_id
from nbinterview.ledger.moments import clock, find, notebook_after
from nbinterview.ledger.runs import recorded_runs, runs_to_restore
from nbinterview.service.db.models import Interview, Participation
from nbinterview.service.domain import interviews, ledger
from nbinterview.service.domain.access import Caller, Operator
from nbinterview.service.domain.people import MAX_NAME_CHARS
from nbinterview.service.domain.templates import KERNEL
from nbinterview.service.policies import UNWATCHED, choose


@dataclass(frozen=True)
class Snapshot:
    """An interview at one moment."""

    at_ms: int
    seq: int
    notebook: dict[str, Any]
    runs: list[dict[str, Any]]


async def snapshot(session: AsyncSession, interview_id: str, at_ms: int) -> Snapshot:
    """Return what a branch at this moment is a copy of, from the ledger.

    Raises `NotFound` when the notebook was not opened by then.
    """
    wires = [wire async for wire in ledger.lines(session, interview_id)]
    return await asyncio.to_thread(_snapshot, wires, at_ms)


def _snapshot(wires: list[bytes], at_ms: int) -> Snapshot:
    records = [json.loads(wire) for wire in wires]
    if not records:
        raise NotFound("The notebook of this interview was not opened yet.")
    if any(one["kind"] == "document" and one["payload"] is None for one in records):
        raise NotFound("The notebook of this interview has been erased.")
    records = [one for one in records if one["payload"] is not None]
    found = find(records, at_ms)
    before = [record for record in records if record["seq"] <= found.seq]
    return Snapshot(
        at_ms=found.at_ms,
        seq=found.seq,
        notebook=as_template(notebook_after(before, found.seq)),
        runs=[
            {"code": run.code, "inputs": run.inputs}
            for run in runs_to_restore(recorded_runs(before))
        ],
    )


def as_template(notebook: dict[str, Any]) -> dict[str, Any]:
    """Return a notebook of a record as a room can open it, outputs included.

    No cell is trusted: what it shows was made by a candidate's code.
    """
    cells = []
    for cell in notebook["cells"]:
        metadata = {k: v for k, v in cell["metadata"].items() if k != "trusted"}
        kept = {"id", "cell_type", "source", "attachments"}
        if cell["cell_type"] == "code":
            kept |= {"outputs", "execution_count"}
        fields = {key: value for key, value in cell.items() if key in kept}
        cells.append({**fields, "metadata": metadata})
    template = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": dict(KERNEL),
            "language_info": {"name": "python"},
        },
        "cells": cells,
    }
    try:
        nbformat.validate(template, version=4, version_minor=5)
    except NotebookValidationError as error:
        raise Invalid("At that moment the document was not a notebook.") from error
    return template


async def create(
    session: AsyncSession,
    caller: Caller,
    interview_id: str,
    at: Snapshot,
    *,
    now: datetime,
) -> Interview:
    """Add a branch, for the panel of its interview."""
    original = await original_of(session, interview_id)
    branch = Interview(
        id=new_id(),
        title=_title(original.title, at.at_ms),
        state="scheduled",
        sample=False,
        template=at.notebook,
        template_notes=[],
        policy=choose(UNWATCHED),
        allows=[],
        created_by=None if isinstance(caller, Operator) else caller.hub_name,
        created_at=now,
        branch_of=original.id,
        branch_at_ms=at.at_ms,
        branch_seq=at.seq,
        branch_runs=at.runs,
    )
    session.add(branch)
    await session.flush()
    present = await interviews.participants(session, [original.id], present_only=True)
    session.add_all(
        Participation(
            interview_id=branch.id, hub_name=person.hub_name, role="interviewer"
        )
        for part, person in present
        if part.role == "interviewer"
    )
    return branch


async def original_of(session: AsyncSession, interview_id: str) -> Interview:
    """Return an interview that a branch may be opened of, or raise."""
    interview = await interviews.get(session, interview_id)
    if interview.branch_of is not None:
        raise Conflict("This is a branch. Open another one from the interview itself.")
    return interview


def _title(title: str, at_ms: int) -> str:
    ending = f" at {clock(at_ms)} (branch)"
    return title[: MAX_NAME_CHARS - len(ending)] + ending
