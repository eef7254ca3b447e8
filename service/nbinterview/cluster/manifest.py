"""What a kernel is in a cluster: its pod, secret and network policy as plain objects.

Functions of values, so that tests compare whole objects and nothing is decided while
talking to a cluster. No name of a person is in any of them, only opaque ids.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nbinterview.errors import Invalid
from nbinterview.ids import INTERVIEW_ID

Manifest = dict[str, Any]
Purpose = Literal["room", "check", "rerun"]
PullPolicy = Literal["Always", "IfNotPresent", "Never"]

APP = "nbinterview-kernel"
INTERVIEW_LABEL = "nbinterview.io/interview"
PURPOSE_LABEL = "nbinterview.io/purpose"
ROOM_LABEL = "nbinterview.io/room"
#: On every object that the service makes for a kernel.
OURS = {
    "app.kubernetes.io/name": APP,
    "app.kubernetes.io/managed-by": "nbinterview",
}
#: The service's own pods, which run checks and re-runs when no room is there.
SERVICE = {
    "app.kubernetes.io/name": "nbinterview",
    "app.kubernetes.io/component": "service",
}

CONTAINER = "kernel"
COMMAND = ("python", "-m", "nbinterview_kernels.pod.entry")
PORTS = {
    "shell": 5001,
    "iopub": 5002,
    "stdin": 5003,
    "control": 5004,
    "hb": 5005,
}
CONNECTION_DIRECTORY = "/run/nbinterview"
CONNECTION_FILE = "connection.json"
HOME = "/home/candidate"
USER = 1000

MIB = 1024 * 1024
#: Of the disk that a pod may fill, for what its container prints.
_LOGS_BYTES = 16 * MIB
#: A kernel mostly waits for a person: so much of its CPU is set aside for it.
_CPU_SET_ASIDE = 4
_SUFFIX = re.compile(r"[a-z2-7]{5}")
_LEAST = {
    "memory_bytes": 128 * MIB,
    "processes": 16,
    "home_bytes": MIB,
    "tmp_bytes": MIB,
    "deadline_s": 60,
}


@dataclass(frozen=True)
class Places:
    """The namespaces that a kernel's traffic may come from, and its own."""

    kernels: str = "nbinterview-kernels"
    rooms: str = "nbinterview-rooms"
    service: str = "nbinterview"


@dataclass(frozen=True)
class KernelSpec:
    """What a kernel is to be and may use; bad values are `Invalid`."""

    interview: str
    purpose: Purpose
    image: str
    pull_policy: PullPolicy = "IfNotPresent"
    memory_bytes: int = 1024 * MIB
    cpus: float = 1
    processes: int = 256
    home_bytes: int = 256 * MIB
    tmp_bytes: int = 256 * MIB
    deadline_s: int = 12 * 3600
    runtime_class: str | None = None
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Mapping[str, Any], ...] = ()

    def __post_init__(self) -> None:
        if INTERVIEW_ID.fullmatch(self.interview) is None:
            raise Invalid("This is not the id of an interview.", field="interview")
        if not self.image.strip():
            raise Invalid("Name the image that kernels run.", field="image")
        if self.cpus < 0.1:
            raise Invalid("A kernel needs at least 0.1 CPU.", field="cpus")
        for name, least in _LEAST.items():
            if getattr(self, name) < least:
                raise Invalid(f"{name} must be at least {least}.", field=name)


@dataclass(frozen=True)
class ConnectionKeys:
    """The secrets of one kernel: it signs by `key`, and encrypts by the CurveZMQ pair.

    The pair is Z85 text. `secretkey` never leaves the pod's Secret.
    """

    key: str = field(repr=False)
    publickey: str = field(repr=False)
    secretkey: str = field(repr=False)


def kernel_name(interview: str, suffix: str) -> str:
    """Return the name of a kernel's pod, secret and policy."""
    if _SUFFIX.fullmatch(suffix) is None:
        raise Invalid("A kernel's name ends in five letters.", field="suffix")
    return f"kernel-{interview}-{suffix}"


def labels(interview: str, purpose: Purpose) -> dict[str, str]:
    """Return what marks the objects of a kernel."""
    return {**OURS, INTERVIEW_LABEL: interview, PURPOSE_LABEL: purpose}


def connection(keys: ConnectionKeys) -> dict[str, Any]:
    """Return what a client of a kernel needs besides its address."""
    return {
        "transport": "tcp",
        "signature_scheme": "hmac-sha256",
        "key": keys.key,
        "curve_publickey": keys.publickey,
        **{f"{channel}_port": port for channel, port in PORTS.items()},
    }


