"""Random schedules: honest pages work, online and offline, while a hostile one forges.

`play` carries one schedule out on custody and its guard, without sockets, and says
what went wrong. Honest pages are Yjs documents that get what the room broadcasts,
each message at a time of its own.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from jupyter_ydoc import YNotebook
from pycrdt import Array, Doc, Map, Text

from nbinterview.errors import NBInterviewError
from nbinterview_server.documents.authorship import KERNEL, ROOM, written_by
from nbinterview_server.documents.custody import Broken, Custody
from nbinterview_server.documents.lib0 import OWN
from nbinterview_server.documents.owners import TEMPLATES_ID
from nbinterview_server.documents.trimming import joined
from nbinterview_server.documents.updates import decode
from tests.attacks.document.forgeries import FORGERIES
from tests.attacks.document.forging import ALLOWED, CORRECTED, MARK, REFUSED, SCRIPT
from tests.attacks.document.seen import Seen

HOSTILE, IDA, OLA = "p-hostile222", "p-ida2222222", "p-ola2222222"
HOSTILE_IDS = 9_000_000
DOCUMENT = "json:notebook:file"
LOCKED = "# Question 1"


def template() -> dict[str, Any]:
    """Return the notebook that each schedule begins with."""
    lock = {"editable": False, "deletable": False}
    return {
        "cells": [
            {"cell_type": "markdown", "id": "question-1", "metadata": lock,
             "source": LOCKED},
            {"cell_type": "code", "id": "answer-1", "metadata": {}, "source": "1",
             "outputs": [], "execution_count": None},
        ],
        "metadata": {"kernelspec": {"name": "nbinterview-python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }  # fmt: skip


@dataclass
class Wrong:
    """What should not have happened, in words; empty when all is well."""

    lost: list[str] = field(default_factory=list)
    misattributed: list[str] = field(default_factory=list)
    let_in: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    apart: list[str] = field(default_factory=list)


class Room:
    """Custody with its guard, a journal, and pages that it broadcasts to."""

    def __init__(self) -> None:
        source: Doc[Any] = Doc(client_id=TEMPLATES_ID)
        YNotebook(source).set(template())
        self.journal: list[tuple[str, bytes]] = [(ROOM, source.get_update())]
        self.pages: list[Page] = []
        self.writer: Page | None = None
        self.corrected = 0
        self.open()

    def open(self) -> None:
        """Load the document, as at a start, from what is in the journal."""
        self.custody = Custody(
            Doc(), self._heard, corrected=self._corrected, document_id=DOCUMENT
        )
        assert self.custody.restore(self.journal) == 0

    @property
    def doc(self) -> Any:
        return self.custody.doc

    def content(self) -> Any:
        """Return the notebook as it is."""
        return content(self.doc)

    def _heard(self, author: str, update: bytes) -> None:
        self.journal.append((author, update))
        self._show(update)

    def _corrected(self, author: str, update: bytes, inverse: bytes, _: str) -> None:
        self.corrected += 1
        self.journal += [(author, update), (ROOM, inverse)]
        self._show(joined(update, inverse))
        if self.writer is not None:
            self.writer.down.append(inverse)

    def _show(self, update: bytes) -> None:
        for page in self.pages:
            if page is not self.writer:
                page.down.append(update)

    def run(self, number: int) -> None:
        """Let a cell's run write what it prints, as the kernel."""
        cells = self.doc.get("cells", type=Array)
        code = [one for one in cells if one["cell_type"] == "code"]
        if not code:
            return
        cell = code[number % len(code)]
        with written_by(KERNEL):
            with self.doc.transaction():
                cell["outputs"].clear()
                cell["execution_count"] = None
                cell["execution_state"] = "running"
            stream = {
                "output_type": "stream",
                "name": "stdout",
                "text": Text(f"{number}\n"),
            }
            cell["outputs"].append(Map(stream))
            result = {"output_type": "execute_result", "data": {"text/plain": "1.0"}}
            numbered = {"metadata": {}, "execution_count": float(number)}
            cell["outputs"].append({**result, **numbered})
            with self.doc.transaction():
                cell["execution_count"] = float(number)
                cell["execution_state"] = "idle"


def content(doc: Any) -> Any:
    """Return all roots of a notebook's document as JSON has them."""
    roots = doc.get("cells", type=Array), doc.get("meta", type=Map)
    return [one.to_py() for one in roots]


