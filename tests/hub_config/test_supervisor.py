"""`nbinterview up` with all of its real parts, and a real room."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from nbinterview.home import Addresses, Home
from nbinterview.ids import room_name
from nbinterview_hub import ports
from nbinterview_hub.sample import samples
from tests.hub_config.browser import Browser
from tests.hub_config.local_platform import setup, wait_until
from tests.ports import free_port

LINK = re.compile(r"http://\S+token=\S+")
PARTS = ("proxy", "service", "report", "hub")
HOW = {
    "proxy": "configurable-http-proxy",
    "service": "nbinterview.service",
    "report": "nbinterview.report",
    "hub": "jupyterhub_config.py",
}


@dataclass
class Up:
    """One `nbinterview up`."""

    process: subprocess.Popen[str]
    home: Home
    env: dict[str, str]
    output: Path

    @property
    def addresses(self) -> Addresses:
        return Addresses.from_env(
            json.loads((self.home.path / "run.json").read_text())["ports"]
        )

    def said(self) -> str:
        return self.output.read_text()

    def part(self, name: str) -> psutil.Process:
        """Return the process of one of the four parts."""
        [found] = [
            each
            for each in psutil.Process(self.process.pid).children()
            if HOW[name] in " ".join(each.cmdline())
        ]
        return found

    def cli(self, *arguments: str) -> Any:
        """Ask the platform as its operator."""
        run = subprocess.run(
            [sys.executable, "-m", "nbinterview.cli", *arguments, "--json"],
            env=self.env,
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(run.stdout)

    def asks(self, host: str, path: str) -> int:
        """Return the public answer's status for a host below localhost."""
        port = self.env["NBINTERVIEW_PORT"]
        try:
            return httpx.get(
                f"http://127.0.0.1:{port}{path}",
                headers={"Host": f"{host}:{port}"},
                trust_env=False,
                timeout=10,
            ).status_code
        except httpx.TransportError:
            return 0

    def room_answers(self, interview_id: str) -> bool:
        room = room_name(interview_id)
        return self.asks(f"{room}.localhost", f"/user/{room}/api") == 200


def environment(path: Path, port: int) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "TMPDIR": str(path),
        "NBINTERVIEW_SETUP": os.environ["NBINTERVIEW_SETUP"],
        "NBINTERVIEW_HOME": str(path / "home"),
        "NBINTERVIEW_PORT": str(port),
    }


@contextmanager
def up(path: Path, port: int, *options: str) -> Iterator[Up]:
    """Start a platform, wait until it is ready, and end whatever is left of it."""
    setup()
    env = environment(path, port)
    output, ready = path / "output", path / "ready"
    ready.unlink(missing_ok=True)  # a killed platform leaves it
    with output.open("w") as writing:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "nbinterview.cli", "up"),
                *("--ready-file", str(ready), *options),
            ],
            env=env,
            stdout=writing,
            stderr=writing,
            stdin=subprocess.DEVNULL,
            text=True,
        )
    running = Up(process, Home(path / "home"), env, output)
    try:
        wait_until(lambda: ready.exists() or process.poll() is not None, timeout_s=120)
        assert process.poll() is None, running.said()
        yield running
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def relatives(running: Up) -> list[psutil.Process]:
    return psutil.Process(running.process.pid).children(recursive=True)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with up(tmp_path_factory.mktemp("up"), free_port(), "--sample") as found:
        yield found


@pytest.fixture(scope="module")
def interview(running: Up) -> str:
    """The sample interview, with the room that was started for it."""
    known = running.cli("interview", "list")
    interview_id: str
    [interview_id] = [item["id"] for item in known if not item["sample"]]
    wait_until(lambda: running.room_answers(interview_id))
    return interview_id


def room_process(running: Up, interview_id: str) -> psutil.Process:
    [found] = [
        each
        for each in relatives(running)
        if each.environ().get("NBINTERVIEW_INTERVIEW") == interview_id
    ]
    return found


def test_it_says_where_it_is_and_how_to_try_it(running: Up) -> None:
    said = running.said()
    url = running.addresses.public_url
    assert f"nbinterview is ready at {url}/" in said
    for role in ("interviewer", "candidate", "reviewer"):
        assert f"  {role} " in said
    assert said.count(f"{url}/hub/invitation?token=") == 3
    assert "private window" in said
    run = json.loads((running.home.path / "run.json").read_text())
    assert run["pid"] == running.process.pid
    assert run["ports"]["NBINTERVIEW_PORT"] == running.env["NBINTERVIEW_PORT"]


def test_every_part_answers_by_its_host(running: Up) -> None:
    assert running.asks("localhost", "/hub/login") == 200
    api = "/services/nbinterview/api/v1/health"
    assert running.asks("nbinterview--service.localhost", api) == 200
    assert running.asks("report--service.localhost", "/services/report/") in {302, 403}
    # One host's paths are not another's.
    assert running.asks("report--service.localhost", api) not in {200, 0}


def test_no_part_is_anothers_child_and_no_secret_is_in_an_argument(running: Up) -> None:
    parents = {running.part(name).ppid() for name in PARTS}
    assert parents == {running.process.pid}
    kept = (running.home.path / "secrets").rglob("*")
    secrets = [path.read_text() for path in kept if path.is_file()]
    words = " ".join(word for each in relatives(running) for word in each.cmdline())
    assert secrets
    assert not [secret for secret in secrets if secret in words]


