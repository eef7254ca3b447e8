"""One interview's room: its parts, put together, started and closed in order."""

from __future__ import annotations

import asyncio
import logging
import platform
import random
import secrets
import time
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from limits import RateLimitItemPerMinute

from nbinterview import __version__
from nbinterview.errors import NBInterviewError, Unavailable
from nbinterview.ids import new_id
from nbinterview.rates import Limiter
from nbinterview.schemas.live_types import InterviewState
from nbinterview_proctor.engine import ENGINE_VERSION
from nbinterview_proctor.policy import Policy, summary
from nbinterview_server.catch_up import catch_up
from nbinterview_server.config import Person, RoomConfig, RoomEnv
from nbinterview_server.documents.authorship import ROOM
from nbinterview_server.fanout import Fanout
from nbinterview_server.findings import Findings
from nbinterview_server.journal import Entry, Journal, NotWritten
from nbinterview_server.people import People
from nbinterview_server.proof import Proof
from nbinterview_server.recovery import remembered
from nbinterview_server.refusals import AllRefusals
from nbinterview_server.service_api import ServiceApi, Shipped
from nbinterview_server.sockets import ARRIVALS_A_MINUTE, OpenSockets
from nbinterview_server.stream import CandidateStream, PageStream
from nbinterview_server.trust import Trust
from nbinterview_server.view import View, welcome
from nbinterview_server.watch import Watch
from nbinterview_server.watching import Watching, first

FLUSH_S = 3.0
END_S = 2.5
SHIP_S = 3.5
ASK_S = 2.0
LATE_EDITS_S = 3.0
"""After the end: what somebody was typing just then is still taken."""
MAX_BROWSER_CHARS = 200

_ORDER: tuple[InterviewState, ...] = ("scheduled", "open", "ended")
_DISTRIBUTIONS = (
    "jupyterlab",
    "jupyter-server",
    "jupyter-collaboration",
    "jupyter-server-nbmodel",
    "pycrdt",
)

_WAITING = (
    "The end of this room's record was damaged. It is being completed from the "
    "interview service, which does not answer yet. Nothing can be written until then."
)

_CLOSED = (
    "The interview has ended and its record is signed and closed: nothing is added. "
    "What was recorded is on the interview's page."
)

log = logging.getLogger(__name__)


def utc_now() -> datetime:
    """The room's clock."""
    return datetime.now(UTC)


def versions() -> dict[str, str]:
    """Return what this room runs, for its record."""
    found = {name: version(name) for name in _DISTRIBUTIONS}
    return {
        "nbinterview": __version__,
        "engine": ENGINE_VERSION,
        "python": platform.python_version(),
        **found,
    }


def _state(state: InterviewState) -> Entry:
    return Entry("interview.state", ROOM, {"state": state})


