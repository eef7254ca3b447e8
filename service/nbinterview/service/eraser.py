"""Erasing everywhere: what is due by a policy, and what somebody asked for.

First a line of the erasures' file, on disk; then the database, in one transaction with
the audit record; then the room's directory and the hub. An error in the database takes
the line back, so that what was answered "nothing was erased" is never done later. What
a crash left half done is done at the next start, before anything is served, and said.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from nbinterview.errors import Conflict, Gone, NBInterviewError, NotFound, Unavailable
from nbinterview.ids import new_id
from nbinterview.service.db import Database
from nbinterview.service.domain import erasing, erasures, interviews
from nbinterview.service.domain.access import Caller
from nbinterview.service.domain.audit import AuditLog, clock_doubt
from nbinterview.service.domain.erasure_log import ErasureLog
from nbinterview.service.domain.retention import Erasure, deletion, plan
from nbinterview.service.films import Films
from nbinterview.service.folding import Folding
from nbinterview.service.hub import Hub
from nbinterview.service.room_copies import RoomCopies
from nbinterview.service.rooms import Rooms
from nbinterview.service.settings import Settings

log = logging.getLogger(__name__)

_WAIT_FOR_ROOM_S = 20.0
_POLL_S = 0.1


@dataclass(frozen=True)
class Done:
    """One rule that was carried out, or would be."""

    rule: Erasure
    records: int


@dataclass
class Outcome:
    """What came of a purge or a deletion."""

    done: list[Done] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    """What is not erased yet, and why, in words."""
    damaged_lines: tuple[int, ...] = ()


class Eraser:
    """Erases; `close` waits for what was begun."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        hub: Hub,
        rooms: Rooms,
        films: Films,
        audit: AuditLog,
    ) -> None:
        self._database = database
        self._settings = settings
        self._hub = hub
        self._rooms = rooms
        self._films = films
        self._audit = audit
        self._log = ErasureLog(settings.database.with_name("erasures.jsonl"))
        self._copies = RoomCopies(settings.rooms)
        self._folding = Folding(database)
        self._begun_tasks: set[asyncio.Task[Outcome]] = set()

    # --------------------------------------------------------------- the start

    async def resume(self) -> None:
        """Do again what the file says and the database does not know, and say so.

        Called before anything is served: a backup may have been brought back.
        """
        await self._folding.fold()  # a crash may have come before it
        found = await asyncio.to_thread(self._log.read)
        if found.damaged:
            lines = ", ".join(map(str, found.damaged))
            log.error("erasures.jsonl is damaged: line %s says nothing", lines)
            await self._audit.tell(None, "erasure", damaged_lines=list(found.damaged))
        async with self._database.read() as session:
            again = await erasing.unknown(session, found.standing)
            kept = await erasing.kept(session)
        written = {one.id for one in found.standing}
        lost = [one for one in kept if one.id not in written]
        if not again and not lost:
            return
        with self._log.alone():
            if lost:
                log.error("erasures.jsonl lacked %d erasures; written again", len(lost))
                await asyncio.to_thread(self._log.add, lost)
            for one in again:
                log.warning(
                    "erasing again what was erased of interview %s (%s): a backup was "
                    "brought back, or the service had stopped before it was done",
                    one.interview,
                    one.rule,
                )
            done = await self._commit(again, None, again=True)
            await self._folding.fold()
            # The hub may not answer; `finish` asks it, once everything is served.
            rules = [one.rule for one in done]
            await self._elsewhere(rules, Outcome(), ask_hub=False)

    async def check_import(self, session: AsyncSession, interview_id: str) -> None:
        """Erase of an imported interview what was erased of it here before.

        Raises `Gone` when that was all of it.
        """
        found = await asyncio.to_thread(self._log.read)
        rules = [one for one in found.standing if one.interview == interview_id]
        if any(one.is_whole for one in rules):
            raise Gone("This interview was erased here and is not taken in again.")
        for rule in rules:
            await self._apply(session, rule, None, again=True)

    # --------------------------------------------------------------- what is due

    async def purge(
        self, who: Caller | None, interview_id: str | None = None
    ) -> Outcome:
        """Erase what policies say is due, of one interview or of all.

        Somebody (`who`) who has all of it erased takes the clock to be right.
        Raises `Conflict` while something else is erased.
        """
        # Who asked may go away: what has begun is ended all the same.
        return await asyncio.shield(self._begun(self._purge(who, interview_id)))

    async def due(self, interview_id: str | None = None) -> Outcome:
        """Return what `purge` would erase now, and erase nothing."""
        outcome = Outcome()
        rules = await self._due(interview_id, outcome, ending=False)
        async with self._database.read() as session:
            outcome.done = [
                Done(one, await erasing.count(session, one)) for one in rules
            ]
            doubt = await clock_doubt(session)
        if doubt:
            outcome.waiting.insert(0, doubt)
        return outcome

    async def finish(self) -> Outcome:
        """Do what of earlier erasures is not done yet; raises `Conflict`."""
        return await asyncio.shield(self._begun(self._finish()))

    async def _finish(self) -> Outcome:
        with self._log.alone():
            outcome = Outcome()
            await self._unfinished(outcome)
        return outcome

    async def _purge(self, who: Caller | None, interview_id: str | None) -> Outcome:
        with self._log.alone():
            outcome = Outcome()
            if who is not None and interview_id is None:
                await self._audit.trust_clock(who)
            rules = await self._due(interview_id, outcome, ending=True)
            # One interview at a time: rooms that go on are waiting to write.
            for name in dict.fromkeys(rule.interview for rule in rules):
                of_it = [rule for rule in rules if rule.interview == name]
                try:
                    await self._erase(of_it, who, outcome)
                except (Conflict, Unavailable) as error:
                    outcome.waiting.append(f"{name}: {error.detail}")
            await self._unfinished(outcome)
            found = await asyncio.to_thread(self._log.read)
            outcome.damaged_lines = found.damaged
        return outcome

    def _begun(self, work: Coroutine[None, None, Outcome]) -> asyncio.Task[Outcome]:
        task = asyncio.create_task(work)
        self._begun_tasks.add(task)
        task.add_done_callback(self._begun_tasks.discard)
        return task

    async def _due(
        self, interview_id: str | None, outcome: Outcome, *, ending: bool
    ) -> list[Erasure]:
        async with self._database.read() as session:
            if interview_id is not None:
                await interviews.get(session, interview_id)
            there = await erasing.standing(session)
        states = {one.interview: one.state for one in there.held}
        copies = {one.interview: one.branch_of for one in there.held}
        planned = plan(there.held, self._settings.now(), new_id, purged=there.purged)
        rules = []
        for rule in planned:
            where = rule.interview
            if interview_id not in (None, where, copies[where]):
                continue
            if states[where] == "ended" and where not in there.running:
                rules.append(rule)
                continue
            if ending and states[where] != "ended":
                await self._rooms.end(where, None)
            outcome.waiting.append(f"{where}: its room is still closing.")
        return rules

    # ------------------------------------------------------------- what is asked for

    async def delete(self, who: Caller, hub_name: str, reason: str) -> Outcome:
        """Delete everything of a candidate, so that hashes are left.

        Raises `NotFound` when there is nothing, `Conflict` while an interview of
        theirs is open or its room still closing.
        """
        return await asyncio.shield(self._begun(self._delete(who, hub_name, reason)))

    async def _delete(self, who: Caller, hub_name: str, reason: str) -> Outcome:
        with self._log.alone():
            found = await self._deletable(hub_name)
            outcome = Outcome()
            now = self._settings.now()
            rules = deletion(found, reason, now, new_id)
            await self._erase(rules, who, outcome)
        return outcome

    async def _deletable(self, hub_name: str) -> list[str]:
        async with self._database.read() as session:
            found = await erasing.of_candidate(session, hub_name)
        if not found:
            raise NotFound("There is nothing of a candidate of this name here.")
        if any(one.state == "open" and one.branch_of is None for one in found):
            raise Conflict(
                "An interview is still open. Everything can be deleted as soon as it "
                "has ended."
            )
        for one in found:
            if one.branch_of is not None and one.state != "ended":
                await self._rooms.end(one.id, None)
        names = [one.id for one in found]
        try:
            async with asyncio.timeout(_WAIT_FOR_ROOM_S):
                # The rooms tell of their end to nobody who does not ask.
                while await self._running(names):  # noqa: ASYNC110
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            raise Conflict(
                "A room is still closing. Please try again in a minute."
            ) from None
        return names

    async def _running(self, names: Sequence[str]) -> bool:
        async with self._database.read() as session:
            for name in names:
                one = await interviews.get(session, name)
                if one.opened_at is not None and one.room_stopped_at is None:
                    return True
        return False

    # ------------------------------------------------------------------ carried out

    async def _erase(
        self, rules: Sequence[Erasure], who: Caller | None, outcome: Outcome
    ) -> None:
        if not rules:
            return
        await asyncio.to_thread(self._log.add, rules)
        done: list[Done] = []
        try:
            done += await self._commit(rules, who)
        except Conflict as error:
            await self._take_back(rules, error)
            raise
        except Exception as error:
            log.exception("erasing failed")
            await self._take_back(rules, error)
            raise Unavailable(
                "Nothing was erased: the database refused. Please try again later."
            ) from error
        outcome.done += done
        unswept = self._database.unswept
        if done and not await self._folding.fold() and unswept not in outcome.waiting:
            outcome.waiting.append(unswept)
        try:
            await self._elsewhere([one.rule for one in done], outcome)
        except Exception:
            # It is erased where anybody could read it, and is not said to have failed.
            log.exception("a room's copy or the hub's share was not erased")
            outcome.waiting.append(
                "Copies of rooms: not all erased; tried again daily."
            )

    async def _take_back(self, rules: Sequence[Erasure], error: Exception) -> None:
        """Say that nothing was erased, and see to it that nothing will be."""
        async with self._database.read() as session:
            left = await erasing.unknown(session, rules)
        try:
            await asyncio.to_thread(self._log.take_back, [one.id for one in left])
        except NBInterviewError:
            raise Unavailable(
                "It could not be erased now. It is noted, and will be done when the "
                "service starts the next time."
            ) from error

    async def _commit(
        self, rules: Sequence[Erasure], who: Caller | None, *, again: bool = False
    ) -> list[Done]:
        """Erase in the database: all of these rules, or none."""
        done = []
        async with self._database.write() as session:
            if not again:
                await erasing.require_over(session, rules)
            for rule in rules:
                records = await self._apply(session, rule, who, again=again)
                if records is not None:
                    done.append(Done(rule, records))
        for one in done:
            self._films.forget(one.rule.interview)
        return done

    async def _apply(
        self, session: AsyncSession, rule: Erasure, who: Caller | None, *, again: bool
    ) -> int | None:
        records = await erasing.apply(session, rule, now=self._settings.now())
        if records is not None:
            facts = {"erasure": rule.id, "rule": rule.rule, "reason": rule.reason}
            await self._audit.note(
                session,
                who,
                "erasure",
                rule.interview,
                records=records,
                kinds=list(rule.kinds),
                again=again,
                **facts,
            )
        return records

    async def _elsewhere(
        self, rules: Sequence[Erasure], outcome: Outcome, *, ask_hub: bool = True
    ) -> None:
        """Erase what rooms left on this machine, and what the hub knows of people."""
        for name in dict.fromkeys(rule.interview for rule in rules):
            of_it = [rule for rule in rules if rule.interview == name]
            words = await asyncio.to_thread(self._copies.erase, name, of_it)
            if not words and any(rule.is_whole for rule in of_it):
                words = await self._at_hub(name) if ask_hub else "The hub comes later."
            if words:
                outcome.waiting.append(f"{name}: {words}")
                continue
            async with self._database.write() as session:
                ids = [rule.id for rule in of_it]
                await erasures.confirm(session, name, ids, now=self._settings.now())

    async def _at_hub(self, interview_id: str) -> str:
        """Have the hub forget its candidate; return in words why it could not."""
        async with self._database.read() as session:
            forgotten = await erasing.forgotten(session, interview_id)
        try:
            for hub_name in forgotten:
                await self._hub.delete_user(hub_name)
        except Unavailable as error:
            return f"The hub still knows the candidate's name ({error.detail})."
        return ""

    async def _unfinished(self, outcome: Outcome) -> None:
        """Try again what could not be erased in a room's directory."""
        async with self._database.read() as session:
            there = await erasing.standing(session)
            left = await erasing.not_in_room(session)
        told = {line.partition(":")[0] for line in outcome.waiting}
        again = [
            one
            for one in left
            if one.interview not in there.running and one.interview not in told
        ]
        await self._elsewhere(again, outcome)

    async def close(self) -> None:
        """Let what was begun come to its end."""
        await asyncio.gather(*self._begun_tasks, return_exceptions=True)
        await self._folding.close()
