"""The objects of a kernel, compared whole and held against the cluster's own rules."""

from __future__ import annotations

import base64
import copy
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kubernetes_validate.utils import validate

from nbinterview.cluster import manifest
from nbinterview.cluster.manifest import MIB, ConnectionKeys, KernelSpec, Places
from nbinterview.errors import Invalid
from tests.service.cluster.restricted import violations

ID = "abcdefgh23"
NAME = "kernel-abcdefgh23-x2y3z"
KEYS = ConnectionKeys("the key", "the public key", "the secret key")
SPEC = KernelSpec(ID, "room", "registry.example/kernel:1")
EVERYTHING = KernelSpec(
    ID,
    "rerun",
    "registry.example/kernel:1",
    pull_policy="Never",
    cpus=2.5,
    runtime_class="gvisor",
    node_selector={"pool": "kernels"},
    tolerations=({"key": "kernels", "operator": "Exists", "effect": "NoSchedule"},),
)
LABELS = {
    "app.kubernetes.io/name": "nbinterview-kernel",
    "app.kubernetes.io/managed-by": "nbinterview",
    "nbinterview.io/interview": ID,
    "nbinterview.io/purpose": "room",
}
RIGHTS = {
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "runAsGroup": 1000,
    "seccompProfile": {"type": "RuntimeDefault"},
}
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": NAME, "labels": LABELS},
    "spec": {
        "restartPolicy": "Never",
        "activeDeadlineSeconds": 43200,
        "hostname": "sandbox",
        "terminationGracePeriodSeconds": 1,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "dnsPolicy": "None",
        "dnsConfig": {"nameservers": ["127.0.0.1"]},
        "securityContext": {**RIGHTS, "fsGroup": 1000},
        "containers": [
            {
                "name": "kernel",
                "image": "registry.example/kernel:1",
                "imagePullPolicy": "IfNotPresent",
                "command": ["python", "-m", "nbinterview_kernels.pod.entry"],
                "workingDir": "/home/candidate",
                "env": [
                    {"name": "HOME", "value": "/home/candidate"},
                    {"name": "NBINTERVIEW_PROCESSES", "value": "256"},
                ],
                "ports": [
                    {"name": "shell", "containerPort": 5001, "protocol": "TCP"},
                    {"name": "iopub", "containerPort": 5002, "protocol": "TCP"},
                    {"name": "stdin", "containerPort": 5003, "protocol": "TCP"},
                    {"name": "control", "containerPort": 5004, "protocol": "TCP"},
                    {"name": "hb", "containerPort": 5005, "protocol": "TCP"},
                ],
                "resources": {
                    "requests": {
                        "cpu": "250m",
                        "memory": "1073741824",
                        "ephemeral-storage": "553648128",
                    },
                    "limits": {
                        "cpu": "1000m",
                        "memory": "1073741824",
                        "ephemeral-storage": "553648128",
                    },
                },
                "securityContext": {
                    **RIGHTS,
                    "privileged": False,
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
                "volumeMounts": [
                    {
                        "name": "connection",
                        "mountPath": "/run/nbinterview",
                        "readOnly": True,
                    },
                    {"name": "home", "mountPath": "/home/candidate"},
                    {"name": "tmp", "mountPath": "/tmp"},
                ],
            }
        ],
        "volumes": [
            {"name": "connection", "secret": {"secretName": NAME, "defaultMode": 256}},
            {"name": "home", "emptyDir": {"sizeLimit": "268435456"}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "268435456"}},
        ],
    },
}


def test_a_kernels_pod_is_this_and_nothing_else() -> None:
    assert manifest.pod(SPEC, NAME) == POD


