"""What there is to reach on the host: sockets, files, a name; and who came."""

from __future__ import annotations

import json
import socket
import tempfile
import threading
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PAYLOAD = Path(__file__).with_name("payload.py")


@dataclass
class Target:
    """Everything that a probe is told; `visits` names the sockets somebody reached."""

    values: dict[str, Any]
    visits: list[str] = field(default_factory=list)

    def code(self, which: str) -> str:
        """Return the program that runs `which` probes, an expression of the payload."""
        told = (
            f"import json\nTARGET = json.loads({json.dumps(json.dumps(self.values))})\n"
        )
        return f"{told}{PAYLOAD.read_text('utf-8')}\nrun({which})\n"

    def deadly(self) -> list[str]:
        """Return the names of the probes that need a kernel of their own."""
        text = PAYLOAD.read_text("utf-8")
        parts = text.split("@deadly\ndef ")[1:]
        return [part.split("(")[0] for part in parts]


@contextmanager
def standing(server_pid: int) -> Iterator[Target]:
    """Put everything up on this machine; `server_pid` 0 is the kernel's own parent."""
    secret = uuid.uuid4().hex
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/tmp")))
        folder.chmod(0o755)
        # Readable by everybody on the machine: only the sandbox keeps it away.
        (folder / "canary").write_text(secret)
        (folder / "canary").chmod(0o666)
        (folder / "tmp").mkdir()
        (folder / "tmp").chmod(0o1777)
        target = Target({"secret": secret})
        tcp = socket.create_server(("127.0.0.1", 0))
        tcp6 = socket.create_server(("::1", 0), family=socket.AF_INET6)
        abstract, unix = (socket.socket(socket.AF_UNIX) for _ in range(2))
        name = f"nbinterview-attack-{secret}"
        abstract.bind("\0" + name)
        unix.bind(str(folder / "socket"))
        (folder / "socket").chmod(0o777)
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        for one, what in (
            (tcp, "tcp"),
            (tcp6, "tcp6"),
            (abstract, "abstract"),
            (unix, "unix"),
        ):
            stack.enter_context(one)
            one.listen()
            _answer(one, what, target.visits)
        stack.enter_context(udp)
        _echo(udp, target.visits)
        target.values |= {
            "home": str(folder),
            "canary": str(folder / "canary"),
            "tmp": str(folder / "tmp"),
            "unix": str(folder / "socket"),
            "abstract": name,
            "hostname": socket.gethostname(),
            "port": tcp.getsockname()[1],
            "port6": tcp6.getsockname()[1],
            "udp_port": udp.getsockname()[1],
            "server_pid": server_pid,
        }
        yield target
        for one in (tcp, tcp6, abstract, unix):
            one.shutdown(socket.SHUT_RDWR)  # it ends the thread that waits there


def untouched(target: Target) -> bool:
    """Tell whether nothing on the host was changed or reached."""
    left = list(Path(target.values["tmp"]).iterdir())
    same = Path(target.values["canary"]).read_text() == target.values["secret"]
    return same and not left and not target.visits


def _answer(server: socket.socket, what: str, visits: list[str]) -> None:
    def run() -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            visits.append(what)
            client.close()

    threading.Thread(target=run, daemon=True).start()


def _echo(server: socket.socket, visits: list[str]) -> None:
    server.settimeout(0.2)

    def run() -> None:
        while server.fileno() >= 0:
            try:
                data, sender = server.recvfrom(100)
                visits.append("udp")
                server.sendto(data, sender)
            except TimeoutError:
                continue
            except OSError:
                return

    threading.Thread(target=run, daemon=True).start()
