"""A browser behind a link that can be cut without a word.

The browser runs in a network namespace, joined to this machine by a pair of
virtual interfaces. Cutting gives each side a wrong hardware address for the other:
packets leave, none arrives, and nobody is told, as on a train.
Needs root and `ip`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

NOBODY = "02:00:00:00:00:99"


def ip(*arguments: str) -> str:
    """Run `ip`, and return what it says."""
    run = subprocess.run(
        ["ip", *arguments], check=True, capture_output=True, text=True, timeout=10
    )
    return run.stdout


def _hardware_address(*show: str) -> str:
    fields = ip(*show).split()
    return fields[fields.index("link/ether") + 1]


class Link:
    """A namespace and the link to it."""

    def __init__(self, number: int) -> None:
        """`number`, 0 to 63, tells links of one machine apart."""
        self.name = f"nbibench{number}"
        self._device, self._peer = f"nbib{number}a", f"nbib{number}b"
        self.here = f"10.231.77.{4 * number + 1}"
        """This machine's address on the link."""
        self.there = f"10.231.77.{4 * number + 2}"
        ip("netns", "add", self.name)
        try:
            ip(
                *("link", "add", self._device, "type", "veth"),
                *("peer", "name", self._peer, "netns", self.name),
            )
            ip("addr", "add", f"{self.here}/30", "dev", self._device)
            ip("link", "set", self._device, "up")
            inside = ("-n", self.name)
            ip(*inside, "addr", "add", f"{self.there}/30", "dev", self._peer)
            ip(*inside, "link", "set", self._peer, "up")
            ip(*inside, "link", "set", "lo", "up")
            self._ether_here = _hardware_address("-o", "link", "show", self._device)
            self._ether_there = _hardware_address(
                *inside, "-o", "link", "show", self._peer
            )
            self.restore()
        except BaseException:
            self.close()
            raise

    def cut(self) -> None:
        """Let no packet arrive any more, in either direction."""
        self._neighbours(NOBODY, NOBODY)

    def restore(self) -> None:
        """Let packets arrive again."""
        self._neighbours(self._ether_here, self._ether_there)

    def _neighbours(self, here: str, there: str) -> None:
        replace = ("neigh", "replace")
        for_ever = ("nud", "permanent")
        ip(*replace, self.there, "lladdr", there, "dev", self._device, *for_ever)
        ip(
            *("-n", self.name, *replace, self.here, "lladdr", here),
            *("dev", self._peer, *for_ever),
        )

    def browser(self, directory: Path, executable: str) -> str:
        """Return a program that starts this browser inside."""
        path = directory / f"browser-{self.name}"
        path.write_text(
            f'#!/bin/sh\nexec ip netns exec {self.name} {executable} "$@"\n'
        )
        path.chmod(0o755)
        return str(path)

    def close(self) -> None:
        """Remove the link, and the namespace; it stays while a socket lives in it."""
        subprocess.run(
            ["ip", "link", "del", self._device],
            check=False,
            capture_output=True,
            timeout=10,
        )
        subprocess.run(["ip", "netns", "del", self.name], check=False, timeout=10)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()


def available() -> bool:
    """Say whether this machine lets us make one."""
    try:
        Link(63).close()
    except (OSError, subprocess.SubprocessError) as error:
        print(f"no network namespace: {error}", file=sys.stderr)
        return False
    return True
