"""What reads bytes that a stranger wrote: each decoder, as its callers call it.

A target may raise `NBInterviewError` and nothing else; a panic of pycrdt, which is
no `Exception`, counts as well. Those that keep a state begin anew now and then,
with the same seed as with another process, so that memory has to stay flat.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from jupyter_ydoc import YNotebook
from pycrdt import Doc

from nbinterview.errors import Invalid, NBInterviewError
from nbinterview.ledger.film import make_film
from nbinterview.ledger.records import Record
from nbinterview.service.domain import exchange, ledger
from nbinterview.service.domain.templates import read_template
from nbinterview.tokens import InvitationToken, read_invitation, sign_invitation
from nbinterview_server import live, recovery
from nbinterview_server.config import Person
from nbinterview_server.documents import awareness
from nbinterview_server.documents.custody import Broken, Custody
from nbinterview_server.documents.outbox import Outbox
from nbinterview_server.documents.owners import TEMPLATES_ID, Owners
from nbinterview_server.documents.presence import NamedRoom
from nbinterview_server.documents.rooms import RecordedRoom
from nbinterview_server.packing import Pack
from nbinterview_server.stream import check_message
from nbinterview_server.watching import check_action
from tests.e2e.harness import ROOT

ANEW_EVERY = 300
SAMPLE = ROOT / "service/nbinterview/samples/recorded.jsonl.gz"
TEMPLATE = ROOT / "service/nbinterview/samples/interview.ipynb"
KEY = "f" * 64
NOW_S = 1_800_000_000.0
ADA = Person("p-adaadaadaa", "Ada Okafor", "AO", "#2b5fd9", "candidate")
Take = Callable[[bytes], None]


@dataclass(frozen=True)
class Target:
    """One decoder. `share` is how much of all inputs it gets."""

    name: str
    seeds: Callable[[], list[bytes]]
    make: Callable[[], Take]
    share: float


# ------------------------------------------------------------------ live


def live_seeds() -> list[bytes]:
    """Return what a candidate's page said in the sample, and a hello."""
    events = [
        {
            **record["payload"],
            "type": record["kind"],
            "monotonic_ms": record["monotonic_ms"],
        }
        for record in _records("event", "observations")
    ]
    actions = [
        {"type": "action", "action": "pause_watching", "reason": "a call"},
        {"type": "action", "action": "set_allows", "allows": ["documentation"]},
    ]
    return [
        b'{"type": "hello", "protocol": 1}',
        *map(_json, actions),
        *map(_json, _some(events, 40)),
    ]


def _live() -> Take:
    def take(data: bytes) -> None:
        # What is no UTF-8 ends the connection before anybody reads it.
        parsed = live._parse(data.decode("utf-8", "replace"))
        if parsed.get("type") == "action":
            check_action(parsed)
            _journalled("watching", parsed)
            return
        check_message(parsed)
        if parsed["type"] == "observations":
            pack = Pack(parsed["boot_id"])
            pack.add(parsed, 0.0)
            payload = pack.payload()
        else:
            payload = {key: value for key, value in parsed.items() if key != "type"}
        _journalled(parsed["type"], payload)

    return take


def _journalled(kind: str, payload: dict[str, Any]) -> None:
    """Make the record's text, with the errors that the journal translates."""
    record = Record("abcdefghij", 1, "t", kind, "p", payload, "00", None)
    try:
        text = json.dumps(record.wire(), ensure_ascii=False)
        text.encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise Invalid("not a record") from error


# ------------------------------------------------------------- documents


