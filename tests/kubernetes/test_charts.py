"""The charts: Kubernetes takes every object, and none gives more than it must."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest

from nbinterview.cluster.manifest import APP, PORTS, SERVICE, KernelSpec, pod
from nbinterview.home import SECRET_NAMES
from tests.kubernetes.charts import (
    EVERYTHING,
    KERNELS,
    LITTLE,
    PLATFORM,
    ROOMS,
    VALUES,
    VERSIONS,
    Manifest,
    all_of,
    containers,
    helm,
    named,
    of_kind,
    pod_specs,
    rendered,
    strings,
)


@pytest.fixture(scope="module", params=VALUES)
def manifests(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> list[Manifest]:
    """All objects of the chart, for one set of values after the other."""
    return rendered(tmp_path_factory.mktemp("helm"), VALUES[request.param])


@pytest.fixture(scope="module")
def defaults(tmp_path_factory: pytest.TempPathFactory) -> list[Manifest]:
    return rendered(tmp_path_factory.mktemp("helm"), {})


# ------------------------------------------------------------ what Kubernetes takes


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_fits_the_schema_of_kubernetes(
    manifests: list[Manifest], version: str
) -> None:
    for one in manifests:
        kubernetes_validate.validate(dict(one), version, strict=True)


def test_no_two_objects_have_one_name(manifests: list[Manifest]) -> None:
    keys = [
        (one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"])
        for one in manifests
    ]
    assert len(set(keys)) == len(keys)


def test_every_object_but_a_namespace_says_where_it_is(
    manifests: list[Manifest],
) -> None:
    for one in manifests:
        assert (one["kind"] == "Namespace") != ("namespace" in one["metadata"])


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("kernel",), {}),
        (("kernels", "qouta"), {"pods": 1}),
        (("kernels", "quota", "memroy"), "1Gi"),
        (("service", "replicas"), 2),
        (("service", "securityContext"), {"privileged": True}),
        (("service", "resources", "limits", "gpu"), "1"),
        (("network", "dns", "ports"), [53]),
        (("namespaces", "enforce"), "privileged"),
    ],
)
def test_an_unknown_key_is_an_error(
    tmp_path: Path, where: tuple[str, ...], value: Any
) -> None:
    for key in reversed(where):
        value = {key: value}
    done = helm(tmp_path, value)
    assert done.returncode != 0
    assert "additional properties" in done.stderr
    assert where[-1] in done.stderr


@pytest.mark.parametrize(
    "values",
    [
        {"publicUrl": "http://interviews.example.org"},
        {"publicUrl": "https://interviews.example.org/path"},
        {"kernels": {"image": {"tag": "latest"}}},
        {"kernels": {"cpus": 0}},
        {"kernels": {"networkProbe": "ignore"}},
        {"namespaces": {"kernels": "Kernels"}},
        {"service": {"resources": {"limits": None}}},
    ],
)
def test_a_value_that_would_not_do_is_an_error(
    tmp_path: Path, values: Mapping[str, Any]
) -> None:
    assert helm(tmp_path, values).returncode != 0


# ------------------------------------------------------------ Pod Security, limits


def test_namespaces_of_rooms_and_kernels_are_restricted(
    defaults: list[Manifest],
) -> None:
    found = {one["metadata"]["name"]: one for one in of_kind(defaults, "Namespace")}
    assert set(found) == {KERNELS, ROOMS}
    for one in found.values():
        for mode in ("enforce", "audit", "warn"):
            label = f"pod-security.kubernetes.io/{mode}"
            assert one["metadata"]["labels"][label] == "restricted"
        assert one["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_namespaces_are_not_made_where_somebody_else_makes_them(
    tmp_path: Path,
) -> None:
    assert not of_kind(rendered(tmp_path, LITTLE), "Namespace")


def test_pods_are_held_to_restricted(manifests: list[Manifest]) -> None:
    for spec in pod_specs(manifests):
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["enableServiceLinks"] is False
        kinds = {next(key for key in one if key != "name") for one in spec["volumes"]}
        assert kinds <= {"emptyDir", "secret", "configMap", "persistentVolumeClaim"}
        for volume in spec["volumes"]:
            assert "emptyDir" not in volume or volume["emptyDir"]["sizeLimit"]
    for one in containers(manifests):
        assert one["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "runAsUser": 1000,
            "runAsGroup": 1000,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        assert not any("hostPort" in port for port in one.get("ports", []))


def test_nothing_is_privileged_anywhere(manifests: list[Manifest]) -> None:
    found = set(strings(manifests))
    assert not found & {"privileged", "hostPath", "Unconfined", "*", "escalate"}


def test_every_container_has_all_limits(manifests: list[Manifest]) -> None:
    for one in containers(manifests):
        for side in ("requests", "limits"):
            assert set(one["resources"][side]) == {
                "cpu",
                "memory",
                "ephemeral-storage",
            }


def test_both_namespaces_have_a_quota_and_limits(manifests: list[Manifest]) -> None:
    quotas = {
        one["metadata"]["namespace"]: one["spec"]["hard"]
        for one in of_kind(manifests, "ResourceQuota")
    }
    ranges = {one["metadata"]["namespace"] for one in of_kind(manifests, "LimitRange")}
    assert set(quotas) == ranges
    assert len(ranges) == 2
    for hard in quotas.values():
        assert {"pods", "limits.memory", "limits.cpu"} <= set(hard)
        assert hard["services"] == "0"


def test_a_large_amount_is_written_as_a_whole_number(tmp_path: Path) -> None:
    found = rendered(tmp_path, EVERYTHING)
    [limit] = named(found, "LimitRange", "nbinterview", KERNELS)["spec"]["limits"]
    assert limit["max"] == {"memory": str(64 * 2**30), "cpu": "0.5"}
    [config] = of_kind(found, "ConfigMap")
    kernels = json.loads(config["data"]["kernels.json"])
    assert kernels["memory_bytes"] == 64 * 2**30
    assert kernels["runtime_class"] == "gvisor"


# ------------------------------------------------------------ rights


def test_only_the_service_reaches_kernels_and_only_the_hub_rooms(
    defaults: list[Manifest],
) -> None:
    bound = {
        one["metadata"]["namespace"]: (
            one["roleRef"]["name"],
            [(who["kind"], who["name"], who["namespace"]) for who in one["subjects"]],
        )
        for one in of_kind(defaults, "RoleBinding")
    }
    assert bound == {
        KERNELS: (
            "nbinterview-service",
            [("ServiceAccount", "nbinterview-service", PLATFORM)],
        ),
        ROOMS: ("nbinterview-hub", [("ServiceAccount", "hub", PLATFORM)]),
    }


def test_what_the_service_and_the_hub_may_do(defaults: list[Manifest]) -> None:
    rights = {
        one["metadata"]["namespace"]: {
            (resource, verb)
            for rule in one["rules"]
            for resource in rule["resources"]
            for verb in rule["verbs"]
        }
        for one in of_kind(defaults, "Role")
    }
    see = ("get", "list", "watch")
    make = (*see, "create", "delete")
    assert rights == {
        KERNELS: all_of(("pods", "secrets", "networkpolicies"), make)
        | all_of(("events",), see),
        ROOMS: all_of(("pods", "persistentvolumeclaims"), make)
        | all_of(("events",), see),
    }


def test_nobody_has_rights_in_the_whole_cluster(manifests: list[Manifest]) -> None:
    assert not of_kind(manifests, "ClusterRole")
    assert not of_kind(manifests, "ClusterRoleBinding")


def test_only_the_service_gets_a_token_of_the_cluster(
    manifests: list[Manifest],
) -> None:
    for account in of_kind(manifests, "ServiceAccount"):
        assert account["automountServiceAccountToken"] is False
    with_token = {
        spec["serviceAccountName"]
        for spec in pod_specs(manifests)
        if spec["automountServiceAccountToken"]
    }
    assert with_token == {"nbinterview-service"}


# ------------------------------------------------------------ network


@pytest.mark.parametrize("namespace", [KERNELS, ROOMS])
def test_rooms_and_kernels_begin_with_nothing_in_and_nothing_out(
    defaults: list[Manifest], namespace: str
) -> None:
    policy = named(defaults, "NetworkPolicy", "nbinterview-deny", namespace)
    assert policy["spec"] == {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
    }


def test_nothing_opens_the_kernels_namespace_but_the_service(
    defaults: list[Manifest],
) -> None:
    inside = [
        one["metadata"]["name"]
        for one in of_kind(defaults, "NetworkPolicy")
        if one["metadata"]["namespace"] == KERNELS
    ]
    assert inside == ["nbinterview-deny"]


def test_a_room_reaches_names_hub_service_and_kernels(
    defaults: list[Manifest],
) -> None:
    policy = named(defaults, "NetworkPolicy", "nbinterview-rooms", ROOMS)
    egress = policy["spec"]["egress"]
    assert all(rule["to"] for rule in egress)
    assert [[port["port"] for port in rule["ports"]] for rule in egress] == [
        [53, 53],
        [8081],
        [8010],
        [5001],
    ]
    assert egress[-1]["ports"][0]["endPort"] == 5005
    assert not any("ipBlock" in peer for rule in egress for peer in rule["to"])


def test_the_services_pod_is_the_one_that_the_kernels_policies_let_in(
    defaults: list[Manifest],
) -> None:
    deployment = named(defaults, "Deployment", "nbinterview-service", PLATFORM)
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert SERVICE.items() <= labels.items()
    policy = named(defaults, "NetworkPolicy", "nbinterview-service", PLATFORM)
    to_kernels = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": APP}}}
    [rule] = [
        rule
        for rule in policy["spec"]["egress"]
        if any(to_kernels.items() <= peer.items() for peer in rule.get("to", []))
    ]
    assert rule["ports"] == [{"protocol": "TCP", "port": 5001, "endPort": 5005}]
    assert set(PORTS.values()) == set(range(5001, 5006))


def test_a_kernel_of_the_charts_values_fits_into_its_namespace(
    defaults: list[Manifest],
) -> None:
    [config] = of_kind(defaults, "ConfigMap")
    found = json.loads(config["data"]["kernels.json"])
    for other in ("namespace", "rooms_namespace", "service_namespace", "network_probe"):
        del found[other]
    spec = KernelSpec("aaaaabbbbb", "room", **found)
    [container] = pod(spec, "kernel-aaaaabbbbb-ccccc")["spec"]["containers"]
    limits = container["resources"]["limits"]
    [most] = named(defaults, "LimitRange", "nbinterview", KERNELS)["spec"]["limits"]
    assert limits["memory"] == most["max"]["memory"]
    assert limits["cpu"] == "1000m"
    assert most["max"]["cpu"] == "1"


def test_nobody_comes_in_from_anywhere(manifests: list[Manifest]) -> None:
    for policy in of_kind(manifests, "NetworkPolicy"):
        assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
        for rule in policy["spec"].get("ingress", []):
            assert rule["from"]
            for peer in rule["from"]:
                assert peer.get("podSelector"), "a whole namespace may come in"


# ------------------------------------------------------------ secrets


def test_the_chart_holds_no_secret(manifests: list[Manifest]) -> None:
    assert not of_kind(manifests, "Secret")
    for one in of_kind(manifests, "ConfigMap"):
        text = json.dumps(one["data"])
        assert not any(
            name in text for name in (*SECRET_NAMES, "password", "postgresql")
        )


def test_no_secret_is_in_the_environment_but_the_databases_address(
    manifests: list[Manifest],
) -> None:
    for one in containers(manifests):
        by_reference = {
            entry["name"] for entry in one.get("env", []) if "valueFrom" in entry
        }
        assert by_reference <= {"NBINTERVIEW_DATABASE_URL"}
        assert "envFrom" not in one


def test_each_part_gets_its_own_secrets_alone(defaults: list[Manifest]) -> None:
    mounted = {
        one["name"]: {
            mount["subPath"] for mount in one["volumeMounts"] if "subPath" in mount
        }
        for one in containers(defaults)
    }
    assert mounted == {
        "service": {
            "service_token",
            "report_key",
            "hub_key",
            "operator_token",
            "invitation_key",
            "room_key",
            "ticket_key",
        },
        "report": {"report_token", "report_key"},
        "folders": set(),
    }
    assert set().union(*mounted.values()) <= set(SECRET_NAMES)


# ------------------------------------------------------------ life and end


def test_every_part_is_asked_whether_it_lives_and_ends_gently(
    manifests: list[Manifest],
) -> None:
    for spec in pod_specs(manifests):
        [one] = spec["containers"]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            assert one[probe]["httpGet"]["port"] == "http"
        pause = one["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert spec["terminationGracePeriodSeconds"] > pause + 5


def test_the_service_is_one_process(defaults: list[Manifest]) -> None:
    spec = named(defaults, "Deployment", "nbinterview-service", PLATFORM)["spec"]
    assert spec["replicas"] == 1
    assert spec["strategy"] == {"type": "Recreate"}


def test_no_drain_ends_an_interview(defaults: list[Manifest]) -> None:
    for namespace, name in ((KERNELS, "kernels"), (ROOMS, "rooms")):
        budget = named(
            defaults, "PodDisruptionBudget", f"nbinterview-{name}", namespace
        )
        quota = named(defaults, "ResourceQuota", "nbinterview", namespace)
        assert str(budget["spec"]["minAvailable"]) == quota["spec"]["hard"]["pods"]
