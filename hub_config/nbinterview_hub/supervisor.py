"""`nbinterview up`: proxy, hub, service and report, started, watched and stopped.

None of the four is another's child, so each can be restarted without the others.
Rooms are started by the hub and outlive its restart; only stopping the whole
platform ends them.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import httpx

from nbinterview.cli import Service
from nbinterview.errors import NBInterviewError, Unavailable
from nbinterview.home import REPORT_PREFIX, SERVICE_PREFIX, Addresses, Home, Setup
from nbinterview_hub import ports, sample
from nbinterview_hub.parts import programs
from nbinterview_hub.processes import (
    Child,
    Program,
    become_subreaper,
    descendants,
    reap_orphans,
    signal_all,
    sweep,
)

START_TIMEOUT_S = 120.0
POLL_S = 0.15
# A program that failed so often before the platform was ever up will not come up.
START_FAILURES = 3
ROOMS_GRACE_S = 30.0
GRACE_S = 10.0
LOGS_KEPT = 3

Say = Callable[[str], None]


class Supervisor:
    """One platform while it runs."""

    def __init__(
        self, home: Home, addresses: Addresses, programs: Sequence[Program], say: Say
    ) -> None:
        self.home = home
        self.addresses = addresses
        self.say = say
        self.children = {
            program.name: Child(
                program, say, self._reroute if program.name == "proxy" else _nothing
            )
            for program in programs
        }
        self._tasks: set[asyncio.Task[None]] = set()
        self._client = httpx.AsyncClient(
            timeout=5, trust_env=False, follow_redirects=False
        )

    @property
    def pids(self) -> set[int]:
        """The parts' own processes."""
        return {child.pid for child in self.children.values() if child.pid}

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def start(self) -> None:
        """Start all parts and return when people can use them."""
        for child in self.children.values():
            self._spawn(child.run())
        deadline = asyncio.get_running_loop().time() + START_TIMEOUT_S
        waiting = list(self.checks())
        while waiting:
            waiting = [
                (name, check) for name, check in waiting if not await self._well(check)
            ]
            for child in self.children.values():
                if child.failures >= START_FAILURES:
                    raise Unavailable(_will_not_start(child.program))
            if waiting and asyncio.get_running_loop().time() > deadline:
                name = waiting[0][0]
                raise Unavailable(
                    f"The {name} did not answer within {START_TIMEOUT_S:g} s. "
                    f"Its log: {self.children[name].program.log}"
                )
            if waiting:
                await asyncio.sleep(POLL_S)

    def checks(self) -> Sequence[tuple[str, httpx.Request]]:
        """Return who must answer: each part, and each through the proxy, by host."""
        addresses, ask = self.addresses, self._client.build_request
        public = f"http://127.0.0.1:{addresses.port}"

        def by_host(url: str, path: str) -> httpx.Request:
            # Python's resolver does not know `*.localhost`.
            return ask("GET", public + path, headers={"Host": urlsplit(url).netloc})

        return [
            ("service", ask("GET", f"{addresses.service_api}/health")),
            ("hub", ask("GET", f"{addresses.hub_api}/health")),
            ("hub", by_host(addresses.public_url, "/hub/health")),
            (
                "service",
                by_host(addresses.service_url, f"{SERVICE_PREFIX}api/v1/health"),
            ),
            ("report", by_host(addresses.report_url, REPORT_PREFIX)),
        ]

    async def _well(self, request: httpx.Request) -> bool:
        try:
            response = await self._client.send(request)
        except httpx.TransportError:
            return False
        # A redirect to the sign-in is health as well; 404 is a missing route.
        return response.status_code < httpx.codes.BAD_REQUEST or (
            response.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}
        )

    def _reroute(self) -> None:
        """Have the hub fill a restarted proxy, which has lost its routes."""
        self._spawn(self._reroute_until_done())

    async def _reroute_until_done(self) -> None:
        while not await self._hub_does("/proxy"):  # noqa: ASYNC110 - another process
            await asyncio.sleep(POLL_S)

    async def _hub_does(self, path: str, body: Mapping[str, Any] | None = None) -> bool:
        token = self.home.secret("supervisor_token")
        try:
            response = await self._client.post(
                self.addresses.hub_api + path,
                headers={"Authorization": f"token {token}"},
                json=body,
            )
        except httpx.TransportError:
            return False
        return response.is_success

    async def stop(self) -> None:
        """Stop rooms, then the parts, then whatever is left below this process."""
        for child in self.children.values():
            child.release()
        hub = self.children["hub"]
        if await self._hub_does("/shutdown", {"servers": True, "proxy": False}):
            await hub.ended(grace_s=ROOMS_GRACE_S)
        else:
            await hub.stop(grace_s=GRACE_S)
        # Rooms that a restarted or broken hub did not know.
        await sweep(apart_from=self.pids, grace_s=GRACE_S)
        for name in ("service", "report"):
            await self.children[name].stop(grace_s=GRACE_S)
        await self.children["proxy"].stop(grace_s=GRACE_S)
        await sweep(apart_from=(), grace_s=GRACE_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()


def _nothing() -> None:
    """Do nothing when a part other than the proxy was restarted."""


def _will_not_start(program: Program) -> str:
    last = program.log.read_text("utf-8", errors="replace").splitlines()[-12:]
    return "\n".join(
        (f"The {program.name} does not start. The end of {program.log}:", *last)
    )


def rotate_logs(logs: Path) -> None:
    """Number the last run's logs; keep `LOGS_KEPT` of each."""
    for log in sorted(logs.glob("*.log")):
        for number in range(LOGS_KEPT - 1, 0, -1):
            older = log.with_name(f"{log.name}.{number}")
            if older.exists():
                older.replace(log.with_name(f"{log.name}.{number + 1}"))
        log.replace(log.with_name(f"{log.name}.1"))


def write_whole(path: Path, text: str) -> None:
    """Write so that readers see the old file or the new one, never a part."""
    draft = path.with_name(path.name + ".new")
    draft.write_text(text, "utf-8")
    draft.replace(path)


@contextmanager
def only_one(home: Home) -> Iterator[None]:
    """Hold the home's lock, or refuse: two supervisors would fight over it."""
    with (home.path / "lock").open("a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Unavailable(_already_running(home, lock)) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _already_running(home: Home, lock: IO[str]) -> str:
    lock.seek(0)
    previous = ports.previous_run(home.path / "run.json")
    where = f" at {previous.public_url}/" if previous else ""
    return (
        f"nbinterview is already running{where} (process {lock.read() or '?'}) "
        f"with the state in {home.path}."
    )


@dataclass(frozen=True)
class Announcement:
    """What happens once people can use the platform."""

    say: Say
    ready_file: Path | None = None
    sample: bool = False

    async def make(self, supervisor: Supervisor) -> None:
        """Say where the platform is, and prepare the sample if it is asked for."""
        url = f"{supervisor.addresses.public_url}/"
        self.say(
            f"nbinterview is ready at {url} "
            f"(state in {supervisor.home.path}; Ctrl-C stops it)"
        )
        if self.sample:
            await self._show_sample(supervisor.home, supervisor.addresses)
        if self.ready_file is not None:
            write_whole(self.ready_file, url + "\n")

    async def _show_sample(self, home: Home, addresses: Addresses) -> None:
        service = Service(addresses.service_api, home.secret("operator_token"))
        try:
            for line in await asyncio.to_thread(
                sample.lines, service, addresses.public_url, home.path / "sample.json"
            ):
                self.say(line)
        except NBInterviewError as error:
            self.say(f"The sample could not be made: {error.detail}")


async def supervise(supervisor: Supervisor, announcement: Announcement) -> None:
    """Run a platform until a signal comes, or raise when it does not start."""
    loop = asyncio.get_running_loop()
    stop_asked = asyncio.Event()

    def on_signal() -> None:
        if stop_asked.is_set():
            supervisor.say("Stopping at once.")
            signal_all(descendants(), signal.SIGKILL)
        else:
            supervisor.say("Stopping. Press Ctrl-C again to stop at once.")
            stop_asked.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, on_signal)
    loop.add_signal_handler(signal.SIGCHLD, lambda: reap_orphans(supervisor.pids))

    async def live() -> None:
        await supervisor.start()
        await announcement.make(supervisor)
        await stop_asked.wait()

    living = asyncio.ensure_future(live())
    stopping = asyncio.ensure_future(stop_asked.wait())
    try:
        await asyncio.wait({living, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if living.done():
            living.result()
    finally:
        stop_asked.set()
        living.cancel()
        await asyncio.wait({living, stopping})
        await supervisor.stop()


def up(env: Mapping[str, str], announcement: Announcement) -> None:
    """Run the platform that the environment names until it is stopped.

    Raises `Unavailable`, with words for the person, when it cannot start.
    """
    setup, home = Setup.from_env(env), Home.from_env(env)
    port = ports.public_port(env)
    home.make()
    run_file = home.path / "run.json"
    announced = [run_file, *filter(None, [announcement.ready_file])]
    with only_one(home):
        addresses = ports.choose(port, ports.previous_run(run_file))
        rotate_logs(home.path / "logs")
        run = {"ports": addresses.env(), "pid": os.getpid()}
        write_whole(run_file, json.dumps(run) + "\n")
        parts = programs(home, addresses, setup, env)
        become_subreaper()
        try:
            asyncio.run(_run(home, addresses, parts, announcement))
        finally:
            for path in announced:
                path.unlink(missing_ok=True)


async def _run(
    home: Home,
    addresses: Addresses,
    parts: Sequence[Program],
    announcement: Announcement,
) -> None:
    # Made here: its client and events belong to the running loop.
    supervisor = Supervisor(home, addresses, parts, announcement.say)
    await supervise(supervisor, announcement)


def main(argv: Sequence[str] | None = None) -> int:
    """`nbinterview up`: return the exit code."""
    parser = argparse.ArgumentParser(
        prog="nbinterview up", description="Run the platform until Ctrl-C."
    )
    parser.add_argument(
        "--ready-file",
        type=Path,
        metavar="PATH",
        help="write the public address here when everything answers",
    )
    parser.add_argument(
        "--sample",
        action="store_true",
        help="make a sample interview if there is none, and print its links",
    )
    options = parser.parse_args(argv)
    announcement = Announcement(_print, options.ready_file, options.sample)
    try:
        up(os.environ, announcement)
    except NBInterviewError as error:
        print(error.detail, file=sys.stderr, flush=True)
        return 1
    return 0


def _print(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