def update_seeds() -> list[bytes]:
    """Return what pages wrote: a cell, text, an undo, metadata, a whole notebook."""
    template = _template()
    found: list[bytes] = []
    doc: Doc[Any] = Doc(client_id=77)
    doc.apply_update(template)
    page = YNotebook(doc)
    heard = doc.observe(lambda event: found.append(event.update))
    page.append_cell({"cell_type": "code", "source": "x = 'ü😀'", "metadata": {}})
    page.ycells[0]["source"] += "\nprint(1)"
    page.ycells[0]["source"].clear()
    page.ycells[0]["metadata"]["trusted"] = True
    del page.ycells[-1]
    page.set(page.get())
    doc.unobserve(heard)
    return [*found, doc.get_update(), template, b"\x00\x00"]


def _custody() -> Custody:
    custody = Custody(Doc(), lambda _author, _update: None)
    custody.restore([("room", _template())])
    return custody


def _updates() -> Take:
    custody = [_custody()]
    taken = Counter[str]()

    def take(data: bytes) -> None:
        taken["all"] += 1
        if taken["all"] % ANEW_EVERY == 0:
            custody[0] = _custody()
        try:
            custody[0].take(ADA.hub_name, data)
        except Broken:
            custody[0] = _custody()
            raise

    return take


def message_seeds() -> list[bytes]:
    """Return whole messages of the document's socket."""
    doc: Doc[Any] = Doc()
    return [
        b"\x00\x00" + _var(len(state)) + state
        for state in (doc.get_state(), b"\x00", b"\x01\x4d\x05")
    ] + [
        bytes([0, kind]) + _var(len(data)) + data
        for kind in (1, 2)
        for data in update_seeds()
    ]


class _Served(NamedRoom):
    """A document's room as pages speak to it, without disk and socket."""

    def __init__(self) -> None:
        super().__init__()
        self.clients = set()
        self._owners = Owners()
        self._custody = _custody()
        self.ydoc = self._custody.doc
        self._outbox = Outbox()
        self.broken = False
        self._writes: Counter[Any] = Counter()
        self._overlooked: set[Any] = set()
        self._answering: set[Any] = set()
        self._writing: Any = None
        self._journal: Any = SimpleNamespace(is_full=False)

    _sync = RecordedRoom._sync
    _answer = RecordedRoom._answer
    _write = RecordedRoom._write
    _overlook = RecordedRoom._overlook
    _brings = RecordedRoom._brings


class _Page:
    person = ADA
    read_only = False
    is_over = is_gone = False

    def took(self, time_s: float) -> None:
        """It may take as long as it does."""


def _messages() -> Take:
    room, page = [_Served()], _Page()
    taken = Counter[str]()

    def take(data: bytes) -> None:
        taken["all"] += 1
        if taken["all"] % ANEW_EVERY == 0 or room[0]._custody.broken:
            room[0] = _Served()
        if data[:1] != b"\x00":
            data = b"\x00" + data
        # It waits for nothing: there is nobody to send to.
        with suppress(StopIteration):
            room[0]._take(page, data).send(None)  # type: ignore[arg-type]  # a page
        while not room[0]._outbox.empty():
            room[0]._outbox.done(room[0]._outbox.get_nowait())

    return take


def awareness_seeds() -> list[bytes]:
    """Return awareness updates: a cursor, a leaving, two at once."""
    cursor = {"user": {"name": "me"}, "cursors": [{"anchor": {"tname": "x"}}]}
    states = [(5, 1, cursor), (6, 2, None), (7, 3, [1, "ü"])]
    return [awareness._encode(states[:1]), awareness._encode(states)]


def _awareness() -> Take:
    owners = [Owners()]

    def take(data: bytes) -> None:
        if len(owners[0]._owner) > ANEW_EVERY:
            owners[0] = Owners()
        awareness.rewrite(data, ADA, owners[0])

    return take


# --------------------------------------------------------------- records


def record_seeds() -> list[bytes]:
    """Return lines of an exported record, its header among them."""
    with gzip.open(SAMPLE, "rb") as lines:
        whole = [line.rstrip(b"\n") for line in lines]
    return [line for line in _some(whole, 60) if len(line) < 6000]


