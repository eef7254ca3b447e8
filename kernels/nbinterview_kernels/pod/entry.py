"""What a kernel pod's container runs: takes its address and keys, becomes ipykernel.

Uses the standard library only, so that the image of the kernel needs nothing else.
Of the container's environment nothing but a few names reaches the kernel.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CONNECTION = "/run/nbinterview/connection.json"
HOME = "/home/candidate"
STARTUP = Path(__file__).parent.parent / "ipython_startup.py"
PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
KEYS = ("key", "curve_publickey", "curve_secretkey")
_CURVE_KEY_LENGTH = 40
_KEPT = ("PATH", "LD_LIBRARY_PATH")
BAD_CONNECTION, BAD_SETTING = 64, 65
"""Exit codes, which the service sees as the container's."""


class Unusable(ValueError):
    """The pod was made wrongly, and in what."""

    def __init__(self, words: str, code: int) -> None:
        super().__init__(words)
        self.code = code


def connection(text: str, ip: str) -> dict[str, Any]:
    """Return ipykernel's connection file, from the Secret's.

    Raises Unusable when a port or key is missing: without its keys a kernel would
    listen to everybody, in the clear.
    """
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Unusable("The connection file is no JSON object.", BAD_CONNECTION)
    for name in PORTS:
        port = found.get(name)
        if type(port) is not int or not 0 < port < 65536:
            raise Unusable(f"The connection file has no {name}.", BAD_CONNECTION)
    for name in KEYS:
        if not isinstance(found.get(name), str) or not found[name]:
            raise Unusable(f"The connection file has no {name}.", BAD_CONNECTION)
    if any(len(found[name]) != _CURVE_KEY_LENGTH for name in KEYS[1:]):
        raise Unusable("The curve keys are not Z85 of 32 bytes.", BAD_CONNECTION)
    return {
        **{name: found[name] for name in (*PORTS, *KEYS)},
        "ip": ip,
        "transport": "tcp",
        "signature_scheme": "hmac-sha256",
    }


def number(environment: Mapping[str, str], name: str) -> int | None:
    """Return a setting that is a positive whole number; None when it is not set."""
    text = environment.get(name, "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise Unusable(f"{name} is no positive whole number.", BAD_SETTING)
    return int(text)


def kernel_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the kernel's whole environment: no cluster's, no room's variables."""
    home = environment.get("HOME") or HOME
    threads = str(number(environment, "NBINTERVIEW_KERNEL_THREADS") or 1)
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        **{name: environment[name] for name in _KEPT if environment.get(name)},
        "HOME": home,
        "USER": "candidate",
        "LOGNAME": "candidate",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "TERM": "xterm-256color",
        "IPYTHONDIR": f"{home}/.ipython",
        "MPLCONFIGDIR": f"{home}/.config/matplotlib",
        "PYTHONDONTWRITEBYTECODE": "1",
        # Jupyter's "started by a program": no advice for a terminal in the pod's log.
        "JPY_PARENT_PID": "1",
        "OPENBLAS_NUM_THREADS": threads,
        "OMP_NUM_THREADS": threads,
        "LOKY_MAX_CPU_COUNT": threads,
    }


def kernel_argv(python: str, path: str) -> list[str]:
    """Return what the container becomes; `path` is ipykernel's connection file."""
    return [python, "-m", "ipykernel_launcher", "-f", path, f"--config={STARTUP}"]


def limit(processes: int | None) -> None:
    """Bound processes and core files, as far as a process may by itself.

    A pod has no field for it. The bound counts all processes of this user on the
    node, unless the pod has a user namespace of its own.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if processes is not None:
        hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
        least = processes if hard == resource.RLIM_INFINITY else min(hard, processes)
        resource.setrlimit(resource.RLIMIT_NPROC, (least, least))


def main(environment: Mapping[str, str]) -> None:
    """Become the kernel. Raises Unusable."""
    named = environment.get("NBINTERVIEW_KERNEL_CONNECTION") or CONNECTION
    try:
        text = Path(named).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        words = f"The connection file {named} cannot be read: {error}"
        raise Unusable(words, BAD_CONNECTION) from error
    ip = environment.get("NBINTERVIEW_KERNEL_IP") or "0.0.0.0"  # noqa: S104  # a pod's own
    content = connection(text, ip)
    processes = number(environment, "NBINTERVIEW_PROCESSES")
    theirs = kernel_environment(environment)
    # ipykernel writes its connection file again, and a Secret is read-only.
    path = Path(theirs["HOME"]) / ".nbinterview-connection.json"
    path.unlink(missing_ok=True)
    with os.fdopen(
        os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w"
    ) as f:
        json.dump(content, f)
    limit(processes)
    os.chdir(theirs["HOME"])
    # Our own interpreter, whose path is no one else's to choose.
    os.execve(sys.executable, kernel_argv(sys.executable, str(path)), theirs)  # noqa: S606


if __name__ == "__main__":
    try:
        main(os.environ)
    except Unusable as error:
        print(error, file=sys.stderr, flush=True)
        sys.exit(error.code)
