"""A browser behind a link that can be cut without a word.

The browser runs in a network namespace, joined to this machine by a pair of
virtual interfaces. Cutting gives this machine a wrong hardware address for the
browser's side: packets leave, none arrives, and nobody is told, as on a train.
Needs root and `ip`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import TracebackType

NOBODY = "02:00:00:00:00:99"


def ip(*arguments: str) -> str:
    """Run `ip`, and return what it says."""
    run = subprocess.run(
        ["ip", *arguments], check=True, capture_output=True, text=True, timeout=10
    )
    return run.stdout


class Link:
    """A namespace and the link to it."""

    def __init__(self, number: int) -> None:
        """`number`, 0 to 63, tells links of one machine apart."""
        self.name = f"nbibench{number}"
        self._device, peer = f"nbib{number}a", f"nbib{number}b"
        self.here = f"10.231.77.{4 * number + 1}"
        """This machine's address on the link."""
        self.there = f"10.231.77.{4 * number + 2}"
        ip("netns", "add", self.name)
        try:
            ip(
                *("link", "add", self._device, "type", "veth"),
                *("peer", "name", peer, "netns", self.name),
            )
            ip("addr", "add", f"{self.here}/30", "dev", self._device)
            ip("link", "set", self._device, "up")
            inside = ("-n", self.name)
            ip(*inside, "addr", "add", f"{self.there}/30", "dev", peer)
            ip(*inside, "link", "set", peer, "up")
            ip(*inside, "link", "set", "lo", "up")
            fields = ip(*inside, "-o", "link", "show", peer).split()
            self._address = fields[fields.index("link/ether") + 1]
            self.restore()
        except BaseException:
            self.close()
            raise

    def cut(self) -> None:
        """Let no packet arrive there any more."""
        self._neighbour(NOBODY)

    def restore(self) -> None:
        """Let packets arrive again."""
        self._neighbour(self._address)

    def _neighbour(self, address: str) -> None:
        ip(
            *("neigh", "replace", self.there, "lladdr", address),
            *("dev", self._device, "nud", "permanent"),
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
        """Remove the namespace, and the link with it."""
        subprocess.run(["ip", "netns", "del", self.name], check=False, timeout=10)

    def __enter__(self) -> Link:
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
