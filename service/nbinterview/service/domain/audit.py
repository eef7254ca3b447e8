"""The audit log: what the staff did and looked at, in a ledger of its own.

Its records have the form of a room's journal, under an interview id that no interview
can have; its tree's heads are signed by the platform's key. What changes something is
noted in the transaction that changes it, so neither is ever there without the other.
It holds opaque names only, and outlives the people and interviews that it is about.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from nbinterview.errors import Invalid
from nbinterview.ledger.checkpoints import Checkpoint, make_checkpoint
from nbinterview.ledger.records import Record, format_time, parse_time
from nbinterview.ledger.stored import from_store, to_store
from nbinterview.service.db import Database
from nbinterview.service.db.models import AuditHead, AuditRecord
from nbinterview.service.domain.access import Caller, Operator, SignedIn
from nbinterview.service.domain.frontier import Frontier
from nbinterview.service.platform_keys import PlatformKeys

#: What stands where a room's records have their interview's id.
INTERVIEW = "auditlog22"

#: Every kind, without its `audit.`, in words that a person reads.
KINDS = {
    "signed_in": "Signed in",
    "interview": "Interview",
    "invitation": "Role or link",
    "decision": "Decision about a flag",
    "viewed": "Looked at",
    "export": "Exported",
    "erasure": "Erased",
    "error_rates": "Error rates",
    "key": "Key",
    "checkpoint": "Checkpoint refused",
    "broken": "Audit log altered",
    "clock": "Clock",
    "daily": "Daily look at what is due",
}

#: What is looked at by taking a copy of it away: noted each time, as an export.
COPIES = frozenset({"export", "bundle", "person", "log"})

MAX_PAGE = 500
MAX_EXPORTED_HEADS = 1000
SEAL_AFTER_S = 1.0
SEAL_EVERY_S = 30.0
DOUBTED = "doubted"
FAR_AHEAD = timedelta(days=7)
"""Between two signed heads: the daily look alone has one signed each day."""
# One look at a page asks several times for its parts.
VIEWED_AGAIN_S = 600.0
_VIEWS = 4096

log = logging.getLogger(__name__)


async def note(
    session: AsyncSession,
    who: Caller | str | None,
    what: str,
    about: str | None = None,
    *,
    now: datetime,
    **facts: Any,
) -> None:
    """Add a record within the transaction of what it tells of.

    `who` is a caller, a hub name, or None for the service itself; `about` an interview
    or a person by id. `facts` hold ids, numbers and words of ours, never a name.
    """
    if what not in KINDS:
        raise KeyError(what)
    author, by = _author(who)
    payload = {"about": about, **facts} | ({} if by is None else {"by": by})
    record = Record(
        interview=INTERVIEW,
        seq=await _last_seq(session) + 1,
        time=format_time(now),
        kind=f"audit.{what}",
        author=author,
        payload=payload,
        salt=secrets.token_hex(16),
    )
    row = {
        "seq": record.seq,
        "time": record.time,
        "kind": record.kind,
        "author": author,
        "about": about,
        "hash": record.hash,
        "wire": to_store(record.wire_json, record.kind),
    }
    await session.execute(insert(AuditRecord), [row])


async def _last_seq(session: AsyncSession) -> int:
    return await session.scalar(select(func.max(AuditRecord.seq))) or 0


def _author(who: Caller | str | None) -> tuple[str, str | None]:
    """Return a record's author, and whose name does not fit one."""
    if who is None:
        return "service", None
    if isinstance(who, Operator):
        return "operator", None
    name = who.hub_name if isinstance(who, SignedIn) else who
    # The hub may know people who have no part here.
    return (name, None) if name.startswith("p-") else ("service", name[:64])


