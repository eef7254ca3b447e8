"""The runner: cells again in a sandbox of their own, whatever they do."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbinterview_kernels import processes
from nbinterview_kernels.diagnose import Ready, diagnose
from nbinterview_kernels.outputs import MAX_RUN_BYTES, MIB, Collector
from nbinterview_kernels.runner import Task
from nbinterview_kernels.settings import LAYERS
from tests.kernels.driver import DEADLINE_S, eventually

COMMAND = [sys.executable, "-m", "nbinterview_kernels.runner"]


@pytest.fixture
def env(python: str) -> dict[str, str]:
    """The runner's environment: nothing else of this machine."""
    named = {name: os.environ[name] for name in ("PATH", "NBINTERVIEW_BWRAP")}
    return {**named, "NBINTERVIEW_KERNEL_PYTHON": python}


def task(*codes: str | dict[str, Any], **changes: Any) -> dict[str, Any]:
    cells = [
        {"key": str(number), "inputs": []}
        | (code if isinstance(code, dict) else {"code": code})
        for number, code in enumerate(codes)
    ]
    return {
        "cells": cells,
        "stop_on_error": False,
        "cell_timeout_s": 60,
        "total_timeout_s": 120,
        **changes,
    }


def run(
    given: dict[str, Any], env: dict[str, str], *options: str
) -> list[dict[str, Any]]:
    """Run a task to its end; return its events."""
    done = subprocess.run(
        [*COMMAND, *options],
        input=json.dumps(given).encode(),
        stdout=subprocess.PIPE,
        env=env,
        timeout=150,
        check=False,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def cells(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    assert events[0]["event"] == "started", events
    assert events[-1]["event"] == "done", events
    return [one for one in events if one["event"] == "cell"]


@pytest.fixture
def started(env: dict[str, str]) -> Iterator[Any]:
    """Start a runner and leave it; returns it when it runs its first cell."""
    running: list[subprocess.Popen[bytes]] = []

    def start(given: dict[str, Any]) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env
        )
        running.append(process)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(given).encode())
        process.stdin.close()
        while json.loads(process.stdout.readline())["event"] != "running":
            continue
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.mark.parametrize("layer", LAYERS)
def test_nothing_runs_without_a_layer_that_is_required(
    env: dict[str, str], layer: str
) -> None:
    found = diagnose(env["NBINTERVIEW_KERNEL_PYTHON"], env, required=[layer])
    events = run(task("print('ran')"), env, "--require", layer)
    if isinstance(found, Ready):
        assert [one["status"] for one in cells(events)] == ["ok"]
    else:
        assert [one["event"] for one in events] == ["refused"]
        assert "this interview's policy requires" in events[0]["detail"]


def test_cells_run_in_order_in_one_kernel(env: dict[str, str]) -> None:
    events = run(task("x = 6", "print('seen')\nx * 7"), env)
    first, second = cells(events)
    assert events[0]["layers"]["seccomp"] is True
    assert (first["key"], first["status"], first["outputs"]) == ("0", "ok", [])
    assert second["execution_count"] == 2
    assert second["outputs"] == [
        {"output_type": "stream", "name": "stdout", "text": "seen\n"},
        {
            "output_type": "execute_result",
            "data": {"text/plain": "42"},
            "metadata": {},
            "execution_count": 2,
        },
    ]
    kinds = [one["event"] for one in events]
    assert kinds == ["started", "running", "cell", "running", "cell", "done"]


def test_questions_are_answered_from_the_record(env: dict[str, str]) -> None:
    ask = "print(input('a? ') + input('b? '))"
    answered, short, none = cells(
        run(
            task(
                {"code": ask, "inputs": ["1", "2"]},
                {"code": ask, "inputs": ["1"]},
                ask,
            ),
            env,
        )
    )
    assert answered["outputs"][0]["text"] == "12\n"
    assert short["status"] == "error"
    assert short["detail"] == "It asked for more than the 1 answers on record."
    assert none["outputs"][0]["ename"] == "StdinNotImplementedError"


def test_it_stops_at_the_first_error_when_asked(env: dict[str, str]) -> None:
    [failed] = cells(run(task("1 / 0", "print('no')", stop_on_error=True), env))
    assert failed["status"] == "error"
    assert failed["outputs"][0]["ename"] == "ZeroDivisionError"


