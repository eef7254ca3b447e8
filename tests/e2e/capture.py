"""A network of one's own with a way out that leads nowhere, and all that takes it.

Run in a fresh network namespace: `unshare --net python -m tests.e2e.capture FOLDER`.
There is a default route, so that whoever wants to reach the world sends packets,
name look-ups too. An interview is lived there; every packet is looked at, on the way
out and on loopback. Prints JSON: the packets that were not for this machine, and what
shows that the capture worked.
"""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_ALL = 0x0003
_IPV4, _IPV6, _ARP = 0x0800, 0x86DD, 0x0806
_DNS = 53
# Of the kernel's own making when an interface comes up: neighbours and groups.
_LINK_LOCAL = ("fe80", "ff02", "::")
# SOL_PACKET, PACKET_STATISTICS, SO_RCVBUFFORCE: Python has no names for them.
_PACKETS, _STATISTICS, _BUFFER_IN_ANY_CASE = 263, 6, 33
PROBE = ("192.0.2.1", 9)
# What Debian's Chromium asks for by itself, on any page, whatever its flags. A page
# that asked for one of them would be seen by `Traffic`, as all that pages ask for.
BROWSERS_OWN = (
    "accounts.google.com",
    "content-autofill.googleapis.com",
    "update.googleapis.com",
)


@dataclass
class Capture:
    """Every packet of this namespace, by what it was for."""

    leaks: Counter[str] = field(default_factory=Counter)
    local: int = 0

    def start(self) -> None:
        """Listen on both interfaces, until the process ends."""
        self._sockets = {name: _listener(name) for name in ("lo", "out")}
        for name, listener in self._sockets.items():
            threading.Thread(
                target=self._listen, args=(name, listener), daemon=True
            ).start()

    def dropped(self) -> dict[str, int]:
        """Return how many packets of each came too fast to be looked at."""
        return {
            name: int(struct.unpack("II", one.getsockopt(_PACKETS, _STATISTICS, 8))[1])
            for name, one in self._sockets.items()
        }

    def _listen(self, name: str, listener: socket.socket) -> None:
        buffer = bytearray(512)
        while True:
            size, address = listener.recvfrom_into(buffer)
            where = leak_of(name, address[1], bytes(buffer[:size]))
            if where is None:
                self.local += 1
            else:
                self.leaks[where] += 1


def _listener(interface: str) -> socket.socket:
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL))
    made.setsockopt(socket.SOL_SOCKET, _BUFFER_IN_ANY_CASE, 128 * 1024 * 1024)
    made.bind((interface, _ALL))
    return made


def leak_of(interface: str, kind: int, frame: bytes) -> str | None:
    """Return what a packet is for, or None when that is this machine itself."""
    packet = frame[14:]
    if kind == _IPV4:
        target, at = socket.inet_ntoa(packet[16:20]), (packet[0] & 15) * 4
        protocol = packet[9]
    elif kind == _IPV6:
        target, at = socket.inet_ntop(socket.AF_INET6, packet[24:40]), 40
        protocol = packet[6]
        if target.startswith(_LINK_LOCAL) and target != "::1":
            return None
    else:
        return None if kind == _ARP else f"{interface}: packet of kind {kind:#x}"
    is_ported = protocol in {socket.IPPROTO_TCP, socket.IPPROTO_UDP}
    port = struct.unpack(">H", packet[at + 2 : at + 4])[0] if is_ported else 0
    if port == _DNS:
        return f"{interface}: a name look-up at {target}, {_name(packet[at + 8 :])}"
    if target.startswith("127.") or target == "::1":
        return None
    return f"{interface}: {target} port {port}"


def _name(query: bytes) -> str:
    """Return the name that is looked up, as far as it can be read."""
    labels, at = [], 12
    while at < len(query) and 0 < query[at] < 64:
        labels.append(query[at + 1 : at + 1 + query[at]].decode("ascii", "replace"))
        at += query[at] + 1
    return ".".join(labels) or "unreadable"


def make_network() -> None:
    """Give this namespace loopback, and a way out that leads nowhere."""
    for words in (
        "link set lo up",
        "link add out type veth peer name far",
        "link set far up",
        "addr add 198.51.100.2/24 dev out",
        "link set out up",
        "route add default via 198.51.100.1 dev out",
        # So that nobody waits for a neighbour's answer: packets go out at once.
        "neigh add 198.51.100.1 lladdr 02:00:00:00:00:01 dev out",
    ):
        subprocess.run(["ip", *words.split()], check=True, timeout=10)


def main() -> int:
    """Live through an interview; print what was captured."""
    folder = Path(sys.argv[1])
    make_network()
    capture = Capture()
    capture.start()
    seen: dict[str, Any] = _interview(folder)
    quiet = dict(capture.leaks)
    # What was captured is worth something only if a packet like this is seen.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.sendto(b"probe", PROBE)
        probe.sendto(b"\0" * 12 + b"\5probe\7example\0", ("192.0.2.53", _DNS))
    for _ in range(100):
        if len(capture.leaks) >= len(quiet) + 2:
            break
        threading.Event().wait(0.05)
    found = {
        **seen,
        "leaks": quiet,
        "probes": sorted(capture.leaks.keys() - quiet.keys()),
        "local_packets": capture.local,
        "dropped": capture.dropped(),
    }
    print(json.dumps(found))
    return 0


def _interview(folder: Path) -> dict[str, Any]:
    """Prepare, enter, run a cell, end, read the report."""
    from playwright.sync_api import sync_playwright

    from tests.e2e.harness import Traffic, headless, platform
    from tests.e2e.people import Made, browser_of_candidate, enter_room, output, run
    from tests.e2e.story import TEMPLATE, notebook_is_open

    rules = ", ".join(f"MAP {name} ~NOTFOUND" for name in BROWSERS_OWN)
    with (
        platform(folder / "home", folder) as running,
        sync_playwright() as play,
        headless(play, f"--host-resolver-rules={rules}") as browser,
    ):
        pages = Traffic()
        made = Made.by(
            running,
            TEMPLATE,
            *("--candidate", "Ada Okafor", "--interviewer", "Ines Okonkwo"),
            *("--reviewer", "Emmy Nakamura", "--title", "Quiet"),
            *("--policy", "unwatched", "--start"),
        )
        staff = browser.new_context()
        pages.watch(staff)
        panel = enter_room(staff, made.invitation("Ines Okonkwo")["url"])
        candidate = browser_of_candidate(browser)
        pages.watch(candidate)
        room = enter_room(candidate, made.invitation("Ada Okafor")["url"])
        output(run(room, 0, "print(6 * 7)"), "42").wait_for(timeout=60_000)
        notebook_is_open(panel)
        running.cli("interview", "end", made.id)
        room.get_by_text("ended", exact=False).first.wait_for(timeout=30_000)
        reviewer = browser.new_context()
        pages.watch(reviewer)
        reader = reviewer.new_page()
        reader.goto(made.invitation("Emmy Nakamura")["url"])
        reader.get_by_role("button", name="Sign in").click()
        reader.get_by_text("Ada Okafor").first.wait_for(timeout=60_000)
        address = f"http://report--service.localhost:{running.port}/services/report/"
        answer = reader.goto(f"{address}?interview={made.id}")
        assert answer is not None
        return {
            "report": answer.status,
            "records": made.last_seq(),
            "asked_by_pages": sorted(pages.foreign_hosts()),
            "hosts_of_pages": len(pages.hosts),
        }


if __name__ == "__main__":
    sys.exit(main())