class Page:
    """An honest person's page."""

    def __init__(self, room: Room, who: str, client_id: int, wrong: Wrong) -> None:
        self.room, self.who, self.wrong = room, who, wrong
        self.doc: Doc[Any] = Doc(client_id=client_id)
        self.notebook = YNotebook(self.doc)
        self.up: deque[bytes] = deque()
        self.down: deque[bytes] = deque([room.doc.get_update()])
        self.tokens: list[str] = []
        self._applying = False
        self._subscription = self.doc.observe(self._changed)
        room.pages.append(self)
        self.receive(1)

    def _changed(self, event: Any) -> None:
        if not self._applying:
            self.up.append(event.update)

    def receive(self, count: int) -> None:
        """Take so many messages of the room."""
        self._applying = True
        for _ in range(min(count, len(self.down))):
            self.doc.apply_update(self.down.popleft())
            if not self.who:
                self._look()
        self._applying = False

    def send(self, count: int) -> None:
        """Let so many of its writes reach the room; all of them are honest."""
        for _ in range(min(count, len(self.up))):
            self.room.writer = self
            try:
                self.room.custody.take(self.who, self.up.popleft(), staff=True)
            except NBInterviewError as error:
                self.wrong.refused.append(f"{self.who}: {error.detail}")
            finally:
                self.room.writer = None

    def _look(self) -> None:
        """Check that nothing shows here that may not, not for a moment."""
        cells = self.notebook.ycells.to_py() or []
        if any(one["metadata"].get("trusted") for one in cells):
            self.wrong.let_in.append("trusted is in a page")
        if SCRIPT in str(cells):
            self.wrong.let_in.append("a script is in a page")

    # ------------------------------------------------- what honest people do

    def type(self, token: str, where: int) -> None:
        cells = self.notebook.ycells
        source = cells[where % len(cells)]["source"]
        source.insert(len(source) if where % 2 else 0, token)
        self.notebook.ystate["dirty"] = True
        self.tokens.append(token)

    def add(self, token: str, where: int) -> None:
        """Add a cell as JupyterLab does, which calls its own cells trusted."""
        cell = {
            "id": f"{self.who}-{token[1:-1]}",
            "cell_type": "code",
            "source": Text(token),
            "metadata": Map({"trusted": True}),
            "outputs": Array([]),
            "execution_count": None,
        }
        cells = self.notebook.ycells
        cells.insert(where % (len(cells) + 1), Map(cell))
        self.tokens.append(token)

    def collapse(self, where: int) -> None:
        cells = self.notebook.ycells
        metadata = cells[where % len(cells)]["metadata"]
        with self.doc.transaction():
            metadata["collapsed"] = True
            metadata["jupyter"] = {"outputs_hidden": True}

    def clear(self, where: int) -> None:
        """Clear outputs as JupyterLab does, with all that it writes besides."""
        cells = self.notebook.ycells
        cell = cells[where % len(cells)]
        if "outputs" not in cell:
            return
        with self.doc.transaction():
            cell["outputs"].clear()
            cell["execution_count"] = None
            cell["execution_state"] = "idle"
            cell["metadata"]["trusted"] = True

    def open(self) -> None:
        """Write what a page writes when it opens the notebook."""
        self.notebook.ystate["document_id"] = DOCUMENT
        language = {"name": "python", "mimetype": "text/x-python", "version": "3.11.2"}
        with suppress(KeyError):
            self.doc.get("meta", type=Map)["metadata"]["language_info"] = language


class Hostile:
    """The candidate's page: what it forges, and whether that was answered rightly."""

    def __init__(self, room: Room, chance: random.Random, wrong: Wrong) -> None:
        self.room, self.chance, self.wrong = room, chance, wrong
        self.client = HOSTILE_IDS
        self.told: list[str] = []

    def forge(self, name: str) -> str:
        """Send one forgery under an id of its own; return what became of it."""
        self.client += 1
        outcome, make = FORGERIES[name]
        state = self.room.doc.get_update()
        mine = range(HOSTILE_IDS, HOSTILE_IDS + 1_000)
        seen = Seen(state, self.client, 0, self.chance, mine)
        corrected, records = self.room.corrected, len(self.room.journal)
        try:
            self.room.custody.take(HOSTILE, make(seen))
        except Broken as error:
            got = f"broken: {error.detail}"
        except NBInterviewError:
            got = REFUSED
            if len(self.room.journal) != records or self.room.doc.get_update() != state:
                self.wrong.let_in.append(f"{name}: refused, and something happened")
        else:
            got = CORRECTED if self.room.corrected > corrected else ALLOWED
        if got != outcome:
            self.wrong.let_in.append(f"{name}: {got}, not {outcome}")
        return got