def test_a_pod_with_everything_differs_only_in_what_was_asked_for() -> None:
    expected = copy.deepcopy(POD)
    spec: dict[str, Any] = expected["spec"]  # type: ignore[assignment]
    expected["metadata"] = {
        "name": NAME,
        "labels": {**LABELS, "nbinterview.io/purpose": "rerun"},
    }
    spec["runtimeClassName"] = "gvisor"
    spec["nodeSelector"] = {"pool": "kernels"}
    spec["tolerations"] = [
        {"key": "kernels", "operator": "Exists", "effect": "NoSchedule"}
    ]
    container = spec["containers"][0]
    container["imagePullPolicy"] = "Never"
    container["resources"]["requests"]["cpu"] = "625m"
    container["resources"]["limits"]["cpu"] = "2500m"
    assert manifest.pod(EVERYTHING, NAME) == expected


def test_a_kernels_secret_holds_the_connection_file() -> None:
    found = manifest.secret(SPEC, NAME, KEYS)
    content = json.loads(base64.b64decode(found["data"].pop("connection.json")))
    assert found == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": NAME, "labels": LABELS},
        "type": "Opaque",
        "immutable": True,
        "data": {},
    }
    assert content == {
        "transport": "tcp",
        "ip": "0.0.0.0",
        "signature_scheme": "hmac-sha256",
        "key": "the key",
        "curve_publickey": "the public key",
        "curve_secretkey": "the secret key",
        "shell_port": 5001,
        "iopub_port": 5002,
        "stdin_port": 5003,
        "control_port": 5004,
        "hb_port": 5005,
    }


def test_a_room_is_told_the_same_at_first_and_later_and_never_the_secret_key() -> None:
    read = manifest.connection_of(manifest.secret(SPEC, NAME, KEYS))
    assert read == manifest.connection(KEYS)
    assert "the secret key" not in json.dumps(read)


def test_keys_are_not_in_what_a_log_would_show() -> None:
    assert "key" not in repr(KEYS).replace("ConnectionKeys", "")


def test_only_its_own_room_reaches_a_kernel_and_it_reaches_nobody() -> None:
    found = manifest.network_policy(SPEC, NAME, Places("k", "r", "s"))
    assert found == {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": NAME, "labels": LABELS},
        "spec": {
            "podSelector": {"matchLabels": LABELS},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                {
                    "from": [
                        {
                            "namespaceSelector": {
                                "matchLabels": {"kubernetes.io/metadata.name": "r"}
                            },
                            "podSelector": {"matchLabels": {"nbinterview.io/room": ID}},
                        }
                    ],
                    "ports": [
                        {"protocol": "TCP", "port": port}
                        for port in (5001, 5002, 5003, 5004, 5005)
                    ],
                }
            ],
            "egress": [],
        },
    }


def test_a_rerun_is_reached_by_the_service_and_by_no_room() -> None:
    found = manifest.network_policy(EVERYTHING, NAME, Places("k", "r", "s"))
    (rule,) = found["spec"]["ingress"]
    assert rule["from"] == [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "s"}},
            "podSelector": {
                "matchLabels": {
                    "app.kubernetes.io/name": "nbinterview",
                    "app.kubernetes.io/component": "service",
                }
            },
        }
    ]


@pytest.mark.parametrize("spec", [SPEC, EVERYTHING], ids=["plain", "everything"])
@pytest.mark.parametrize("version", ["1.30", "1.36"])
def test_every_object_fits_the_schemas_of_kubernetes(
    spec: KernelSpec, version: str
) -> None:
    for each in (
        manifest.pod(spec, NAME),
        manifest.secret(spec, NAME, KEYS),
        manifest.network_policy(spec, NAME, Places()),
    ):
        validate(each, version, strict=True)


@pytest.mark.parametrize("spec", [SPEC, EVERYTHING], ids=["plain", "everything"])
def test_pod_security_restricted_accepts_a_kernel(spec: KernelSpec) -> None:
    assert violations(manifest.pod(spec, NAME)) == []


def _host_network(pod: Any) -> None:
    pod["spec"]["hostNetwork"] = True


def _host_path(pod: Any) -> None:
    pod["spec"]["volumes"][1] = {"name": "home", "hostPath": {"path": "/"}}


def _privileged(pod: Any) -> None:
    pod["spec"]["containers"][0]["securityContext"]["privileged"] = True