class AuditLog:
    """The log of this service: notes what happens, signs what was noted."""

    def __init__(
        self, database: Database, keys: PlatformKeys, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._keys = keys
        self._now = now
        self._frontier = Frontier()
        self._wake = asyncio.Event()
        self._sealing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._key_id: str | None = None
        self._viewed: OrderedDict[tuple[str, str, str | None], datetime] = OrderedDict()
        self.broken = ""
        """Why the log cannot be trusted any more; empty while it can."""

    async def note(
        self,
        session: AsyncSession,
        who: Caller | str | None,
        what: str,
        about: str | None = None,
        **facts: Any,
    ) -> None:
        """Note within a transaction; see `note` of this module."""
        await note(session, who, what, about, now=self._now(), **facts)
        self._wake.set()

    async def tell(
        self,
        who: Caller | str | None,
        what: str,
        about: str | None = None,
        **facts: Any,
    ) -> None:
        """Note something in a transaction of its own."""
        async with self._database.write() as session:
            await self.note(session, who, what, about, **facts)

    async def viewed(
        self, who: Caller | str | None, what: str, about: str | None = None
    ) -> None:
        """Note who looks at what, before it is shown; once in ten minutes.

        `what` is one of an access table's `shows`. A copy is noted each time.
        """
        if what in COPIES:
            await self.tell(who, "export", about, shown=what)
            return
        now = self._now()
        seen = (str(_author(who)), what, about)
        before = self._viewed.get(seen)
        if before is not None and (now - before).total_seconds() < VIEWED_AGAIN_S:
            return
        await self.tell(who, "viewed", about, shown=what)
        self._viewed[seen] = now
        self._viewed.move_to_end(seen)
        while len(self._viewed) > _VIEWS:
            self._viewed.popitem(last=False)

    def wake(self) -> None:
        """Say that something was noted by `note` of this module: it is signed soon."""
        self._wake.set()

    # ------------------------------------------------------------------ sealing

    async def start(self) -> None:
        """Check what was signed before, say so where it differs, and go on."""
        async with self._database.read() as session:
            head = await newest_head(session)
            try:
                self.broken = await self._compare(session, head)
            except (ValueError, KeyError, TypeError, Invalid):
                self.broken = "some of its records cannot be read"
            before = await _found_before(session)
        if self.broken:
            log.error("the audit log was altered: %s", self.broken)
            await self.tell(None, "broken", detail=self.broken)
        # A head that was signed since covers what was altered, and mends nothing.
        self.broken = self.broken or before
        self._key_id = None if head is None else head.key_id
        await self.seal()
        self._task = asyncio.create_task(self._run())

    async def _compare(self, session: AsyncSession, head: Checkpoint | None) -> str:
        if head is None:
            count = await _last_seq(session)
            return f"none of its {count} records is signed" if count else ""
        keys = [key.public_key for key in self._keys.published()]
        if not any(head.verify(key) for key in keys):
            return f"no key of this platform signed its {head.size} records"
        found = await session.scalars(
            select(AuditRecord.wire)
            .where(AuditRecord.seq <= head.size)
            .order_by(AuditRecord.seq)
        )
        wires = list(found)
        if len(wires) != head.size:
            return f"{head.size - len(wires)} of {head.size} signed records are gone"
        frontier = Frontier()
        await asyncio.to_thread(lambda: frontier.extend(map(_leaf, wires)))
        if frontier.root().hex() != head.root:
            return f"its first {head.size} records are not those that were signed"
        return ""

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), SEAL_EVERY_S)
            self._wake.clear()
            await asyncio.sleep(SEAL_AFTER_S)
            try:
                await self.seal()
            except Exception:
                log.exception("the audit log was not signed; the next try is later")
                self._wake.set()

    async def seal(self) -> Checkpoint | None:
        """Sign the head of all that was noted; None when nothing is new."""
        signer, now = self._keys.signer(), self._now()
        async with self._sealing:
            # What is noted here is taken back with the transaction.
            edge = Frontier(self._frontier.size, self._frontier.nodes)
            async with self._database.write() as session:
                if signer.key_id != self._key_id:
                    facts = {"key_id": signer.key_id, "replaces": self._key_id}
                    await self.note(session, None, "key", **facts)
                await self._note_clock(session, now)
                found = await session.execute(
                    select(AuditRecord.hash)
                    .where(AuditRecord.seq > edge.size)
                    .order_by(AuditRecord.seq)
                )
                edge.extend(bytes.fromhex(row.hash) for row in found)
                size, head = edge.size, None
                if size and await session.get(AuditHead, size) is None:
                    time, root = format_time(now), edge.root()
                    head = make_checkpoint(signer, INTERVIEW, size, root, time)
                    session.add(AuditHead(size=size, root=head.root, wire=head.wire()))
            self._frontier, self._key_id = edge, signer.key_id
        return head

    async def _note_clock(self, session: AsyncSession, now: datetime) -> None:
        """Note that much time has passed since the last head, before the next one."""
        head = await newest_head(session)
        if head is None or await _last_seq(session) <= head.size:
            return
        if now - parse_time(head.time) > FAR_AHEAD:
            log.error("the clock went from %s to %s at once", head.time, now)
            facts = {"did": DOUBTED, "before": head.time}
            await self.note(session, None, "clock", **facts)

    async def trust_clock(self, who: Caller | None) -> None:
        """Note that somebody took the clock to be right, where it was doubted."""
        async with self._database.write() as session:
            if await clock_doubt(session):
                await self.note(session, who, "clock", did="taken to be right")

    async def close(self) -> None:
        """Sign what is left."""
        if self._task is not None:
            # A transaction that is cancelled may keep the database locked.
            async with self._sealing:
                self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self.seal()