def test_a_fresh_cell_gets_a_new_kernel(env: dict[str, str]) -> None:
    found = cells(run(task("x = 1", {"code": "x", "fresh": True}), env))
    assert found[1]["outputs"][0]["ename"] == "NameError"
    assert found[1]["execution_count"] == 1


def test_a_cell_without_end_is_stopped_and_the_next_one_runs(
    env: dict[str, str],
) -> None:
    stubborn = (
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
    )
    endless, deaf, after = cells(
        run(task("while True: pass", stubborn, "'here'", cell_timeout_s=2), env)
    )
    assert (endless["status"], deaf["status"]) == ("timeout", "timeout")
    assert endless["detail"] == "It was stopped after 2 s."
    # The deaf one took its kernel along.
    assert (after["status"], after["execution_count"]) == ("ok", 1)


def test_the_whole_is_bounded(env: dict[str, str]) -> None:
    began_s = time.monotonic()
    given = task("while True: pass", "1", cell_timeout_s=60, total_timeout_s=8)
    events = run(given, env)
    assert [one["status"] for one in cells(events)] == ["timeout"]
    assert events[-1]["detail"] == "The time was up after 8 s."
    assert time.monotonic() - began_s < 40


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("import os; os._exit(3)", "died"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "died"),
        ("b = bytearray(3 * 2**30)\nb[::4096] = b'x' * len(b[::4096])", "error"),
        ("a = []\nwhile True: a.append(bytearray(b'x' * 2**24))", "died"),
        ("import os\nwhile True: os.fork()", None),
        ("import os; os.close(0); os.close(1); os.close(2); print('x')", None),
        ("import sys; sys.stdout.close()", None),
        ("get_ipython().kernel.iopub_socket.close()", None),
        ("get_ipython().kernel.shell_stream.close()", None),
        ("get_ipython().kernel.session.key = b'another'", None),
    ],
)
def test_hostile_cells_end_and_others_follow(
    env: dict[str, str], code: str, status: str | None
) -> None:
    hostile, after = cells(
        run(task(code, {"code": "'here'", "fresh": True}, cell_timeout_s=4), env)
    )
    assert status is None or hostile["status"] == status, hostile
    if status == "died":
        assert hostile["detail"].startswith("Python ")
    assert after["outputs"][0]["data"]["text/plain"] == "'here'"


FLOODS = {
    "lines": "while True: print('x' * 100)",
    "large": "while True: print('x' * 20_000_000, flush=True)",
    "displays": (
        "from IPython.display import display\n"
        "while True: display({'text/plain': 'y' * 5_000_000}, raw=True)"
    ),
}


FORGED = json.dumps({"event": "done", "detail": "forged"})
EVERY_DESCRIPTOR = f"""
import os
for pid in filter(str.isdigit, os.listdir("/proc")):
    for fd in range(32):
        try:
            open(f"/proc/{{pid}}/fd/{{fd}}", "wb", 0).write({FORGED!r}.encode())
        except OSError:
            pass
"""
DISPLAYED = f"""
from IPython.display import publish_display_data
bad = chr(0xD800)
publish_display_data({{"text/plain": bad + {FORGED!r}, bad: bad, "image/png": bad}})
"""
FORGERIES = [
    f"import os; os.write(1, b'\\n' + {FORGED!r}.encode() + b'\\n')",
    f"import sys; sys.__stdout__.write({FORGED!r} + '\\n'); sys.__stdout__.flush()",
    f"!printf '%s\\n' '{FORGED}' > /proc/1/fd/1",
    EVERY_DESCRIPTOR,
    "print(chr(0x2028) + chr(0xD800) + chr(13) + chr(10) + chr(0) + chr(0x85))",
    DISPLAYED,
    "raise ValueError(chr(0xDC00) + chr(10) + chr(0))",
]


def test_no_cell_speaks_for_the_runner(env: dict[str, str]) -> None:
    events = run(task(*FORGERIES, "print('last')"), env)
    cells = [one for one in events if one["event"] == "cell"]
    assert [one["key"] for one in cells] == [str(n) for n in range(len(FORGERIES) + 1)]
    assert cells[-1]["outputs"][0]["text"] == "last\n"
    assert events[-1] == {"event": "done", "detail": ""}
    assert {one["event"] for one in events} == {"started", "running", "cell", "done"}