def _escalates(pod: Any) -> None:
    del pod["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"]


def _capable(pod: Any) -> None:
    pod["spec"]["containers"][0]["securityContext"]["capabilities"] = {}


def _adds(pod: Any) -> None:
    rights = pod["spec"]["containers"][0]["securityContext"]
    rights["capabilities"]["add"] = ["SYS_PTRACE"]


def _root(pod: Any) -> None:
    pod["spec"]["containers"][0]["securityContext"]["runAsUser"] = 0


def _maybe_root(pod: Any) -> None:
    pod["spec"]["containers"][0]["securityContext"]["runAsNonRoot"] = False


def _unconfined(pod: Any) -> None:
    rights = pod["spec"]["containers"][0]["securityContext"]
    rights["seccompProfile"] = {"type": "Unconfined"}


def _host_port(pod: Any) -> None:
    pod["spec"]["containers"][0]["ports"][0]["hostPort"] = 5001


@pytest.mark.parametrize(
    ("spoil", "control"),
    [
        (_host_network, "host namespaces"),
        (_host_path, "volume types"),
        (_privileged, "privileged"),
        (_escalates, "privilege escalation"),
        (_capable, "capabilities"),
        (_adds, "capabilities"),
        (_root, "running as non-root user"),
        (_maybe_root, "running as non-root"),
        (_unconfined, "seccomp"),
        (_host_port, "host ports"),
    ],
)
def test_the_check_of_restricted_sees_what_is_forbidden(
    spoil: Callable[[Any], None], control: str
) -> None:
    pod = copy.deepcopy(manifest.pod(SPEC, NAME))
    spoil(pod)
    assert violations(pod) == [control]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("interview", "Ada Lovelace"),
        ("interview", ""),
        ("image", " "),
        ("cpus", 0),
        ("memory_bytes", MIB),
        ("processes", 1),
        ("home_bytes", 0),
        ("tmp_bytes", 0),
        ("deadline_s", 0),
    ],
)
def test_what_no_kernel_can_be_is_refused_by_name(field: str, value: Any) -> None:
    values = {"interview": ID, "purpose": "room", "image": "i", field: value}
    with pytest.raises(Invalid) as refused:
        KernelSpec(**values)
    assert refused.value.field == field


@pytest.mark.parametrize("suffix", ["", "four", "UPPER", "a-b-c", "toolong", "a.b/c"])
def test_a_suffix_that_no_name_may_end_in_is_refused(suffix: str) -> None:
    with pytest.raises(Invalid):
        manifest.kernel_name(ID, suffix)


_OPAQUE = "abcdefghijklmnopqrstuvwxyz234567"
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


@given(
    st.text(_OPAQUE, min_size=10, max_size=10), st.text(_OPAQUE, min_size=5, max_size=5)
)
def test_every_name_is_a_dns_label(interview: str, suffix: str) -> None:
    assert _DNS_LABEL.fullmatch(manifest.kernel_name(interview, suffix))


@given(
    memory=st.integers(128 * MIB, 2**40),
    cpus=st.floats(0.1, 256),
    home=st.integers(MIB, 2**40),
    tmp=st.integers(MIB, 2**40),
)
def test_limits_are_whole_and_never_below_what_is_asked_for(
    memory: int, cpus: float, home: int, tmp: int
) -> None:
    spec = KernelSpec(
        ID, "room", "i", memory_bytes=memory, cpus=cpus, home_bytes=home, tmp_bytes=tmp
    )
    pod = manifest.pod(spec, NAME)
    resources = pod["spec"]["containers"][0]["resources"]
    requests, limits = resources["requests"], resources["limits"]
    assert int(limits["memory"]) == memory == int(requests["memory"])
    assert int(limits["ephemeral-storage"]) > home + tmp
    assert abs(int(limits["cpu"].removesuffix("m")) - cpus * 1000) <= 0.5
    assert 0 < int(requests["cpu"][:-1]) <= int(limits["cpu"][:-1])