def test_a_second_supervisor_is_refused(running: Up, tmp_path: Path) -> None:
    for env, reason in (
        ({**running.env, "NBINTERVIEW_PORT": str(free_port())}, "already running at"),
        (environment(tmp_path, running.addresses.port), "is taken by another program"),
        (environment(tmp_path, 0), "must be a port number"),
        ({**environment(tmp_path, 1), "NBINTERVIEW_SETUP": ""}, "Run ./run"),
    ):
        refused = subprocess.run(
            [sys.executable, "-m", "nbinterview.cli", "up"],
            env=env,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert refused.returncode == 1
        assert reason in refused.stderr
        assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize("name", PARTS)
def test_a_killed_part_comes_back_and_the_room_stays(
    running: Up, interview: str, name: str
) -> None:
    room, part = room_process(running, interview).pid, running.part(name)
    part.kill()
    wait_until(lambda: f"The {name} stopped (signal 9)" in running.said())
    wait_until(lambda: running.asks("localhost", "/hub/login") == 200)
    api = "/services/nbinterview/api/v1/health"
    wait_until(lambda: running.asks("nbinterview--service.localhost", api) == 200)
    wait_until(
        lambda: (
            running.asks("report--service.localhost", "/services/report/") in {302, 403}
        )
    )
    wait_until(lambda: running.room_answers(interview))
    assert running.part(name).pid != part.pid
    assert room_process(running, interview).pid == room


def test_a_reload_opens_a_room_that_died_and_says_when_all_is_over(
    running: Up,
) -> None:
    made = running.cli(
        *("interview", "create", "--start", "--interviewer", "Grace Hopper"),
        *("--template", str(samples() / "interview.ipynb"), "--candidate", "Ada"),
        *("--policy", "standard"),
    )
    wait_until(lambda: running.room_answers(made["id"]))
    browser = Browser()
    inside = browser.press_button(browser.open(made["links"]["candidate"]))
    assert inside.url.startswith(running.addresses.origin(room_name(made["id"])))
    assert inside.status == 200

    dead = room_process(running, made["id"])
    dead.kill()
    # The hub looks after its rooms every few seconds.
    wait_until(lambda: browser.open(inside.url).status == 424)
    enter = browser.open(inside.url).leads_on_to()
    assert enter is not None
    assert "Your room is starting" in browser.open(enter).words()
    wait_until(lambda: browser.open(enter).url == inside.url)
    assert browser.open(inside.url).status == 200
    assert room_process(running, made["id"]).pid != dead.pid

    running.cli("interview", "end", made["id"])
    wait_until(lambda: browser.open(inside.url).status == 424)
    over = browser.open(browser.open(inside.url).leads_on_to() or "")
    assert (over.status, over.url) == (200, enter)
    assert "The interview has ended" in over.words()


def test_ctrl_c_leaves_nothing_behind(running: Up, interview: str) -> None:
    family = relatives(running)
    assert room_process(running, interview) in family
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(60) == 0
    assert [each for each in family if each.is_running()] == []
    assert not (running.home.path / "run.json").exists()
    assert "Stopping. Press Ctrl-C again to stop at once." in running.said()


def test_a_killed_supervisor_takes_its_parts_along_and_finds_its_rooms_again(
    tmp_path: Path,
) -> None:
    port = free_port()
    with up(tmp_path, port, "--sample") as first:
        known = first.cli("interview", "list")
        [interview_id] = [item["id"] for item in known if not item["sample"]]
        wait_until(lambda: first.room_answers(interview_id))
        room = room_process(first, interview_id)
        parts = [first.part(name) for name in PARTS]
        before, links = first.addresses, LINK.findall(first.said())
        first.process.kill()
        first.process.wait(10)
        psutil.wait_procs(parts, timeout=20)
        assert [each for each in parts if each.is_running()] == []
        assert room.is_running()
    with up(tmp_path, port, "--sample") as second:
        assert second.addresses == before
        wait_until(lambda: second.room_answers(interview_id))
        assert len(second.cli("interview", "list")) == len(known)
        assert LINK.findall(second.said()) == links
        family = relatives(second)
        second.process.send_signal(signal.SIGTERM)
        assert second.process.wait(60) == 0
        assert [each for each in [*family, room] if each.is_running()] == []


def test_a_second_ctrl_c_stops_at_once(tmp_path: Path) -> None:
    with up(tmp_path, free_port()) as running:
        family = relatives(running)
        stuck = running.part("hub")
        stuck.suspend()
        running.process.send_signal(signal.SIGINT)
        wait_until(lambda: "Ctrl-C again" in running.said())
        assert running.process.poll() is None
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(10) == 0
        assert [each for each in family if each.is_running()] == []


def test_a_part_that_cannot_start_is_named_with_its_last_words(tmp_path: Path) -> None:
    broken = tmp_path / "setup.json"
    found = json.loads(Path(os.environ["NBINTERVIEW_SETUP"]).read_text())
    broken.write_text(json.dumps({**found, "report_python": "/bin/false"}))
    env = {**environment(tmp_path, free_port()), "NBINTERVIEW_SETUP": str(broken)}
    run = subprocess.run(
        [sys.executable, "-m", "nbinterview.cli", "up"],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 1
    assert "The report does not start" in run.stderr
    assert ports.previous_run(tmp_path / "home" / "run.json") is None