def _leaf(wire: bytes) -> bytes:
    """Return a record's hash from what it says, whatever stands beside it."""
    record = Record.stored(json.loads(from_store(wire)))
    return replace(record, payload_hash="").leaf


async def _found_before(session: AsyncSession) -> str:
    """Return in words what an earlier start found to be altered, if it did."""
    found = await page(session, kind="broken", limit=1)
    if not found:
        return ""
    return f"{found[0]['payload']['detail']} (found at {found[0]['time'][:19]}Z)"


async def clock_doubt(session: AsyncSession) -> str:
    """Return in words why nothing is erased without being told to; or nothing."""
    found = await page(session, kind="clock", limit=1)
    if not found or found[0]["payload"]["did"] != DOUBTED:
        return ""
    before, now = found[0]["payload"]["before"][:19], found[0]["time"][:19]
    return (
        f"The clock went from {before}Z to {now}Z with nothing signed in between. "
        "Until somebody has run nbinterview purge, nothing is erased by itself: "
        "look at the clock first, and at what nbinterview purge --dry-run says is due."
    )


async def newest_head(session: AsyncSession) -> Checkpoint | None:
    """Return the newest signed head of the log."""
    found = await session.scalar(
        select(AuditHead).order_by(AuditHead.size.desc()).limit(1)
    )
    return None if found is None else Checkpoint.from_wire(found.wire)


async def heads(session: AsyncSession) -> list[Checkpoint]:
    """Return all signed heads, the smallest first."""
    found = await session.scalars(select(AuditHead).order_by(AuditHead.size))
    return [Checkpoint.from_wire(one.wire) for one in found]


def some(
    found: Sequence[Checkpoint], most: int = MAX_EXPORTED_HEADS
) -> list[Checkpoint]:
    """Return the newest head and of those before it so many, spread evenly.

    The log is signed a second after every action: all heads of a year with a proof
    for each are more than anybody's verifier holds. A head that is left out can still
    be held against the records.
    """
    step = -(-len(found) // most)
    return list(found[::-1][:: max(step, 1)][::-1])


async def page(
    session: AsyncSession,
    *,
    before: int | None = None,
    limit: int = 100,
    kind: str = "",
    about: str = "",
    author: str = "",
) -> list[dict[str, Any]]:
    """Return records in their wire form, newest first, those before a number."""
    wanted: list[ColumnElement[bool]] = []
    if before is not None:
        wanted.append(AuditRecord.seq < before)
    if kind:
        wanted.append(AuditRecord.kind == f"audit.{kind}")
    if about:
        wanted.append(AuditRecord.about == about)
    if author:
        wanted.append(AuditRecord.author == author)
    found = await session.scalars(
        select(AuditRecord.wire)
        .where(*wanted)
        .order_by(AuditRecord.seq.desc())
        .limit(min(limit, MAX_PAGE))
    )
    return [json.loads(from_store(wire)) for wire in found]


async def lines(
    session: AsyncSession, *, about: Sequence[str] = ()
) -> AsyncIterator[bytes]:
    """Yield the wire JSON of all records in their order, or of those about these."""
    after = 0
    while True:
        query = select(AuditRecord.seq, AuditRecord.wire).where(AuditRecord.seq > after)
        if about:
            query = query.where(AuditRecord.about.in_(about))
        found = list(
            await session.execute(query.order_by(AuditRecord.seq).limit(MAX_PAGE))
        )
        if not found:
            return
        for row in found:
            yield from_store(row.wire)
        after = found[-1].seq
