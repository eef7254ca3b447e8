"""Whether the cluster really keeps kernels off the network: a probe, and its answer.

A cluster may accept a NetworkPolicy and not enforce it. The probe runs in the kernels'
namespace under the same policy as a kernel and tries to connect to addresses that
answer: the API server above all, which every pod reaches where nothing is enforced.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nbinterview.cluster.manifest import (
    OURS,
    PURPOSE_LABEL,
    Manifest,
    PullPolicy,
    confined,
    isolated,
)

Egress = Literal["denied", "open", "unknown"]

LABELS = {**OURS, PURPOSE_LABEL: "probe"}
CONTAINER = "probe"
#: Some clusters begin to enforce a policy only seconds after a pod's start.
SECONDS = 15
_TIMEOUT_S = 2
_MEMORY = str(64 * 1024 * 1024)
_DISK = str(16 * 1024 * 1024)

# Stands alone: it runs in the image of kernels, which has none of the service's code.
# A refusal is an answer too, from the target or from a policy that rejects; it is told
# apart because only a connection proves that the way is open.
_SCRIPT = """\
import json, socket, sys, time
targets, seconds, timeout = json.loads(sys.argv[1])
end = time.monotonic() + seconds
found = {}
while True:
    for name, host, port in targets:
        try:
            socket.create_connection((host, port), timeout).close()
            found[name] = "connected"
        except ConnectionRefusedError:
            found[name] = "refused"
        except OSError:
            found[name] = "nothing"
    if "connected" not in found.values() or time.monotonic() >= end:
        break
    time.sleep(1)
with open("/dev/termination-log", "w") as file:
    json.dump(found, file)
"""


@dataclass(frozen=True)
class Target:
    """An address to try. `answers`: something is known to listen there."""

    name: str
    host: str
    port: int
    answers: bool = True


@dataclass(frozen=True)
class Isolation:
    """What a probe found, and words about it for staff."""

    egress: Egress
    words: str


def pod(
    name: str, image: str, targets: Sequence[Target], pull_policy: PullPolicy
) -> Manifest:
    """Return the probe's pod; it ends by itself."""
    tried = [[target.name, target.host, target.port] for target in targets]
    arguments = json.dumps([tried, SECONDS, _TIMEOUT_S])
    last_round_s = len(targets) * _TIMEOUT_S
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": dict(LABELS)},
        "spec": {
            "restartPolicy": "Never",
            "activeDeadlineSeconds": SECONDS + last_round_s + 120,
            **isolated(),
            "containers": [
                {
                    "name": CONTAINER,
                    "image": image,
                    "imagePullPolicy": pull_policy,
                    "command": ["python", "-I", "-c", _SCRIPT, arguments],
                    "terminationMessagePath": "/dev/termination-log",
                    "terminationMessagePolicy": "File",
                    "resources": {
                        "requests": {
                            "cpu": "10m",
                            "memory": _MEMORY,
                            "ephemeral-storage": _DISK,
                        },
                        "limits": {
                            "cpu": "500m",
                            "memory": _MEMORY,
                            "ephemeral-storage": _DISK,
                        },
                    },
                    "securityContext": confined(),
                }
            ],
        },
    }


def network_policy(name: str) -> Manifest:
    """Return the probe's policy: like a kernel's, out to nowhere; in from nowhere."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "labels": dict(LABELS)},
        "spec": {
            "podSelector": {"matchLabels": dict(LABELS)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [],
            "egress": [],
        },
    }


def read(found: Mapping[str, Any] | None, targets: Sequence[Target]) -> Isolation:
    """Return what the ended probe pod says; None: it is not there any more.

    The message is the probe's own, nothing of a candidate has run in that pod.
    """
    results = _results(found)
    if results is None:
        return _unknown("The probe of the network gave no answer.")
    opened = sorted(t.name for t in targets if results.get(t.name) == "connected")
    if opened:
        return Isolation(
            "open",
            f"A kernel can reach {', '.join(opened)}: this cluster does not enforce "
            "network policies. Use a network plugin that does.",
        )
    known = [target for target in targets if target.answers]
    if not known:
        return _unknown("The probe was given no address that is known to answer.")
    if any(results.get(target.name) not in {"nothing", "refused"} for target in known):
        return _unknown("The probe of the network did not try every address.")
    reached = ", ".join(target.name for target in known)
    return Isolation("denied", f"A kernel cannot reach {reached}.")


def _unknown(words: str) -> Isolation:
    return Isolation("unknown", f"{words} Network isolation is not proven.")


def _results(found: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    statuses = ((found or {}).get("status") or {}).get("containerStatuses") or ()
    for container in statuses:
        ended = (container.get("state") or {}).get("terminated") or {}
        if container.get("name") != CONTAINER or ended.get("exitCode") != 0:
            continue
        try:
            results = json.loads(ended.get("message") or "")
        except ValueError:
            return None
        return results if isinstance(results, dict) else None
    return None
