"""Under a real Jupyter server: its REST, and execution by jupyter-server-nbmodel."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpecManager

from nbinterview_kernels import kernelspec
from tests.kernels.driver import SECRET, eventually

SPECS = "nbinterview_kernels.provisioner.SandboxedKernelSpecManager"
TOKEN = "test-token-of-the-server"


class Server:
    """A client of one Jupyter server's REST."""

    def __init__(self, url: str) -> None:
        self.url = url

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any, str]:
        """Return status, JSON and the Location of an answer."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"token {TOKEN}",
                "Content-Type": "application/json",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                text, status = answer.read(), answer.status
                location = answer.headers.get("Location", "")
        except urllib.error.HTTPError as error:
            with error:
                text, status, location = error.read(), error.code, ""
        return status, json.loads(text or b"null"), location

    def start(self) -> str:
        """Start our kernel and return its id."""
        status, model, _ = self.call("POST", "api/kernels", {"name": kernelspec.NAME})
        assert status == 201, model
        return str(model["id"])

    def execute(self, kernel: str, code: str) -> str:
        """Ask nbmodel to run a cell; return the path of the request."""
        path = f"api/kernels/{kernel}/execute"
        status, answer, location = self.call("POST", path, {"code": code})
        assert status == 202, answer
        return location.lstrip("/")

    def outcome(self, request: str) -> Any:
        """Wait for a request's outcome."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            status, answer, _ = self.call("GET", request)
            if status != 202:
                return answer
            time.sleep(0.1)
        raise AssertionError("the cell did not end")

    def text(self, kernel: str, code: str) -> str:
        """Run a cell and return what it printed."""
        outputs = json.loads(self.outcome(self.execute(kernel, code))["outputs"])
        return "".join(output.get("text", "") for output in outputs)


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, python: str
) -> Iterator[tuple[Server, Path]]:
    """A server that knows our kernelspec only, and its home."""
    home = tmp_path_factory.mktemp("server")
    with running(home, python) as found:
        yield found, home


@contextlib.contextmanager
def running(
    home: Path, python: str, end: signal.Signals = signal.SIGTERM
) -> Iterator[Server]:
    """Run a Jupyter server as a room does, and end it."""
    kernelspec.write(home / "kernels", python)
    runtime = home / "runtime"
    runtime.mkdir(mode=0o700)
    extensions = {"jupyter_server_nbmodel": True}
    log = (home / "log").open("wb")
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"),
            *(
                "--ip=127.0.0.1",
                "--ServerApp.port=0",
                f"--IdentityProvider.token={TOKEN}",
            ),
            f"--ServerApp.root_dir={home}",
            f"--ServerApp.jpserver_extensions={extensions}",
            f"--ServerApp.kernel_spec_manager_class={SPECS}",
            "--AsyncMappingKernelManager.kernel_info_timeout=30",
            "--KernelRestarter.time_to_dead=0.5",
        ],
        env={
            "PATH": os.environ["PATH"],
            "NBINTERVIEW_BWRAP": os.environ["NBINTERVIEW_BWRAP"],
            "HOME": str(home),
            "JUPYTER_PATH": str(home),
            "JUPYTER_RUNTIME_DIR": str(runtime),
            "JUPYTERHUB_API_TOKEN": SECRET,
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        stdout=subprocess.DEVNULL,
        stderr=log,
    )
    try:
        eventually(lambda: _urls(runtime) != [], "the server did not start", 60)
        found = Server(_urls(runtime)[0])
        eventually(lambda: _answers(found), "the server does not answer", 30)
        yield found
    finally:
        process.send_signal(end)
        process.wait(60)
        log.close()


def _urls(runtime: Path) -> list[str]:
    found = runtime.glob("jpserver-*.json")
    return [json.loads(path.read_text())["url"] for path in found]


def _answers(server: Server) -> bool:
    try:
        return server.call("GET", "api/kernelspecs")[0] == 200
    except OSError:
        return False


