"""A kernel in a pod: start, interrupt, restart, death, and the room's own restart."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbinterview_kernels.pod.client import Away, PodRefused
from tests.kernels.driver import eventually
from tests.kernels.pod_driver import PodKernel, manager
from tests.kernels.pod_service import PodService, serving


@pytest.fixture
def service(tmp_path: Path, python: str) -> Iterator[PodService]:
    """The service's three routes."""
    with serving(python, tmp_path) as found:
        yield found


@pytest.fixture
def fresh(service: PodService) -> Iterator[Callable[..., PodKernel]]:
    """Start kernels of one's own; the provisioner's settings as keywords."""
    started: list[PodKernel] = []

    def start(room: str = "a", **config: Any) -> PodKernel:
        started.append(PodKernel(service, room, **config))
        return started[-1]

    yield start
    service.away = False
    for each in started:
        each.close()


def test_a_kernel_runs_in_the_pod_and_says_where(
    service: PodService, fresh: Callable[..., PodKernel]
) -> None:
    kernel = fresh()
    assert kernel.value("say(6 * 7)") == 42
    assert kernel.manager.curve_publickey is not None
    assert kernel.provisioner.layers == {
        "pod": service.pods["a"].name,
        "egress": "denied",
        "found": False,
    }
    assert kernel.provisioner.pid is None
    assert kernel.provisioner.meter() is None


def test_the_cluster_s_variables_do_not_reach_the_kernel(
    fresh: Callable[..., PodKernel],
) -> None:
    names = fresh().value("say(sorted(os.environ))")
    found = {
        name for name in names if name.startswith(("KUBER", "NBINT", "PYTHONPATH"))
    }
    assert found == set()


def test_the_kernel_has_our_settings_of_ipython(
    fresh: Callable[..., PodKernel],
) -> None:
    where = "get_ipython().kernel.iopub_socket.io_thread.socket"
    assert fresh().value(f"say({where}.sndhwm)") == 50_000


@pytest.mark.parametrize("busy", ["while True: pass", "import time; time.sleep(60)"])
def test_interrupt_by_message(fresh: Callable[..., PodKernel], busy: str) -> None:
    kernel = fresh()
    kernel.run("kept = 41")
    request = kernel.send("print('busy', flush=True)\n" + busy)
    while kernel.client.get_iopub_msg(timeout=20)["msg_type"] != "stream":
        pass
    kernel.manager.interrupt_kernel()
    assert kernel.finish(request, 20).error.startswith("KeyboardInterrupt")
    assert kernel.value("say(kept + 1)") == 42


@pytest.mark.parametrize("now", [True, False])
def test_a_restart_is_a_fresh_pod(
    service: PodService, fresh: Callable[..., PodKernel], now: bool
) -> None:
    kernel = fresh()
    told: list[str] = []
    kernel.provisioner.relaunched = lambda: told.append("relaunched")
    kernel.run("old = 1")
    before = service.pods["a"]
    kernel.restart(now=now)
    assert kernel.run("old").error.startswith("NameError")
    after = service.pods["a"]
    assert after.name != before.name
    assert after.connection["curve_publickey"] != before.connection["curve_publickey"]
    assert before.process is not None
    assert before.process.poll() is not None
    assert told == ["relaunched"]
    assert kernel.provisioner.last_death is None


def test_the_end_removes_the_pod(
    service: PodService, fresh: Callable[..., PodKernel]
) -> None:
    kernel = fresh()
    kernel.close()
    assert service.pods == {}
    assert kernel.provisioner.last_death is None


# Deaths


@pytest.mark.parametrize(
    ("death", "words"),
    [
        ("memory", "Your code used more memory than it may."),
        ("evicted", "The machine had no room left for your kernel."),
    ],
)
def test_a_pod_that_was_ended_is_told_in_words_and_followed_by_a_fresh_one(
    service: PodService, fresh: Callable[..., PodKernel], death: str, words: str
) -> None:
    kernel = fresh()
    service.end("a", death, words)
    eventually(kernel.dead, "the death was not noticed")
    assert kernel.provisioner.last_death == death
    assert kernel.provisioner.last_words == words
    kernel.restart(now=True)
    assert kernel.value("say(1)") == 1
    assert service.made == 2


