"""Every packet of a whole interview: none is for another machine, none asks for a name.

Hub, service, report, rooms, kernels and browsers live in a network namespace with a
default route, so that all who want to reach the world would be seen. Chromium's own
news of itself are switched off by flags (`CHROMIUM_FLAGS`: component updates, sync,
background networking), and the three names that it asks for all the same are not
looked up (`BROWSERS_OWN`); what a page asks for is seen whatever the flags.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
from typing import Any

import pytest

from tests.e2e.capture import leak_of
from tests.e2e.harness import ROOT


@pytest.fixture(scope="module")
def captured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("quiet")
    alone = ["unshare", "--net"]
    if os.geteuid() != 0:
        alone += ["--map-root-user"]
    command = [*alone, sys.executable, "-m", "tests.e2e.capture", str(folder)]
    run = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False
    )
    assert run.returncode == 0, run.stderr[-4000:]
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


def test_an_interview_was_lived_and_captured(captured: dict[str, Any]) -> None:
    assert captured["report"] == 200
    assert captured["records"] > 10
    assert captured["local_packets"] > 500
    assert captured["hosts_of_pages"] >= 4
    assert captured["dropped"]["out"] == 0
    assert captured["dropped"]["lo"] < captured["local_packets"] / 20


def test_the_capture_sees_a_packet_and_a_look_up(captured: dict[str, Any]) -> None:
    assert captured["probes"] == [
        "out: 192.0.2.1 port 9",
        "out: a name look-up at 192.0.2.53, probe.example",
    ]


def test_no_packet_was_for_another_machine(captured: dict[str, Any]) -> None:
    assert captured["leaks"] == {}
    assert captured["asked_by_pages"] == []


def frame(target: str, port: int, payload: bytes = b"") -> bytes:
    head = bytes([0x45]) + bytes(8) + bytes([socket.IPPROTO_UDP]) + bytes(6)
    return (
        bytes(14)
        + head
        + socket.inet_aton(target)
        + struct.pack(">HHHH", 1, port, 0, 0)
        + payload
    )


@pytest.mark.parametrize(
    ("target", "port", "expected"),
    [
        ("127.0.0.1", 8000, None),
        ("127.0.0.53", 53, "lo: a name look-up at 127.0.0.53, unreadable"),
        ("203.0.113.9", 443, "lo: 203.0.113.9 port 443"),
    ],
)
def test_what_counts_as_a_leak(target: str, port: int, expected: str | None) -> None:
    assert leak_of("lo", 0x0800, frame(target, port)) == expected