class Room:
    """Everything that one room server holds. `start` after making, `close` last."""

    def __init__(
        self,
        env: RoomEnv,
        config: RoomConfig,
        *,
        clock: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.env = env
        self.monotonic = monotonic
        self.service = ServiceApi(env.service_api, env.interview, env.token)
        self.people = People(config, self.service, env.config_copy, monotonic=monotonic)
        self.journal = Journal(
            env.journal,
            env.interview,
            clock=clock,
            salt=lambda: secrets.token_hex(16),
            quota_bytes=env.quota_bytes,
        )
        self.journal.found = remembered(env.damage, self.journal.found)
        self.policy = Policy.from_dict(config.policy)
        self.view = View("scheduled", config.people)
        self.fanout = Fanout(self.view)
        self.sockets = OpenSockets()
        self.arrivals = Limiter(
            {"arrivals": RateLimitItemPerMinute(ARRIVALS_A_MINUTE)}, monotonic
        )
        """Of people's pages at the live socket."""
        self.refusals = AllRefusals(self.journal, monotonic=monotonic)
        self.watch = Watch(self.policy, self.journal, clock=clock)
        self.findings = Findings(self.journal)
        proof = Proof(
            self.view,
            env.interview,
            record=self.findings.put,
            clock=clock,
            monotonic=monotonic,
            random_bytes=secrets.token_bytes,
            is_full=lambda: self.journal.is_full,
        )
        self.stream = CandidateStream(
            self.journal, self.view, self.watch, proof, monotonic=monotonic
        )
        self.watching = Watching(self.journal, self.view, self.stream)
        self.trust = Trust(
            env,
            self.journal,
            self.service,
            self.fanout,
            clock=clock,
            chance=random.random,
            tell=self.hear_service,
            record=self.findings.put,
        )
        self.runs: Any = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._ended_s: float | None = None
        self._is_saying = False
        """How the interview stands is on its way to the record."""
        self._is_open = False
        """Its record is complete, as far as is known, and is written."""
        self._is_closed = False
        """The interview ended and its room stopped, before this start of it."""
        self.journal.hold(_WAITING)

    def _replay(self) -> None:
        stopped = False
        for record in self.journal.records():
            self.view.step(record)
            for part in (self.trust, self.watch, self.stream):
                part.recall(record)
            stopped = record.kind == "room.stopped"
        self._ended_s = self.stream.ended_s
        if stopped and self.view.state == "ended":
            self._is_closed = True
            self.journal.finish(_CLOSED)
        self.watch.go_on()
        self.stream.go_on()
        hearing = (self.fanout, self.watch, self.stream, self.trust)
        for hear in (one.hear for one in hearing):
            self.journal.listen(hear)

    async def start(self) -> None:
        """Go on from what is on record, and begin to watch and to ship.

        A damaged journal waits for the service, which may hold what it lost, and so
        does one of which the service said that it holds more: those numbers are used.
        Any other goes on without it.
        """
        behind = asyncio.Event()
        asking = asyncio.ensure_future(catch_up(self.journal, self.service, behind.set))
        await asyncio.wait([asking], timeout=ASK_S)
        if not asking.done() and behind.is_set():
            self._keep(self._open_later(asking))
            return
        error = asking.exception() if asking.done() else TimeoutError()
        asking.cancel()  # of a question without an answer; any other is done
        if error is not None:
            if not isinstance(error, (TimeoutError, NBInterviewError)):
                raise error
            log.warning("the service was not asked what it holds: %r", error)
            is_away = behind.is_set() and isinstance(error, Unavailable)
            if self.journal.found.detail or is_away:
                self._keep(self._open_later())
                return
        await self._open()

    async def _open_later(self, asking: asyncio.Future[int] | None = None) -> None:
        while True:
            try:
                await (asking or catch_up(self.journal, self.service))
            except NBInterviewError as error:
                asking = None
                log.warning("%s The room waits for the service.", error.detail)
                await asyncio.sleep(ASK_S)
            else:
                await self._open()
                return

    async def _open(self) -> None:
        self._replay()
        self.journal.release()
        self._is_open = True
        if self._is_closed:
            log.warning("this room's record is closed: it shows, and writes nothing")
            for running in self.trust.parts():
                self._keep(running)
            return
        payload: dict[str, Any] = {
            "versions": versions(),
            "policy": self.policy.to_dict(),
            "sandbox": {
                "provisioner": "nbinterview-bubblewrap",
                "bwrap": self.env.bwrap,
                "python": self.env.kernel_python,
            },
        }
        if self.journal.found.detail:
            payload["journal"] = self.journal.found.wire()
        begun = [Entry("room.started", ROOM, payload)]
        if not self.view.watching_said:
            begun.append(first(self.people.config.allows))
        state = self.people.config.state
        if self._comes_after(state):
            begun.append(_state(state))
        await self.journal.insist(begun)
        self.env.damage.unlink(missing_ok=True)  # it is on record now
        await self.set_state(state)
        for part in (self.watch, self.stream.proof, self.findings):
            self._keep(part.run())
        for running in self.trust.parts():
            self._keep(running)

    async def set_state(self, state: InterviewState) -> None:
        """Record that the interview opened or ended; it never goes back."""
        if state == "ended" and self._ended_s is None:
            self._ended_s = self.monotonic()
        if self._comes_after(state):
            await self.stream.flush()
            await self.journal.insist([_state(state)])

    def _comes_after(self, state: InterviewState) -> bool:
        return _ORDER.index(state) > _ORDER.index(self.view.state)

    @property
    def is_over(self) -> bool:
        """Whether the interview ended so long ago that nothing more is on its way."""
        ended_s = self._ended_s
        return ended_s is not None and self.monotonic() - ended_s > LATE_EDITS_S

    async def hear_service(self, answer: Shipped) -> None:
        """Follow how the interview stands, and put out who is no longer let in."""
        await self.people.follow(answer.people_revision)
        # Each time, not only on a change: a socket may have opened in between.
        self.sockets.put_out(self.people.stands)
        self.view.people = self.people.config.people
        # Not waited for: a disk that refuses must not keep anybody from being put out.
        if self._comes_after(answer.state) and not self._is_saying:
            self._is_saying = True
            self._keep(self._say(answer.state))

    async def _say(self, state: InterviewState) -> None:
        try:
            await self.set_state(state)
        except NotWritten:
            log.info("the room closes; not recorded: %s", state)
        finally:
            self._is_saying = False

    def welcome(self, person: Person, proof: Mapping[str, Any]) -> dict[str, Any]:
        """Return the first message to this person's page; `proof` as `Proof` says."""
        config = self.people.config
        self.view.people = config.people
        policy = summary(self.policy, self.view.watching["allows"])
        found = welcome(self.view, config, person, policy, proof)
        return {**found, **self.trust.welcome(person)}

    async def join(self, person: Person, browser: str) -> str:
        """Record that a page came; return the connection's id."""
        connection = new_id()
        self.view.people = self.people.config.people
        payload = {
            "role": person.role,
            "connection": connection,
            "browser": browser[:MAX_BROWSER_CHARS],
            "again": self.view.present(person.hub_name),
        }
        await self.journal.append("person.joined", person.hub_name, payload)
        return connection

    def leave_soon(
        self,
        person: Person,
        connection: str,
        page: PageStream,
    ) -> None:
        """Record what a page said last, that it went, and what of it was refused."""
        payload = {"role": person.role, "connection": connection}
        if not self.people.stands(person):
            payload["reason"] = "withdrawn"
        entry = Entry("person.left", person.hub_name, payload)
        self._keep(self._leave(page, entry))
        self._keep(self.refusals.of(person.hub_name).settle())

    async def _leave(self, page: PageStream, entry: Entry) -> None:
        await page.close()
        try:
            await self.journal.insist([entry])
        except NotWritten:
            log.info("the room closes; not recorded: %s", entry.kind)

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self, reason: str) -> None:
        """Write and ship what is left, for a few seconds at most."""
        # The numbers of a record that waits for its rest are not free.
        if self._is_open and not self._is_closed:
            await self._end(reason)
        for task in list(self._tasks):
            task.cancel()
        shipper = self.trust.shipper
        if not await shipper.flush(SHIP_S):
            log.warning(
                "%d records are on disk here and not yet with the service",
                self.journal.last_seq - shipper.acknowledged_seq,
            )
        await asyncio.to_thread(self.journal.close)
        await self.service.close()

    async def _end(self, reason: str) -> None:
        try:
            async with asyncio.timeout(FLUSH_S):
                await self.stream.flush()
                await self.watch.flush()
                await self.findings.flush()
                await self.refusals.close()
        except (TimeoutError, NotWritten):
            log.exception("not all that was on its way is recorded")
        stopped = Entry("room.stopped", ROOM, {"reason": reason})
        try:
            await self.trust.last_words(stopped, END_S)
        except (TimeoutError, NotWritten):
            log.exception("the room's end could not be recorded")