def test_exit_in_a_cell_is_a_death(fresh: Callable[..., PodKernel]) -> None:
    kernel = fresh()
    kernel.send("import os; os._exit(7)")
    eventually(kernel.dead, "the death was not noticed")
    assert kernel.provisioner.last_death == "exit code 7"


def test_a_pod_that_somebody_removed_is_a_death(
    service: PodService, fresh: Callable[..., PodKernel]
) -> None:
    kernel = fresh()
    service.remove("a")
    eventually(kernel.dead, "the removal was not noticed")
    assert kernel.provisioner.last_death == "removed"


# The room goes and comes


ROOM = """
import sys, time
from types import SimpleNamespace
from nbinterview_kernels.pod.client import Http, PodClient
from tests.kernels.pod_driver import PodKernel

url = sys.argv[1]
service = SimpleNamespace(client=lambda room: PodClient(Http(url, "token-a"), room))
kernel = PodKernel(service)
kernel.run("kept = [1, 2]")
kernel.send("import time; time.sleep(2); done = True")
print("sent", flush=True)
time.sleep(300)
"""


def test_a_room_that_was_killed_finds_its_kernel_and_its_variables(
    service: PodService, fresh: Callable[..., PodKernel]
) -> None:
    room = subprocess.Popen(
        [sys.executable, "-c", ROOM, service.url],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert room.stdout is not None
    with room:
        assert room.stdout.readline() == "sent\n"
        room.kill()
    kernel = fresh()
    assert kernel.value("say([kept, done])") == [[1, 2], True]
    assert kernel.provisioner.layers["found"] is True
    assert service.made == 1


def test_a_cell_goes_on_while_nobody_listens(
    fresh: Callable[..., PodKernel],
) -> None:
    first = fresh()
    first.send("import time; time.sleep(1); done = True")
    first.vanish()
    assert fresh().value("say(done)") is True


def test_a_room_that_stops_leaves_its_kernel_running(
    service: PodService, fresh: Callable[..., PodKernel]
) -> None:
    first = fresh()
    first.run("kept = 3")
    first.leave()
    assert "DELETE /rooms/a/kernel" not in service.asked
    assert fresh().value("say(kept)") == 3


# The service goes and comes


def test_cells_go_on_while_the_service_is_away_and_a_death_is_told_later(
    service: PodService, fresh: Callable[..., PodKernel]
) -> None:
    kernel = fresh()
    service.away = True
    with service.changed:
        service.changed.notify_all()
    assert kernel.value("say('still')") == "still"
    time.sleep(0.5)
    assert not kernel.dead()
    service.away = False
    service.end("a", "memory")
    eventually(kernel.dead, "the death was not noticed", 10)
    assert kernel.provisioner.last_death == "memory"


def test_no_start_without_the_service_and_why(service: PodService) -> None:
    service.away = True
    with pytest.raises(PodRefused, match="does not answer") as refused:
        manager(service).start_kernel()
    assert "Try again" in str(refused.value)


def test_a_refused_start_says_the_service_s_words(service: PodService) -> None:
    service.refusal = (409, "There is no room for another kernel now.")
    with pytest.raises(PodRefused, match="no room for another kernel"):
        manager(service).start_kernel()


def test_a_room_can_stop_while_the_service_is_away(
    service: PodService, fresh: Callable[..., PodKernel]
) -> None:
    kernel = fresh(remove_timeout_s=0.5)
    service.away = True
    with pytest.raises(Away):
        service.client().remove(timeout_s=0.5)
    asyncio.run(kernel.provisioner.cleanup(restart=False))
    assert not kernel.provisioner.has_process
    assert service.pods["a"].phase == "running"
