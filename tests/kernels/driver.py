"""Drives a real kernel in a real sandbox, as Jupyter does."""

from __future__ import annotations

import json
import queue
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from nbinterview_kernels import kernelspec, outputs

DEADLINE_S = 60.0
SECRET = "do-not-leak-7f3a"


def eventually(check: Callable[[], bool], what: str, deadline_s: float = 20.0) -> None:
    """Poll until `check` holds; fail with `what` at the deadline."""
    until = time.monotonic() + deadline_s
    while not check():
        assert time.monotonic() < until, what
        time.sleep(0.05)


@dataclass
class Result:
    """What one cell did."""

    status: str
    text: str = ""
    error: str = ""
    mime_types: set[str] = field(default_factory=set)
    attempts: list[dict[str, int]] = field(default_factory=list)
    """What the room is told of attempts to leave the sandbox."""

    def value(self) -> Any:
        """Return what the cell printed last, as JSON."""
        assert self.status == "ok", self.error
        return json.loads(self.text.splitlines()[-1])


class Kernel:
    """One kernel: manager and client."""

    def __init__(self, specs: KernelSpecManager, **config: Any) -> None:
        self.manager = KernelManager(
            kernel_name=kernelspec.NAME, kernel_spec_manager=specs
        )
        spec = self.manager.kernel_spec
        assert spec is not None
        spec.metadata["kernel_provisioner"]["config"] = config
        self.manager.start_kernel()
        self.client = self.manager.client()
        self.client.start_channels(hb=False)
        self.client.wait_for_ready(timeout=DEADLINE_S)

    @property
    def provisioner(self) -> Any:
        """Our provisioner."""
        return self.manager.provisioner

    @property
    def directory(self) -> Path:
        """The connection directory on the host."""
        return Path(self.manager.ip).parent.resolve()

    def send(self, code: str) -> str:
        """Start a cell and return the request's id."""
        return str(self.client.execute(code))

    def finish(self, request: str, deadline_s: float = DEADLINE_S) -> Result:
        """Collect a cell's outputs and reply until it is done."""
        result = self.outputs(request, deadline_s)
        eventually(lambda: self.replied(request), "no reply", deadline_s)
        return result

    def outputs(self, request: str, deadline_s: float = DEADLINE_S) -> Result:
        """Collect a cell's outputs until the kernel is idle again."""
        result = Result("ok")
        until = time.monotonic() + deadline_s
        while True:
            message = self.client.get_iopub_msg(timeout=until - time.monotonic())
            if message["parent_header"].get("msg_id") != request:
                continue
            content = message["content"]
            match message["msg_type"]:
                case "stream":
                    result.text += content["text"]
                case "display_data" | "execute_result":
                    result.mime_types |= set(content["data"])
                case outputs.ATTEMPTS:
                    result.attempts.append(outputs.attempts(content))
                case "error":
                    result.status = "error"
                    result.error = content["ename"] + ": " + content["evalue"]
                case "status" if content["execution_state"] == "idle":
                    return result

    def replied(self, request: str) -> bool:
        """Take one reply, if there is any, and tell whether it is this cell's."""
        try:
            reply = self.client.get_shell_msg(timeout=0.2)
        except queue.Empty:
            return False
        return bool(reply["parent_header"].get("msg_id") == request)

    def run(self, code: str, deadline_s: float = DEADLINE_S) -> Result:
        """Run one cell."""
        return self.finish(self.send(code), deadline_s)

    def value(self, code: str) -> Any:
        """Run a cell that ends with `say(...)` and return what it said."""
        return self.run(PRELUDE + code).value()

    def dead(self) -> bool:
        """Tell whether the manager has noticed a death."""
        return not self.manager.is_alive()

    def drain(self) -> None:
        """Forget messages of a kernel that is gone."""
        for get in (self.client.get_iopub_msg, self.client.get_shell_msg):
            while True:
                try:
                    get(timeout=0.1)
                except queue.Empty:
                    break

    def close(self) -> None:
        """Shut down and let go."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


PRELUDE = """
import json, os, errno, socket, ctypes
def say(value): print(json.dumps(value))
def attempt(do):
    try:
        do()
    except OSError as e:
        return errno.errorcode.get(e.errno, str(e.errno))
    return "allowed"
"""