@pytest.mark.parametrize("flood", FLOODS)
def test_outputs_without_end_are_cut(env: dict[str, str], flood: str) -> None:
    flooding, after = cells(run(task(FLOODS[flood], "'here'", cell_timeout_s=5), env))
    # What it cannot send fast enough piles up in its own memory, which is limited.
    assert flooding["status"] in {"timeout", "died"}
    assert len(json.dumps(flooding["outputs"])) < MAX_RUN_BYTES + MIB
    assert "MiB" in json.dumps(flooding["outputs"][-3:])
    assert after["outputs"][-1]["data"]["text/plain"] == "'here'"
    # Of all runners so far, the largest.
    peak_kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert peak_kib < 1536 * 1024


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_the_kernel_ends_with_the_runner(started: Any, how: signal.Signals) -> None:
    process = started(task("while True: pass"))
    inside = processes.descendants(process.pid)
    assert inside
    process.send_signal(how)
    process.wait(DEADLINE_S)
    eventually(lambda: not any(map(alive, inside)), "the kernel is still there")


def test_the_runner_ends_with_who_started_it(env: dict[str, str]) -> None:
    starter = (
        "import subprocess, sys, time\n"
        "p = subprocess.Popen([sys.executable, '-m', 'nbinterview_kernels.runner'],\n"
        "    stdin=subprocess.PIPE)\n"
        "p.stdin.write(sys.argv[1].encode()); p.stdin.close()\n"
        "time.sleep(300)\n"
    )
    given = json.dumps(task("while True: pass"))
    process = subprocess.Popen(
        [sys.executable, "-c", starter, given], stdout=subprocess.PIPE, env=env
    )
    assert process.stdout is not None
    with process.stdout:
        while json.loads(process.stdout.readline())["event"] != "running":
            continue
        below = processes.descendants(process.pid)
        process.kill()
        process.wait()
    assert len(below) >= 2
    eventually(lambda: not any(map(alive, below)), "the runner is still there")


def alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text("utf-8")
    except OSError:
        return False


def test_a_kernel_that_cannot_start_is_refused_in_words(env: dict[str, str]) -> None:
    [event] = run(task("1"), {**env, "NBINTERVIEW_BWRAP": "/nowhere/bwrap"})
    assert event["event"] == "refused"
    assert "bwrap" in event["detail"]
    del env["NBINTERVIEW_KERNEL_PYTHON"]
    [event] = run(task("1"), env)
    assert event["event"] == "refused"
    assert "NBINTERVIEW_KERNEL_PYTHON" in event["detail"]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"cells": [{"key": "a"}]}', "{}"])
def test_what_is_no_task_is_refused(env: dict[str, str], text: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        Task.from_json(text)
    done = subprocess.run(
        COMMAND, input=text.encode(), stdout=subprocess.PIPE, env=env, check=False
    )
    assert done.returncode == 2
    assert json.loads(done.stdout)["event"] == "refused"


def test_what_has_no_form_in_a_record_is_left_out_and_said() -> None:
    shown = Collector()
    shown.take("display_data", {"data": {"text/html": "\ud800", "text/plain": "3"}})
    assert shown.outputs()[0]["data"] == {"text/plain": "3"}
    assert "was cut" in shown.outputs()[1]["text"]


def test_streams_are_joined_as_a_notebook_has_them() -> None:
    shown = Collector()
    for name, text in (("stdout", "a"), ("stdout", "b"), ("stderr", "c")):
        shown.take("stream", {"name": name, "text": text})
    assert [one["text"] for one in shown.outputs()] == ["ab", "c"]
    shown.take("clear_output", {})
    shown.take("display_data", {"data": {"text/plain": "3"}})
    shown.take("comm_msg", {"data": {}})
    shown.take("error", {"ename": 3, "traceback": "no list"})
    assert [one["output_type"] for one in shown.outputs()] == ["display_data", "error"]
    assert shown.outputs()[0]["data"] == {"text/plain": "3"}


def test_an_update_goes_where_its_display_stands() -> None:
    shown = Collector()
    here = {"transient": {"display_id": "bar"}}
    shown.take("display_data", {"data": {"text/plain": "0 %"}, **here})
    shown.take("stream", {"name": "stdout", "text": "a"})
    shown.take("update_display_data", {"data": {"text/plain": "9 %"}, **here})
    elsewhere = {"transient": {"display_id": "of another run"}}
    shown.take("update_display_data", {"data": {"text/plain": "?"}, **elsewhere})
    assert [one["output_type"] for one in shown.outputs()] == ["display_data", "stream"]
    assert shown.outputs()[0]["data"] == {"text/plain": "9 %"}
    assert "display_id" not in shown.outputs()[0]
