"""What IPython reads when a kernel starts: figures as data, patience, attempts.

Handed into the sandbox as /etc/ipython/ipython_kernel_config.py, so that it needs
nothing of ours there. Plotly and Altair would else show their figures as HTML with a
script from elsewhere (docs/explanation/outputs.md). Whoever chooses another
renderer in the notebook gets it.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import mmap
import os
import re
import sys

from ipykernel.kernelapp import IPKernelApp

MAX_WAITING_MESSAGES = 50_000

# `ATTEMPTS` and `ATTEMPT_KINDS` of nbinterview_kernels.outputs.
ATTEMPTS = "nbinterview_attempts"
NETWORK, PROCESS = range(2)
PROCESS_EVENTS = frozenset(
    {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"}
)
# By audit event: which argument says where to.
NETWORK_EVENTS = {
    "socket.connect": 1,
    "socket.sendto": 1,
    "socket.sendmsg": 1,
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
}
COUNTED_EVENTS = PROCESS_EVENTS | NETWORK_EVENTS.keys()

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any


def named_as_json(render: Callable[..., Any]) -> Callable[..., Any]:
    """Return a renderer whose types end in `+json`.

    Altair 6 writes `.json`, and nbformat allows data under no such name.
    """

    def renamed(spec: dict[str, Any], **metadata: Any) -> tuple[Any, Any]:
        found = render(spec, **metadata)
        data, about = found if isinstance(found, tuple) else (found, {})
        return _renamed(data), _renamed(about)

    return renamed


def _renamed(bundle: dict[str, Any]) -> dict[str, Any]:
    return {
        re.sub(r"^(application/vnd\.vega\w*\.v\d+)\.json$", r"\1+json", name): value
        for name, value in bundle.items()
    }


class AltairByMime(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Sets Altair's renderer when it is imported; it has no variable for it."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Take the import of `altair`, once."""
        del path, target
        if fullname != "altair":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            self._loader = spec.loader
            spec.loader = self
        return spec

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Make the module as it would have been made."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module, then choose."""
        self._loader.exec_module(module)
        renderers = module.renderers
        renderers.enable("mimetype")
        renderers.register("mimetype", named_as_json(renderers.get()))
        renderers.enable("mimetype")


def let_outputs_wait() -> None:
    """Have ZMQ keep more of what is printed than its 1,000 messages.

    When the room is slow to read, as on a busy machine, it drops what comes beyond.
    """
    kernel_app: Any = IPKernelApp  # it has no setting for this
    init_iopub = kernel_app.init_iopub

    def patiently(app: IPKernelApp, context: Any) -> None:
        context.sndhwm = MAX_WAITING_MESSAGES
        init_iopub(app, context)

    kernel_app.init_iopub = patiently


def leaves_machine(event: str, where: object) -> bool:
    """Whether what an audit event tells goes to another machine.

    `where` is a socket's address or a name to look up. A name that is an address is
    counted when it is connected to.
    """
    looked_up = NETWORK_EVENTS[event] == 0
    if not looked_up:
        if not isinstance(where, tuple):
            return False  # a socket's file
        where = where[0]
    host = where.decode() if isinstance(where, bytes) else where
    if not isinstance(host, str) or host in {"", "localhost", os.uname().nodename}:
        return False
    is_address = ":" in host or host.replace(".", "").isdigit()
    if is_address:
        return not looked_up and not host.startswith(("127.", "0.0.0.0", "::1"))  # noqa: S104  # not bound to
    return True


class Attempts:
    """Counts a run's attempts to reach the network or to start a program.

    For the record, not a lock: the sandbox has no network, and whoever wants to
    can get around this. Programs have no such counter, nor has what is not Python.
    """

    def __init__(self) -> None:
        # Shared with what the kernel forks: IPython's `!` starts programs from there.
        self._counts = memoryview(mmap.mmap(-1, 16)).cast("Q")

    def hear(self, event: str, args: tuple[Any, ...]) -> None:
        """Take one audit event of any kind; quick, and never in the code's way."""
        if event not in COUNTED_EVENTS:
            return
        try:
            if event in PROCESS_EVENTS:
                self._counts[PROCESS] += 1
            elif leaves_machine(event, args[NETWORK_EVENTS[event]]):
                self._counts[NETWORK] += 1
        except Exception:  # noqa: BLE001, S110  # the candidate's code goes on
            pass

    def take(self) -> dict[str, int]:
        """Return what was counted, and begin anew."""
        counts = self._counts.tolist()
        for place in (NETWORK, PROCESS):
            self._counts[place] = 0
        return {"network": counts[NETWORK], "process": counts[PROCESS]}


def tell_attempts() -> None:
    """Have each run's attempts told to the room when the run ends."""
    kernel_app: Any = IPKernelApp  # its methods have no types
    start = kernel_app.start
    attempts = Attempts()

    def tell(app: Any) -> None:
        counts = attempts.take()
        if any(counts.values()):
            parent = app.kernel.get_parent("shell")
            app.session.send(app.iopub_socket, ATTEMPTS, counts, parent=parent)

    def listening(app: IPKernelApp) -> None:
        shell: Any = app.shell
        shell.events.register("post_execute", lambda: tell(app))
        sys.addaudithook(attempts.hear)
        start(app)

    kernel_app.start = listening


os.environ.setdefault("PLOTLY_RENDERER", "plotly_mimetype")
sys.meta_path.insert(0, AltairByMime())
let_outputs_wait()
tell_attempts()