def play(seed: int, steps: int = 60, names: list[str] | None = None) -> Wrong:
    """Carry out one schedule; return what went wrong."""
    chance = random.Random(seed)
    wrong = Wrong()
    room = Room()
    pages = [Page(room, IDA, 101, wrong), Page(room, OLA, 202, wrong),
             Page(room, IDA, 103, wrong)]  # fmt: skip
    for page in pages:
        page.open()
        page.send(9)
    watcher = Page(room, "", 404, wrong)  # writes nothing: a reviewer's
    hostile = Hostile(room, chance, wrong)
    forgeries = names or sorted(FORGERIES)
    for step in range(steps):
        page = chance.choice(pages)
        where = chance.randrange(8)
        acts: list[tuple[int, Callable[[], object]]] = [
            (8, partial(page.type, f"<{step}>", where)),
            (2, partial(page.add, f"<{step}>", where)),
            (1, partial(page.collapse, where)),
            (1, partial(page.clear, where)),
            (4, partial(page.send, chance.randrange(1, 5))),
            (4, partial(page.receive, chance.randrange(1, 5))),
            (2, partial(room.run, step)),
            (8, partial(hostile.forge, chance.choice(forgeries))),
        ]
        watcher.receive(chance.randrange(2))
        chance.choices([act for _, act in acts], [weight for weight, _ in acts])[0]()
    for page in pages:
        page.send(len(page.up))
    for page in [*pages, watcher]:
        page.receive(len(page.down))
    _check(room, pages, wrong)
    return wrong


def _check(room: Room, pages: list[Page], wrong: Wrong) -> None:
    now = room.content()
    text = "".join(one["source"] for one in now[0])
    for page in pages:
        wrong.lost += [one for one in page.tokens if text.count(one) != 1]
        if content(page.doc) != now:
            wrong.apart.append(page.who)
    _check_content(now[0], wrong)
    _check_journal(room, pages, wrong)


def _check_content(cells: list[dict[str, Any]], wrong: Wrong) -> None:
    questions = [one for one in cells if LOCKED in one["source"]
                 and one["metadata"].get("editable") is False]  # fmt: skip
    if not questions:
        wrong.let_in.append("the locked cell is gone")
    for one in cells:
        if one["metadata"].get("trusted"):
            wrong.let_in.append("trusted is in the document")
        if SCRIPT in str(one):
            wrong.let_in.append("a script is in the document")
        if one["metadata"].get("editable") is False and MARK in one["source"]:
            wrong.let_in.append("a hostile cell looks locked")
        if one.get("execution_count") == 4711:
            wrong.let_in.append("a run that never was")


def _check_journal(room: Room, pages: list[Page], wrong: Wrong) -> None:
    ids = {page.doc.client_id: page.who for page in pages}
    ids |= {HOSTILE_IDS + number: HOSTILE for number in range(1, 1_000)}
    tokens = {token: page.who for page in pages for token in page.tokens}
    for author, update in room.journal:
        whole = decode(update, OWN)
        for client in whole.by_client:
            owner = ids.get(
                client,
                HOSTILE
                if client > HOSTILE_IDS and client < HOSTILE_IDS + 10_000
                else "",
            )
            if owner and owner != author:
                wrong.misattributed.append(f"an id of {owner} in a record of {author}")
        for struct in whole.structs:
            said = struct.text or ""
            if MARK in said and author not in (HOSTILE, ROOM):
                wrong.misattributed.append(f"hostile bytes in a record of {author}")
            if tokens.get(said, author) not in (author, ROOM):
                wrong.misattributed.append(f"{said} in a record of {author}")
    journal = list(room.journal)
    before = room.content()
    room.open()
    if room.content() != before or room.journal != journal:
        wrong.apart.append("the journal makes another document")
