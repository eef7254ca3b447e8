"""Who gets nothing from a kernel's pod, and what a hostile one can do to its room."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq
from jupyter_client.blocking.client import BlockingKernelClient

from nbinterview_kernels.pod.client import Http, PodClient, PodRefused
from tests.kernels.driver import eventually
from tests.kernels.pod_driver import PodKernel, manager
from tests.kernels.pod_service import ADDRESS, PodService, new_connection, serving

WAIT_MS = 1500


@pytest.fixture(scope="module")
def service(
    tmp_path_factory: pytest.TempPathFactory, python: str
) -> Iterator[PodService]:
    """The service's three routes."""
    with serving(python, tmp_path_factory.mktemp("pods")) as found:
        yield found


@pytest.fixture(scope="module")
def kernel(service: PodService) -> Iterator[PodKernel]:
    """Room A's kernel."""
    found = PodKernel(service, "a")
    yield found
    found.close()


def answers(connection: dict[str, Any], **instead: Any) -> bool:
    """Tell whether whoever has this connection is answered by the kernel."""
    client = BlockingKernelClient()
    told: Any = {
        **connection,
        "ip": ADDRESS,
        "transport": "tcp",
        "signature_scheme": "hmac-sha256",
        **instead,
    }
    client.load_connection_info(told)
    client.start_channels(hb=False, stdin=False)
    try:
        client.kernel_info()
        return bool(client.shell_channel.socket.poll(WAIT_MS))
    finally:
        client.stop_channels()


def hears(
    connection: dict[str, Any], speak: Callable[[], object], **curve: Any
) -> bool:
    """Tell whether a subscriber without the session's key hears what is printed."""
    with zmq.Context() as context, context.socket(zmq.SUB) as socket:
        socket.linger = 0
        socket.subscribe(b"")
        for name, value in curve.items():
            setattr(socket, name, value)
        socket.connect(f"tcp://{ADDRESS}:{connection['iopub_port']}")
        socket.poll(500)
        speak()
        return bool(socket.poll(WAIT_MS))


def test_its_own_room_is_answered(service: PodService, kernel: PodKernel) -> None:
    assert answers(service.pods["a"].connection)


def test_without_curve_nobody_is_answered(
    service: PodService, kernel: PodKernel
) -> None:
    connection = dict(service.pods["a"].connection)
    del connection["curve_publickey"], connection["curve_secretkey"]
    assert not answers(connection)
    assert not hears(connection, lambda: kernel.run("print('secret')"))


def test_with_another_room_s_keys_nobody_is_answered(
    service: PodService, kernel: PodKernel
) -> None:
    of_b = new_connection()
    curve = {name: of_b[name] for name in ("curve_publickey", "curve_secretkey")}
    of_a = service.pods["a"].connection
    # Even with A's session key: the curve handshake comes first.
    assert not answers(of_a, **curve)
    assert not hears(
        of_a,
        lambda: kernel.run("print('secret')"),
        curve_serverkey=of_b["curve_publickey"].encode(),
        curve_publickey=of_b["curve_publickey"].encode(),
        curve_secretkey=of_b["curve_secretkey"].encode(),
    )


def test_with_curve_but_another_session_key_nothing_is_run(
    service: PodService, kernel: PodKernel
) -> None:
    assert not answers(service.pods["a"].connection, key="of another room")
    assert kernel.value("say(1)") == 1


def test_room_b_cannot_ask_for_room_a_s_pod(
    service: PodService, kernel: PodKernel
) -> None:
    as_b = PodClient(Http(service.url, "token-b"), "a")
    before = service.pods["a"]
    with pytest.raises(PodRefused, match="Not your room"):
        as_b.start(fresh=True, timeout_s=5)
    with pytest.raises(PodRefused, match="Not your room"):
        as_b.remove(timeout_s=5)
    assert service.pods["a"] is before
    assert kernel.value("say(1)") == 1


def test_a_kernel_s_description_holds_no_keys(
    service: PodService, kernel: PodKernel
) -> None:
    described = repr(service.client().start(fresh=False, timeout_s=5))
    assert service.pods["a"].name in described
    for name in ("key", "curve_publickey", "curve_secretkey"):
        assert service.pods["a"].connection[name] not in described


# A hostile kernel

LIES = """
import os, zmq
socket = get_ipython().kernel.iopub_socket
for frames in (
    [b""], [b"<IDS|MSG>"], [b"x", b"<IDS|MSG>", b"bad", b"{", b"{", b"{", b"{"],
    [os.urandom(100)] * 3, [b"<IDS|MSG>", b"", b"[]", b"1", b"null", b"{}"],
):
    socket.send_multipart(frames)
"""

FORGED = """
kernel = get_ipython().kernel
for state in ("idle", "dead", "restarting", "starting"):
    kernel.session.send(
        kernel.iopub_socket, "status", {"execution_state": state}, parent={}
    )
kernel.session.send(
    kernel.iopub_socket, "shutdown_reply", {"restart": True}, parent={}
)
"""


def test_messages_that_are_none_do_not_reach_the_room_s_state(
    service: PodService, kernel: PodKernel
) -> None:
    where = dict(kernel.provisioner.connection_info)
    kernel.client.execute(LIES)
    refused = 0
    while True:
        try:
            message = kernel.client.get_iopub_msg(timeout=5)
        except (ValueError, IndexError, TypeError):
            refused += 1
            continue
        if message["content"].get("execution_state") == "idle":
            break
    assert refused >= 4
    kernel.drain()
    assert kernel.value("say('here')") == "here"
    assert not kernel.dead()
    assert kernel.provisioner.connection_info == where


def test_a_kernel_cannot_say_that_it_died(
    service: PodService, kernel: PodKernel
) -> None:
    made = service.made
    kernel.run(FORGED)
    kernel.drain()
    assert not kernel.dead()
    assert kernel.provisioner.last_death is None
    assert kernel.value("say('here')") == "here"
    assert service.made == made


def test_what_takes_a_pod_s_place_without_its_key_is_not_believed(
    tmp_path: Path,
) -> None:
    # It answers everything that comes to the pod's ports, in the clear.
    script = tmp_path / "liar.py"
    script.write_text(LIAR)
    with serving(sys.executable, tmp_path) as service:
        service.command = [sys.executable, str(script), "{secret}"]
        impostor = manager(service)
        impostor.start_kernel()
        ready = service.directory / service.pods["a"].name / "ready"
        eventually(ready.exists, "the liar is not there")
        client = impostor.client()
        client.start_channels(hb=False)
        client.kernel_info()
        assert not client.shell_channel.socket.poll(WAIT_MS)
        assert not client.iopub_channel.socket.poll(0)
        client.stop_channels()
        impostor.shutdown_kernel(now=True)


LIAR = """
import json, sys, zmq
from pathlib import Path

connection = json.loads(Path(sys.argv[1]).read_text())
context = zmq.Context()
shell, iopub = context.socket(zmq.ROUTER), context.socket(zmq.PUB)
shell.bind(f"tcp://127.0.0.1:{connection['shell_port']}")
iopub.bind(f"tcp://127.0.0.1:{connection['iopub_port']}")
Path(sys.argv[1]).with_name("ready").touch()
while True:
    iopub.send_multipart([b"status", b"<IDS|MSG>", b"", b"{}", b"{}", b"{}", b"{}"])
    if shell.poll(50):
        shell.send_multipart(shell.recv_multipart())
"""
