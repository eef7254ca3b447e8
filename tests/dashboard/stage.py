"""The real platform for the report's tests: proxy, hub, service and report.

No room is started: the records of a room that ran before are sent to the service
as that room would send them.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

from nbinterview.home import Addresses, Home
from nbinterview.ledger.records import Record
from nbinterview.service.domain.ledger import MAX_BATCH_RECORDS
from nbinterview.tokens import room_token
from tests.dashboard.recording import record_interview, template

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]


def wait_for(what: str, ask: Callable[[], T | None], *, timeout_s: float) -> T:
    """Return the first truthy answer of `ask`, or fail."""
    deadline = time.monotonic() + timeout_s
    while True:
        answer = ask()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"waited {timeout_s:g} s for {what}"
        time.sleep(0.1)


@dataclass(frozen=True)
class Made:
    """One interview and everybody's way in."""

    id: str
    candidate: str
    interviewer: str
    reviewer: str
    links: dict[str, str]


@dataclass
class Stage:
    """The running platform, and how to put interviews on it."""

    process: subprocess.Popen[bytes]
    home: Home
    addresses: Addresses

    @property
    def report_url(self) -> str:
        """The report's address in the browser."""
        return self.addresses.report_url

    def report_of(self, interview_id: str) -> str:
        """The address of one interview's report."""
        return f"{self.report_url}?interview={interview_id}"

    def report_process(self) -> psutil.Process:
        """The report's web server."""
        for child in psutil.Process(self.process.pid).children():
            if "nbinterview.report" in child.cmdline():
                return child
        raise AssertionError("the report does not run")

    def make(self, *, title: str, candidate: str, interviewer: str) -> Made:
        """Make an interview over the service's REST."""
        answer = httpx.post(
            f"{self.addresses.service_api}/interviews",
            headers=self._operator(),
            json={
                "template": template(),
                "title": title,
                "candidate": candidate,
                "interviewers": [interviewer],
                "reviewer": "Rita Reviewer",
                "policy": "standard",
            },
            timeout=20,
            trust_env=False,
        )
        assert answer.status_code == 201, answer.text
        made = answer.json()
        people = {i["role"]: i["person"]["hub_name"] for i in made["invitations"]}
        links = {i["role"]: i["url"] for i in made["invitations"]}
        return Made(made["interview"]["id"], links=links, **people)

    def ship(self, made: Made, notebook: dict[str, Any] | None = None) -> list[Record]:
        """Send an interview's records as its room would; return them."""
        records, _ = record_interview(
            made.id, made.candidate, made.interviewer, notebook
        )
        token = room_token(self.home.secret("room_key"), made.id)
        wire = [record.wire() for record in records]
        for start in range(0, len(wire), MAX_BATCH_RECORDS):
            answer = httpx.post(
                f"{self.addresses.service_api}/rooms/{made.id}/records",
                headers={"Authorization": f"Bearer {token}"},
                json={"records": wire[start : start + MAX_BATCH_RECORDS]},
                timeout=20,
                trust_env=False,
            )
            assert answer.is_success, answer.text
        return records

    def _operator(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.home.secret('operator_token')}"}


@contextmanager
def stage(directory: Path) -> Iterator[Stage]:
    """Run the platform in a directory; nothing may stay behind."""
    setup = os.environ.get("NBINTERVIEW_SETUP", "")
    assert setup, "NBINTERVIEW_SETUP names no setup.json: run ./test, or set it"
    hub_python = json.loads(Path(setup).read_text("utf-8"))["hub_python"]
    ready, log = directory / "ready", directory / "up.log"
    home = Home(directory / "home")
    env = {
        **os.environ,
        "NBINTERVIEW_SETUP": setup,
        "NBINTERVIEW_HOME": str(home.path),
        "NBINTERVIEW_PORT": str(_free_port()),
        "CANARY_SECRET": "canary-of-the-environment",
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [hub_python, "-m", "nbinterview_hub.supervisor", "--ready-file", ready],
            env=env,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
        )

    def is_ready() -> bool:
        assert process.poll() is None, log.read_text("utf-8")
        return ready.exists()

    family: list[psutil.Process] = []
    try:
        wait_for("the platform", is_ready, timeout_s=120)
        run = json.loads((home.path / "run.json").read_text("utf-8"))
        yield Stage(process, home, Addresses.from_env(run["ports"]))
    finally:
        if process.poll() is None:
            family = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(signal.SIGINT)
            process.wait(60)
        _, alive = psutil.wait_procs(family, timeout=3)
        for left in alive:
            left.kill()
    assert not alive, f"still running: {alive}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