def secret(spec: KernelSpec, name: str, keys: ConnectionKeys) -> Manifest:
    """Return the Secret that holds a kernel's connection file."""
    content = {
        **connection(keys),
        "ip": "0.0.0.0",  # noqa: S104 - a pod's address is not known before it runs
        "curve_secretkey": keys.secretkey,
    }
    encoded = base64.b64encode(json.dumps(content, sort_keys=True).encode())
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": _metadata(spec, name),
        "type": "Opaque",
        "immutable": True,
        "data": {CONNECTION_FILE: encoded.decode("ascii")},
    }


def connection_of(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a client needs from a kernel's Secret, its secret key left out."""
    content = json.loads(base64.b64decode(found["data"][CONNECTION_FILE]))
    return {
        name: value
        for name, value in content.items()
        if name not in {"ip", "curve_secretkey"}
    }


def network_policy(spec: KernelSpec, name: str, places: Places) -> Manifest:
    """Return the policy of a kernel: in from its own room alone, and out to nowhere."""
    if spec.purpose == "room":
        namespace, who = places.rooms, {ROOM_LABEL: spec.interview}
    else:
        namespace, who = places.service, SERVICE
    peer = {
        "namespaceSelector": {
            "matchLabels": {"kubernetes.io/metadata.name": namespace}
        },
        "podSelector": {"matchLabels": dict(who)},
    }
    ports = [{"protocol": "TCP", "port": port} for port in PORTS.values()]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": _metadata(spec, name),
        "spec": {
            "podSelector": {"matchLabels": labels(spec.interview, spec.purpose)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": [peer], "ports": ports}],
            "egress": [],
        },
    }


def pod(spec: KernelSpec, name: str) -> Manifest:
    """Return the pod of a kernel."""
    found: Manifest = {
        "restartPolicy": "Never",
        "activeDeadlineSeconds": spec.deadline_s,
        "hostname": "sandbox",
        **isolated(),
        "containers": [
            {
                "name": CONTAINER,
                "image": spec.image,
                "imagePullPolicy": spec.pull_policy,
                "command": list(COMMAND),
                "workingDir": HOME,
                "env": [
                    {"name": "HOME", "value": HOME},
                    {"name": "NBINTERVIEW_PROCESSES", "value": str(spec.processes)},
                ],
                "ports": [
                    {"name": channel, "containerPort": port, "protocol": "TCP"}
                    for channel, port in PORTS.items()
                ],
                "resources": _resources(spec),
                "securityContext": confined(),
                "volumeMounts": [
                    {
                        "name": "connection",
                        "mountPath": CONNECTION_DIRECTORY,
                        "readOnly": True,
                    },
                    {"name": "home", "mountPath": HOME},
                    {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - in the pod
                ],
            }
        ],
        "volumes": [
            {
                "name": "connection",
                "secret": {"secretName": name, "defaultMode": 0o400},
            },
            {"name": "home", "emptyDir": {"sizeLimit": str(spec.home_bytes)}},
            {"name": "tmp", "emptyDir": {"sizeLimit": str(spec.tmp_bytes)}},
        ],
    }
    if spec.runtime_class is not None:
        found["runtimeClassName"] = spec.runtime_class
    if spec.node_selector:
        found["nodeSelector"] = dict(spec.node_selector)
    if spec.tolerations:
        found["tolerations"] = [dict(each) for each in spec.tolerations]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": _metadata(spec, name),
        "spec": found,
    }


def isolated() -> Manifest:
    """Return what keeps a pod of ours apart from the cluster, whatever it runs.

    `fsGroup` lets the user read a Secret's file of mode 0400, which root owns.
    """
    return {
        "terminationGracePeriodSeconds": 1,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "dnsPolicy": "None",
        "dnsConfig": {"nameservers": ["127.0.0.1"]},
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }


def confined() -> Manifest:
    """Return a container's rights: none, and nothing to write but its volumes."""
    return {
        "runAsNonRoot": True,
        "runAsUser": USER,
        "runAsGroup": USER,
        "privileged": False,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def _metadata(spec: KernelSpec, name: str) -> Manifest:
    return {"name": name, "labels": labels(spec.interview, spec.purpose)}


def _resources(spec: KernelSpec) -> Manifest:
    millicores = round(spec.cpus * 1000)
    disk = str(spec.home_bytes + spec.tmp_bytes + _LOGS_BYTES)
    memory = str(spec.memory_bytes)
    return {
        "requests": {
            "cpu": f"{max(millicores // _CPU_SET_ASIDE, 1)}m",
            "memory": memory,
            "ephemeral-storage": disk,
        },
        "limits": {
            "cpu": f"{millicores}m",
            "memory": memory,
            "ephemeral-storage": disk,
        },
    }