def _exported() -> Take:
    def take(data: bytes) -> None:
        loaded = exchange._json(data)
        if "format" in loaded and isinstance(loaded["format"], str):
            exchange._header(loaded)
            return
        ledger.parse([loaded], loaded.get("interview", ""))

    return take


def _journal_rows() -> Take:
    def take(data: bytes) -> None:
        recovery._leaf((1, "event", data), "abcdefghij", hashed=True)

    return take


def film_seeds() -> list[bytes]:
    """Return document updates of the sample."""
    return [
        data
        for record in _records("document")
        if len(data := base64.b64decode(record["payload"]["update"])) < 1500
    ]


def _film() -> Take:
    first, *_ = _records("document")

    def take(data: bytes) -> None:
        second = {**first, "seq": first["seq"] + 1, "author": ADA.hub_name}
        update = base64.b64encode(data).decode()
        second["payload"] = {**first["payload"], "update": update}
        make_film({"id": "x", "title": "x", "people": []}, [first, second])

    return take


# ---------------------------------------------------------------- others


def token_seeds() -> list[bytes]:
    """Return the token of a link, and one that another key signed."""
    token = InvitationToken("abcdefghij", 1_900_000_000)
    return [sign_invitation(key, token).encode() for key in (KEY, "0" * 64)]


def _tokens() -> Take:
    return lambda data: _ignore(
        read_invitation(KEY, data.decode("utf-8", "replace"), now_s=NOW_S)
    )


def template_seeds() -> list[bytes]:
    """Return notebooks: the sample's, and one of format 3."""
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": ""},
        "worksheets": [
            {
                "metadata": {},
                "cells": [
                    {
                        "cell_type": "code",
                        "input": "1",
                        "language": "python",
                        "metadata": {},
                        "outputs": [],
                    }
                ],
            }
        ],
    }
    small = json.loads(TEMPLATE.read_bytes())
    small["cells"] = small["cells"][:2]
    return [_json(small), _json(old)]


def _templates() -> Take:
    return lambda data: _ignore(read_template(data))


TARGETS = (
    Target("live messages", live_seeds, _live, 0.16),
    Target("document updates", update_seeds, _updates, 0.22),
    Target("document messages", message_seeds, _messages, 0.2),
    Target("awareness", awareness_seeds, _awareness, 0.16),
    Target("exported records", record_seeds, _exported, 0.06),
    Target("journal rows", record_seeds, _journal_rows, 0.08),
    Target("invitation tokens", token_seeds, _tokens, 0.1),
    Target("films", film_seeds, _film, 0.01),
    Target("templates", template_seeds, _templates, 0.01),
)


def outcome(take: Take, data: bytes) -> BaseException | None:
    """Return what a target raised that it may not raise."""
    try:
        take(data)
    except (NBInterviewError, KeyboardInterrupt, SystemExit) as error:
        if not isinstance(error, NBInterviewError):
            raise
    except BaseException as error:  # noqa: BLE001  # pycrdt's panic is no Exception
        return error
    return None


def _records(*kinds: str) -> list[dict[str, Any]]:
    with gzip.open(SAMPLE, "rt", encoding="utf-8") as lines:
        found = [json.loads(line) for line in list(lines)[1:]]
    return [record for record in found if record["kind"] in kinds]


def _some(of: list[Any], count: int) -> list[Any]:
    return of[:: max(1, len(of) // count)]


_TEMPLATE_UPDATE: dict[str, bytes] = {}


def _template() -> bytes:
    if "update" not in _TEMPLATE_UPDATE:
        source: Doc[Any] = Doc(client_id=TEMPLATES_ID)
        YNotebook(source).set(json.loads(TEMPLATE.read_bytes()))
        _TEMPLATE_UPDATE["update"] = source.get_update()
    return _TEMPLATE_UPDATE["update"]


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _var(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def _ignore(_: object) -> None:
    """Nothing is done with what was read."""
