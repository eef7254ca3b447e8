"""Which ports a local platform uses: one for people, four between the parts."""

from __future__ import annotations

import contextlib
import errno
import json
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from nbinterview.errors import Unavailable
from nbinterview.home import DEFAULT_PORT, Addresses

# `localhost` may lead a browser to either of these first.
_LOOPBACK = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))


def public_port(env: Mapping[str, str]) -> int:
    """Return the port that `NBINTERVIEW_PORT` names, or the usual one."""
    text = env.get("NBINTERVIEW_PORT", str(DEFAULT_PORT))
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 2**16:
        raise Unavailable(f"NBINTERVIEW_PORT is {text!r}; it must be a port number.")
    return int(text)


def is_free(port: int) -> bool:
    """Return whether nobody listens on this port of the loopback addresses."""
    for family, host in _LOOPBACK:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                if error.errno not in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
                    return False
    return True


def choose(
    port: int, previous: Addresses | None, free: Callable[[int], bool] = is_free
) -> Addresses:
    """Return the addresses to use; `port` is the public one and must be free.

    The last run's ports are taken again where they can be: rooms that outlived a
    killed supervisor know the service by its port.
    """
    if not free(port):
        raise Unavailable(
            f"Port {port} is taken by another program. "
            f"Stop it, or choose another port: NBINTERVIEW_PORT={port + 10}"
        )
    if previous is not None:
        inner = (
            previous.hub_port,
            previous.proxy_api_port,
            previous.service_port,
            previous.report_port,
        )
        if previous.port == port and all(free(each) for each in inner):
            return previous
    with _unused(4) as ports:
        return Addresses(port, *ports)


@contextlib.contextmanager
def _unused(count: int) -> Iterator[list[int]]:
    """Yield different ports that were free a moment ago."""
    with contextlib.ExitStack() as stack:
        sockets = [
            stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            for _ in range(count)
        ]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        yield [int(each.getsockname()[1]) for each in sockets]


def previous_run(run_file: Path) -> Addresses | None:
    """Return the ports of a run that did not end in order, if `run.json` is left."""
    try:
        return Addresses.from_env(json.loads(run_file.read_text("utf-8"))["ports"])
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        return None
