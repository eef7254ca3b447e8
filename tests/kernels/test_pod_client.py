"""What the room makes of the service's answers, and what the pod's own start checks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbinterview_kernels.pod import client, entry
from nbinterview_kernels.pod.client import Answer, Away, PodClient, PodRefused
from nbinterview_kernels.pod.provisioner import exit_code
from tests.kernels.pod_service import new_connection

CURVE = {"curve_publickey": "p" * 40, "curve_secretkey": "s" * 40}
CONNECTION = {
    **dict(zip(client.PORTS, range(5001, 5006), strict=True)),
    **CURVE,
    "key": "k",
}
STARTED = {
    "pod": "kernel-x-abcde",
    "address": "192.0.2.7",
    "connection": CONNECTION,
    "since": "2026-11-23T12:00:00Z",
    "fresh": True,
    "isolation": {"egress": "denied"},
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def asking(answer: Answer | None, seen: list[Any] | None = None) -> PodClient:
    """Return a client that is answered so; None: by nobody."""

    def send(method: str, path: str, body: bytes | None, timeout_s: float) -> Answer:
        if seen is not None:
            seen.append((method, path, body))
        if answer is None:
            raise Away("nobody")
        return answer

    return PodClient(send, "an id")


def problem(status: int, detail: str) -> Answer:
    """Return the service's refusal."""
    return Answer(status, json.dumps({"title": "No", "detail": detail}).encode())


def test_a_start_is_read_as_jupyter_client_takes_it() -> None:
    seen: list[Any] = []
    found = asking(Answer(201, json.dumps(STARTED).encode()), seen).start(
        fresh=True, timeout_s=1
    )
    assert seen == [("POST", "/rooms/an%20id/kernel", b'{"fresh": true}')]
    assert (found.pod, found.fresh, found.egress) == ("kernel-x-abcde", True, "denied")
    assert found.connection == {
        **CONNECTION,
        "ip": "192.0.2.7",
        "transport": "tcp",
        "key": b"k",
        "signature_scheme": "hmac-sha256",
    }


@pytest.mark.parametrize(
    "change",
    [
        {"address": "kernel.example"},
        {"address": None},
        {"pod": ""},
        {"connection": None},
        {"connection": {**CONNECTION, "shell_port": 0}},
        {"connection": {**CONNECTION, "shell_port": True}},
        {"connection": {**CONNECTION, "key": ""}},
        {"connection": {**CONNECTION, "curve_publickey": "short"}},
        {"connection": {k: v for k, v in CONNECTION.items() if "secret" not in k}},
    ],
)
def test_a_start_without_address_or_keys_is_none(change: dict[str, Any]) -> None:
    with pytest.raises(PodRefused, match="not understood"):
        client.started({**STARTED, **change})


def test_isolation_that_is_not_known_is_unknown() -> None:
    for isolation in (None, {}, {"egress": "perhaps"}):
        found = client.started({**STARTED, "isolation": isolation})
        assert found.egress == "unknown"


@given(JSON)
def test_no_answer_breaks_the_reading(found: Any) -> None:
    readers: tuple[Callable[[object], object], ...] = (client.started, client.state)
    for read in readers:
        with pytest.raises(PodRefused):
            read(found)


def test_a_look_tells_what_became_of_the_pod() -> None:
    seen: list[Any] = []
    content = {"version": 7, "phase": "ended", "death": "evicted", "words": "W"}
    asked = asking(Answer(200, json.dumps(content).encode()), seen)
    assert asked.look("6/a") == client.State("7", "ended", "evicted", "W")
    assert seen[0][1] == "/rooms/an%20id/kernel?after=6%2Fa"


def test_only_the_service_itself_can_say_that_a_pod_is_gone() -> None:
    assert asking(problem(404, "There is no kernel.")).look(None) is None
    # A proxy's page for a service that is being started again.
    for answer in (Answer(404, b"<html>"), Answer(404), problem(503, "Later.")):
        with pytest.raises(Away):
            asking(answer).look(None)
    with pytest.raises(PodRefused):
        asking(Answer(404, b"<html>")).remove(timeout_s=1)
    asking(problem(404, "There is no kernel.")).remove(timeout_s=1)


def test_a_refusal_is_in_the_service_s_words_and_says_what_to_do() -> None:
    with pytest.raises(PodRefused) as refused:
        asking(problem(503, "The cluster is full.")).start(fresh=False, timeout_s=1)
    assert str(refused.value) == (
        "The kernel cannot start: The cluster is full.\nTry again in a moment."
    )
    with pytest.raises(PodRefused, match="status 500"):
        asking(Answer(500, b"<html>")).start(fresh=False, timeout_s=1)


def test_every_death_has_an_exit_code() -> None:
    deaths = (None, "exit code 3", "exit code -9", "memory", "exit code x")
    assert [exit_code(death) for death in deaths] == [0, 3, 137, 137, 137]


# In the pod


def secret(**change: Any) -> str:
    """Return a Secret's connection file; None leaves a name out."""
    found = {**new_connection(), **change}
    return json.dumps({name: one for name, one in found.items() if one is not None})


def test_the_kernel_listens_on_the_pod_s_address_with_its_keys() -> None:
    found = entry.connection(secret(ip="192.0.2.1", kernel_name="x"), "0.0.0.0")
    assert found["ip"] == "0.0.0.0"
    assert found["transport"] == "tcp"
    assert "kernel_name" not in found


@pytest.mark.parametrize("name", [*entry.PORTS, *entry.KEYS])
def test_no_kernel_without_a_port_or_a_key(name: str) -> None:
    with pytest.raises(entry.Unusable, match=name):
        entry.connection(secret(**{name: None}), "0.0.0.0")


@pytest.mark.parametrize("text", ["", "[]", "{", secret(curve_secretkey="short")])
def test_no_kernel_without_a_connection_file(text: str) -> None:
    with pytest.raises(entry.Unusable):
        entry.connection(text, "0.0.0.0")


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"NBINTERVIEW_KERNEL_CONNECTION": "/nowhere"}, 64, "cannot be read"),
        ({"NBINTERVIEW_PROCESSES": "-1"}, 65, "NBINTERVIEW_PROCESSES"),
        ({"NBINTERVIEW_KERNEL_THREADS": "many"}, 65, "NBINTERVIEW_KERNEL_THREADS"),
    ],
)
def test_a_pod_that_was_made_wrongly_says_so_and_ends(
    tmp_path: Path, change: dict[str, str], code: int, words: str
) -> None:
    path = tmp_path / "connection.json"
    path.write_text(secret())
    environment = {
        "HOME": str(tmp_path),
        "NBINTERVIEW_KERNEL_CONNECTION": str(path),
        **change,
    }
    found = subprocess.run(
        [sys.executable, entry.__file__],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == code
    assert words in found.stderr
    assert found.stderr.count("\n") == 1


def test_processes_are_bounded_before_the_kernel_begins(tmp_path: Path) -> None:
    code = (
        "import resource, sys; sys.path.insert(0, sys.argv[1])\n"
        "from nbinterview_kernels.pod import entry\n"
        "entry.limit(77)\n"
        "print(resource.getrlimit(resource.RLIMIT_NPROC)[0],"
        " resource.getrlimit(resource.RLIMIT_CORE)[1])"
    )
    imports = str(Path(entry.__file__).parents[2])
    found = subprocess.run(
        [sys.executable, "-c", code, imports],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"]},
    )
    assert found.stdout == "77 0\n"
