"""Proof of watching: hears the candidate's beats, keeps the lease, records each gap.

The edge of `beats`, `lease` and `silence`, which are pure: clocks, random numbers,
connections and the journal are here.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from nbinterview.errors import Conflict, Forbidden, TooMany
from nbinterview.ledger.records import Record, format_time
from nbinterview.schemas import check
from nbinterview_server import beats
from nbinterview_server.beatlines import Line, Message, Unwritten
from nbinterview_server.beats import Beat, Late, Nonces
from nbinterview_server.documents.authorship import ROOM
from nbinterview_server.journal import Entry
from nbinterview_server.lease import Change, Lease
from nbinterview_server.silence import Gap, Silence
from nbinterview_server.view import View

TICK_S = 0.2
NONCES_APART_S = 0.4
MOVES_APART_S = 1.0
PING_EVERY_S = 0.8
PONG_WITHIN_S = 2.0
"""An answer that took longer says that the line was down."""
HELD_S = 0.5
"""A message that the room has not finished with for so long holds up what follows."""
MAX_BOOTS = 100
ELSEWHERE = (
    "This interview is open in another tab or on another device, which is the one that "
    "counts. Use it here to go on on this page."
)

log = logging.getLogger(__name__)


class Proof:
    """What shows that the candidate's page watches, and what records that none does."""

    def __init__(
        self,
        view: View,
        interview: str,
        *,
        record: Callable[[Entry], None],
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        random_bytes: Callable[[int], bytes],
        is_full: Callable[[], bool] = lambda: False,
    ) -> None:
        """`is_full` says whether the record takes nothing more of pages."""
        self._view = view
        self._record = record
        self._interview = interview
        self._clock = clock
        self._monotonic = monotonic
        self._random_bytes = random_bytes
        self._is_full = is_full
        self._lease = Lease()
        self._silence = Silence()
        self._lines: dict[str, Line] = {}
        self._last: OrderedDict[str, Beat] = OrderedDict()
        self.unwritten = Unwritten()
        self._passive_ms: dict[str, float] = {}
        """By page load that lost the lease, until when on its own clock it counted."""
        self._heard_ms: dict[str, tuple[float, float]] = {}
        """By page load, its clock at its last message and the room's then."""
        self._started_at: dict[str, str] = {}
        """By gap, as it is on record."""
        self._ticked_s: float | None = None
        self._moved_s = float("-inf")
        self._known_s: float | None = None
        """When the last record of before this start was written."""

    @property
    def last_beat(self) -> Beat | None:
        """The last beat that counted."""
        return self._silence.last

    # ------------------------------------------------------------ the record

    def recall(self, record: Record) -> None:
        """Fold one record of before this start, before any page comes."""
        self._known_s = self.room_s(record.time)
        if record.kind == "gap":
            # Of an erased one nothing but this is known: no number is used twice.
            self._silence.count += 1
        if record.payload is None:
            return
        if record.kind == "lease":
            state, boot_id = record.payload["state"], record.payload["boot_id"]
            self._lease.restore(state, boot_id, self._monotonic())
        self._fold(record)

    def go_on(self) -> None:
        """Begin after the last record of before this start, which the view has.

        A restart of the room is one gap, if watching was wanted when it stopped.
        """
        now_s = self._monotonic()
        self._want()
        for gap in self._view.gaps.values():
            if gap["state"] == "began":
                self._restore(gap)
        if self._view.silent:
            payload = {"what": "live", "state": "ended", "detail": "beats from now on"}
            self._record(Entry("gap", ROOM, payload))
        known_s = self._known_s
        self._tell(
            self._silence.restarted(now_s, now_s if known_s is None else known_s)
        )

    def _restore(self, wire: Message) -> None:
        started_s = self.room_s(wire["started_at"])
        self._started_at[wire["gap_id"]] = wire["started_at"]
        gap = Gap(wire["gap_id"], started_s, None, wire["cause"], wire["detail"])
        silence = self._silence
        if silence.gap is not None:
            silence.frames_gap = silence.gap
        silence.gap = gap

    def hear(self, record: Record) -> None:
        """Listen to the journal, after the view."""
        if record.payload is not None:
            self._fold(record)
        self._want()

    def _fold(self, record: Record) -> None:
        if record.kind == "event" and record.payload is not None:
            self._silence.said(record.payload["boot_id"], record.payload["event"])

    def _want(self) -> None:
        view, now_s = self._view, self._monotonic()
        agreed = any(view.consent.values())
        due = view.state == "open" and agreed and not view.watching["paused"]
        # A candidate's page alone cannot end the watching unseen.
        stopped = due and view.begun and not view.started
        camera = view.consent.get("camera", False)
        found = self._silence.camera(now_s, wanted=camera)
        wanted = due and view.started
        self._tell(found + self._silence.want(now_s, wanted=wanted, stopped=stopped))

    # ------------------------------------------------------------ connections

    def open(
        self,
        connection: str,
        boot_id: str,
        author: str,
        tell: Callable[[Message], None],
        ping: Callable[[bytes], None],
    ) -> None:
        """A page of the candidate said hello."""
        now_s = self._monotonic()
        nonces = Nonces(self._random_bytes(beats.NONCE_BYTES).hex(), now_s)
        key = self._random_bytes(beats.KEY_BYTES)
        self._lines[connection] = Line(
            connection, boot_id, author, key, nonces, tell, ping, now_s
        )
        self._changed(lambda: self._lease.came(connection, boot_id, now_s))

    def check_hello(self, connection: str, boot_id: str) -> None:
        """Raise `Conflict` unless a page that says hello again is the same."""
        line = self._lines.get(connection)
        if line is not None and line.boot_id != boot_id:
            raise Conflict(
                "This connection is of another page; open a new one.", field="boot_id"
            )

    def close(self, connection: str, *, by_room: bool = False) -> None:
        """Its connection closed; `by_room` when the room could not go on with it."""
        if self._lines.pop(connection, None) is None:
            return
        if connection == self._lease.connection:
            self._silence.closed(by_room=by_room)
        now_s = self._monotonic()
        self._changed(lambda: self._lease.left(connection, now_s))

    def welcome(self, connection: str | None) -> dict[str, Any]:
        """Return what a page is told of beats and lease when it comes."""
        active, pages = self._lease.connection, len(self._lines)
        line = self._lines.get(connection or "")
        if line is None:
            return {"lease": {"active": active is not None, "pages": pages}}
        return {
            "lease": {"active": active == connection, "pages": pages},
            "beats": {
                "interview": self._interview,
                "key": base64.b64encode(line.key).decode(),
                "nonce": line.nonces.newest,
                "interval_ms": beats.INTERVAL_MS,
            },
        }

    def take_lease(self, connection: str, boot_id: str) -> None:
        """The person wants this page to be the one that counts.

        Raises `Conflict` when the connection is of another page, `TooMany` when it
        was moved just now: each time is a record.
        """
        self.check_hello(connection, boot_id)
        now_s = self._monotonic()
        since_s = now_s - self._moved_s
        if since_s < MOVES_APART_S:
            words = "The interview was moved to another page just now. Please wait."
            raise TooMany(words, retry_after_s=1)
        self._moved_s = now_s
        self._changed(lambda: self._lease.take(connection, now_s))

    def _changed(
        self, change: Callable[[], list[Change]], *, from_living: bool = True
    ) -> None:
        """Let the lease change; tell the pages of it, and the record."""
        before, before_boot = self._lease.connection, self._lease.boot_id
        changes = change()
        now, now_s = self._lease.connection, self._monotonic()
        for one in changes:
            fields = {"state": one.state, "boot_id": one.boot_id}
            payload = {**fields, "connection": one.connection, "detail": ""}
            self._record(Entry("lease", ROOM, payload))
        if now is None or now == before:
            return
        if self._lease.boot_id != before_boot and before_boot is not None:
            self._lost(before_boot, now_s)
            if from_living and before is not None and self._silence.wanted:
                self._silence.moved()
        self._silence.opened(self._lines[now].boot_id)
        at = format_time(self._clock())
        for each, active in ((before, False), (now, True)):
            if line := self._lines.get(each or ""):
                lease = {"active": active, "pages": len(self._lines)}
                line.tell({"type": "lease", **lease, "state": "taken", "at": at})

    def _lost(self, boot_id: str, now_s: float) -> None:
        said_ms, heard_s = self._heard_ms.get(boot_id, (0.0, now_s))
        until_ms = said_ms + 1000 * (now_s - heard_s) + beats.AHEAD_MS
        self._passive_ms[boot_id] = until_ms

    # ------------------------------------------------------------ messages

    def beat(self, connection: str, message: Message) -> None:
        """Take a `Beat`; one of a page that does not count is let go.

        Raises `Invalid` for one without its form, `Unproved` for one that does not fit.
        """
        check(dict(message), "live", "Beat")
        line = self._lines[connection]
        now_s = self._monotonic()
        is_active = connection == self._lease.connection
        try:
            beat = beats.verify(
                message,
                interview=self._interview,
                boot_id=line.boot_id,
                key=line.key,
                nonces=line.nonces,
                last=self._last.get(line.boot_id),
                now_s=now_s,
            )
        except Late:
            if is_active:
                self._silence.late_beat()
                self._tell_nonce(line, now_s)
            return
        self._last[line.boot_id] = beat
        self._last.move_to_end(line.boot_id)
        while len(self._last) > MAX_BOOTS:
            self._last.popitem(last=False)
        self._lease.spoke(connection, now_s)
        if not is_active:
            return
        if self._silence.wanted:
            self.unwritten.add(beat, line.author)
        self._tell(self._silence.beat(beat))

    def check_counts(self, connection: str, message: Message) -> None:
        """Raise `Forbidden` for observations of a page that does not count.

        What it measured before it lost the lease still counts.
        """
        line = self._lines.get(connection)
        if line is None or connection == self._lease.connection:
            return
        boot_id = message["boot_id"]
        if boot_id not in {line.boot_id, self._lease.boot_id}:
            return
        if message["monotonic_ms"] > self._passive_ms.get(boot_id, -1.0):
            raise Forbidden(ELSEWHERE, field="boot_id")

    def spoke(self, connection: str, message: Message) -> None:
        """Note that a page said something that has its form and is no beat."""
        now_s = self._monotonic()
        line = self._lines.get(connection)
        event = message.get("event", {})
        leaving = event.get("name") == "page" and event.get("state") == "unloading"
        self._lease.spoke(connection, now_s, leaving=leaving)
        if line is not None and message["boot_id"] == line.boot_id:
            self._heard_ms[line.boot_id] = (message["monotonic_ms"], now_s)
        if connection == self._lease.connection:
            self._silence.spoke(now_s)

    def observed(self, connection: str, frames: Iterable[Message]) -> None:
        """Note that new measured frames came."""
        if connection != self._lease.connection:
            return
        diffs = [frame["frame_diff"] for frame in frames]
        if diffs:
            self._silence.observed(self._monotonic(), moving=any(diffs))

    def ponged(self, connection: str, sent: bytes) -> None:
        """The browser answered a ping."""
        now_s = self._monotonic()
        try:
            rtt_s = now_s - float(sent)
        except ValueError:
            return
        if connection == self._lease.connection and 0 <= rtt_s <= PONG_WITHIN_S:
            self._silence.answered(now_s)
        if not self._silence.wanted:
            # Nothing else is due from a page that does not watch yet.
            self._lease.spoke(connection, now_s)

    def taking(self, connection: str, *, begins: bool) -> None:
        """The room begins or ends to be busy with a page's message."""
        if line := self._lines.get(connection):
            line.taking_s = self._monotonic() if begins else None

    # ------------------------------------------------------------ time

    async def run(self) -> None:
        """Look how late it is again and again."""
        while True:
            await asyncio.sleep(TICK_S)
            try:
                self.tick()
            except Exception:  # the next look may see what this one could not
                log.exception("the watching could not be looked after")

    def tick(self) -> None:
        """Tell nonces, ask for beats that are late, and say which gaps that makes."""
        now_s = self._monotonic()
        before_s, self._ticked_s = self._ticked_s, now_s
        for line in list(self._lines.values()):
            self._speak(line, now_s)
        self._changed(lambda: self._lease.tick(now_s), from_living=False)
        active = self._lines.get(self._lease.connection or "")
        # The room itself stood still: what came meanwhile has to be read first.
        held = before_s is not None and now_s - before_s > TICK_S + HELD_S
        if active is not None and active.taking_s is not None:
            held = held or now_s - active.taking_s > HELD_S
        self._silence.full = self._is_full()
        self._tell(self._silence.tick(now_s, held=held))
        for entry in self.unwritten.due(now_s):
            self._record(entry)

    def _speak(self, line: Line, now_s: float) -> None:
        is_active = line.connection == self._lease.connection
        due = now_s - line.nonces.told_s >= beats.NONCE_EVERY_S
        if due or (is_active and self._silence.asks(now_s)):
            self._tell_nonce(line, now_s)
        if now_s - line.pinged_s >= PING_EVERY_S:
            line.pinged_s = now_s
            line.ping(repr(now_s).encode())

    def _tell_nonce(self, line: Line, now_s: float) -> None:
        if now_s - line.nonces.told_s < NONCES_APART_S:
            return
        nonce = self._random_bytes(beats.NONCE_BYTES).hex()
        line.nonces.tell(nonce, now_s)
        line.tell({"type": "nonce", "nonce": nonce})

    def _tell(self, gaps: Iterable[Gap]) -> None:
        for gap in gaps:
            ended = gap.ended_s is not None
            started_at = self._started_at.setdefault(
                gap.gap_id, self._at(gap.started_s)
            )
            payload = {
                "what": "watching",
                "gap_id": gap.gap_id,
                "state": "ended" if ended else "began",
                "started_at": started_at,
                "ended_at": None if gap.ended_s is None else self._at(gap.ended_s),
                "cause": gap.cause,
                "detail": gap.detail,
            }
            self._record(Entry("gap", ROOM, payload))

    def _at(self, room_s: float) -> str:
        """Return a time of the room's steady clock as the record writes it."""
        ago_s = self._monotonic() - room_s
        return format_time(self._clock() - timedelta(seconds=ago_s))

    def room_s(self, time: str) -> float:
        """Return a time of the record on the room's steady clock."""
        ago = self._clock() - datetime.fromisoformat(time)
        return self._monotonic() - ago.total_seconds()
