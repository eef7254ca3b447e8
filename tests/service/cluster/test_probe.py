"""The probe of the network: its pod, its script run for real, what is read of it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from kubernetes_validate.utils import validate

from nbinterview.cluster import probe
from nbinterview.cluster.manifest import APP
from nbinterview.cluster.probe import Target
from tests.service.cluster.restricted import violations

API = Target("the API server", "10.96.0.1", 443)
OUTSIDE = Target("the outside", "192.0.2.1", 443, answers=False)
BOTH = (API, OUTSIDE)


def _ended(message: str, code: int = 0) -> dict[str, Any]:
    ended = {"exitCode": code, "message": message}
    status = {"name": "probe", "state": {"terminated": ended}}
    return {"status": {"phase": "Succeeded", "containerStatuses": [status]}}


def _read(**results: str) -> str:
    named = {"api": API.name, "outside": OUTSIDE.name}
    told = {named[key]: value for key, value in results.items()}
    return probe.read(_ended(json.dumps(told)), BOTH).egress


def test_the_probe_is_accepted_where_kernels_are_and_meets_the_same_policies() -> None:
    pod = probe.pod("probe-x2y3z", "i", BOTH, "Never")
    policy = probe.network_policy("probe-x2y3z")
    validate(pod, "1.36", strict=True)
    validate(policy, "1.36", strict=True)
    assert violations(pod) == []
    assert pod["metadata"]["labels"]["app.kubernetes.io/name"] == APP
    selected = policy["spec"]["podSelector"]["matchLabels"]
    assert selected.items() <= pod["metadata"]["labels"].items()
    assert policy["spec"]["ingress"] == policy["spec"]["egress"] == []
    assert pod["spec"]["automountServiceAccountToken"] is False


def test_one_connection_is_proof_that_egress_is_open() -> None:
    assert _read(api="connected", outside="nothing") == "open"
    assert _read(api="nothing", outside="connected") == "open"


def test_denied_is_said_only_of_an_address_that_is_known_to_answer() -> None:
    assert _read(api="nothing", outside="nothing") == "denied"
    assert _read(api="refused", outside="nothing") == "denied"
    assert (
        probe.read(_ended('{"the outside": "nothing"}'), (OUTSIDE,)).egress == "unknown"
    )


@pytest.mark.parametrize(
    "found",
    [
        None,
        {},
        {"status": {"phase": "Pending"}},
        _ended("", 1),
        _ended(""),
        _ended("not json"),
        _ended("[]"),
        _ended("{}"),
        _ended('{"the API server": 1}'),
        _ended('{"the API server": "nothing"}', 1),
    ],
)
def test_anything_else_proves_nothing(found: dict[str, Any] | None) -> None:
    isolation = probe.read(found, BOTH)
    assert isolation.egress == "unknown"
    assert "not proven" in isolation.words


def test_the_script_tells_an_open_way_from_a_closed_one(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        closed = socket.create_server(("127.0.0.1", 0))
        nobody = closed.getsockname()[1]
        closed.close()
        targets = (
            Target("open", "127.0.0.1", port),
            Target("shut", "127.0.0.1", nobody),
        )
        told = _run(targets, tmp_path)
    assert told == {"open": "connected", "shut": "refused"}
    assert probe.read(_ended(json.dumps(told)), targets).egress == "open"


def _run(targets: tuple[Target, ...], tmp_path: Path) -> dict[str, str]:
    command = probe.pod("p", "i", targets, "Never")["spec"]["containers"][0]["command"]
    log = tmp_path / "termination-log"
    *_, script, arguments = command
    tried, _, timeout = json.loads(arguments)
    subprocess.run(
        [
            sys.executable,
            *command[1:-2],
            script.replace("/dev/termination-log", str(log)),
            json.dumps([tried, 0, timeout]),
        ],
        check=True,
        timeout=30,
    )
    found: dict[str, str] = json.loads(log.read_text())
    return found