def test_only_our_kernel_is_offered_and_startable(tmp_path: Path, python: str) -> None:
    """The tests' own environment holds a bare python3, as a room's does.

    The server is killed: jupyter_server 2.21 keeps a failed start in its list of
    pending kernels, and cannot end by SIGTERM then.
    """
    assert KernelSpecManager().find_kernel_specs().keys() & {"python3"}
    with running(tmp_path, python, signal.SIGKILL) as rest:
        _, specs, _ = rest.call("GET", "api/kernelspecs")
        assert list(specs["kernelspecs"]) == [kernelspec.NAME]
        for name in ("python3", "python", "../python3"):
            session = {"path": "x", "name": "x", "type": "console"}
            for path, body in (
                ("api/kernels", {"name": name}),
                ("api/sessions", {**session, "kernel": {"name": name}}),
            ):
                status, _, _ = rest.call("POST", path, body)
                assert status >= 400, (path, name)
        assert rest.call("GET", "api/kernels")[1] == []


def test_a_notebook_session(server: tuple[Server, Path]) -> None:
    rest, home = server
    kernel = rest.start()
    connection = next((home / "runtime").glob("kernel-*.json"))
    info = json.loads(connection.read_text())
    assert info["transport"] == "ipc"
    directory = Path(info["ip"]).parent

    assert rest.text(kernel, "kept = 20; print(kept + 1)") == "21\n"
    assert SECRET not in rest.text(kernel, "import os; print(dict(os.environ))")

    request = rest.execute(kernel, "while True: pass")
    eventually(
        lambda: (
            rest.call("GET", f"api/kernels/{kernel}")[1]["execution_state"] == "busy"
        ),
        "the cell did not start",
    )
    assert rest.call("POST", f"api/kernels/{kernel}/interrupt")[0] == 204
    assert "KeyboardInterrupt" in json.dumps(rest.outcome(request))
    assert rest.text(kernel, "print(kept + 22)") == "42\n"

    assert rest.call("POST", f"api/kernels/{kernel}/restart")[0] == 200
    # Not through nbmodel: with any kernel, its client may miss the first outputs
    # after a restart, and then waits for ever.
    with directly(home, kernel) as replies:
        eventually(lambda: replies("kept", "NameError"), "it kept its memory", 60)

    assert rest.call("DELETE", f"api/kernels/{kernel}")[0] == 204
    assert not directory.exists()


@contextlib.contextmanager
def directly(home: Path, kernel: str) -> Iterator[Callable[[str, str], bool]]:
    """Yield a function that runs a cell and tells whether a reply was as expected.

    A reply is "ok" or an exception's name; it may belong to an earlier try.
    """
    client = BlockingKernelClient(
        connection_file=str(home / "runtime" / f"kernel-{kernel}.json")
    )
    client.load_connection_file()
    client.start_channels(hb=False)

    def replies(code: str, expected: str) -> bool:
        client.execute(code)
        try:
            reply = client.get_shell_msg(timeout=2)
        except queue.Empty:
            return False
        return bool(reply["content"].get("ename", "ok") == expected)

    try:
        yield replies
    finally:
        client.stop_channels()


def test_a_dead_kernel_comes_back(server: tuple[Server, Path]) -> None:
    """On the same sockets, so that whoever is connected stays connected."""
    rest, home = server
    kernel = rest.start()
    with directly(home, kernel) as replies:
        eventually(lambda: replies("gone = 1", "ok"), "no kernel", 60)
        replies("import os; os._exit(1)", "no reply")
        eventually(lambda: replies("gone", "NameError"), "no new kernel came", 60)
    assert rest.call("DELETE", f"api/kernels/{kernel}")[0] == 204


def test_ending_the_server_ends_its_kernels(tmp_path: Path, python: str) -> None:
    with running(tmp_path, python) as rest:
        rest.start()
        rest.start()
        files = list((tmp_path / "runtime").glob("kernel-*.json"))
        directories = [Path(json.loads(f.read_text())["ip"]).parent for f in files]
        assert all(path.is_dir() for path in directories)
    assert len(directories) == 2
    assert not any(path.exists() for path in directories)
