"""What the API server adds to an object that it is given, and what it finds wrong."""

from __future__ import annotations

import base64
import copy
import random
import re
import string
import uuid
from datetime import datetime
from typing import Any

from tests.kubernetes.fake.kinds import NAMESPACES, PODS, SECRETS, Kind
from tests.kubernetes.fake.refusals import Json, invalid

_random = random.SystemRandom()
_SUBDOMAIN = re.compile(
    r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
)
_NAME_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
    "characters, '-' or '.', and must start and end with an alphanumeric character "
    "(e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)


def stamp(moment: datetime) -> str:
    """Write a time as Kubernetes does: whole seconds, UTC."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def suffix(length: int = 5) -> str:
    """Return what the server hangs on a generated name."""
    letters = "bcdfghjklmnpqrstvwxz2456789"
    return "".join(_random.choice(letters) for _ in range(length))


def completed(kind: Kind, given: Json, namespace: str, now: datetime) -> Json:
    """Return a new object as it is stored: with what the server fills in."""
    found = copy.deepcopy(given)
    found["kind"], found["apiVersion"] = kind.name, kind.api_version
    metadata = found.setdefault("metadata", {})
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = metadata["generateName"] + suffix()
    name = str(metadata.get("name") or "")
    if not name:
        why = "Required value: name or generateName is required"
        raise invalid(kind.name, name, "metadata.name", "FieldValueRequired", why)
    if _SUBDOMAIN.fullmatch(name) is None or len(name) > 253:
        why = f'Invalid value: "{name}": {_NAME_RULE}'
        raise invalid(kind.name, name, "metadata.name", "FieldValueInvalid", why)
    if kind.namespaced:
        metadata["namespace"] = namespace
    metadata["uid"] = str(uuid.uuid4())
    metadata["creationTimestamp"] = stamp(now)
    metadata.pop("resourceVersion", None)
    if kind.generation:
        metadata["generation"] = 1
    match kind:
        case kind if kind is PODS:
            _pod(found)
        case kind if kind is NAMESPACES:
            metadata.setdefault("labels", {})["kubernetes.io/metadata.name"] = name
            found["spec"] = {"finalizers": ["kubernetes"]}
            found["status"] = {"phase": "Active"}
        case kind if kind is SECRETS:
            secret(found)
        case _ if kind.name == "ResourceQuota":
            found["status"] = {}
        case _ if kind.name == "PersistentVolumeClaim":
            found.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")
            found["status"] = {"phase": "Pending"}
        case _ if kind.name == "Service":
            found.setdefault("spec", {}).setdefault("type", "ClusterIP")
            found["status"] = {"loadBalancer": {}}
    return found


def secret(found: Json) -> None:
    """Write `stringData` into `data`: it is only ever given, never shown."""
    plain = found.pop("stringData", None) or {}
    coded = {k: base64.b64encode(v.encode()).decode() for k, v in plain.items()}
    if coded:
        found["data"] = {**found.get("data", {}), **coded}
    found.setdefault("type", "Opaque")


def _pod(pod: Json) -> None:
    spec = pod["spec"]
    if not spec.get("containers"):
        name = pod["metadata"]["name"]
        raise invalid(
            "Pod", name, "spec.containers", "FieldValueRequired", "Required value"
        )
    for container in [*spec["containers"], *spec.get("initContainers", [])]:
        _container(container)
    account = spec.get("serviceAccountName") or "default"
    added: Json = {
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "serviceAccountName": account,
        "serviceAccount": account,
        "securityContext": {},
        "schedulerName": "default-scheduler",
        "priority": 0,
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
    }
    for key, value in added.items():
        spec.setdefault(key, value)
    tolerations = spec.setdefault("tolerations", [])
    for trouble in ("not-ready", "unreachable"):
        key = f"node.kubernetes.io/{trouble}"
        if not any(t.get("key") == key for t in tolerations):
            tolerations.append(
                {"key": key, "operator": "Exists", "effect": "NoExecute",
                 "tolerationSeconds": 300}
            )  # fmt: skip
    for volume in spec.get("volumes", []):
        for source in ("secret", "configMap", "projected", "downwardAPI"):
            if source in volume:
                volume[source].setdefault("defaultMode", 420)
    if spec.get("automountServiceAccountToken") is not False:
        _account_token(spec)
    pod["status"] = {"phase": "Pending", "qosClass": _quality(spec)}


def _container(container: Json) -> None:
    image = str(container.get("image", ""))
    latest = ":" not in image.rpartition("/")[2] or image.endswith(":latest")
    container.setdefault("imagePullPolicy", "Always" if latest else "IfNotPresent")
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    resources = container.setdefault("resources", {})
    if limits := resources.get("limits"):
        resources["requests"] = {**limits, **resources.get("requests", {})}
    for port in container.get("ports", []):
        port.setdefault("protocol", "TCP")


def _account_token(spec: Json) -> None:
    name = f"kube-api-access-{suffix()}"
    where = {"apiVersion": "v1", "fieldPath": "metadata.namespace"}
    sources: list[Json] = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt",
                       "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": where}]}},
    ]  # fmt: skip
    volume = {"name": name, "projected": {"sources": sources, "defaultMode": 420}}
    spec.setdefault("volumes", []).append(volume)
    path = "/var/run/secrets/kubernetes.io/serviceaccount"
    for container in spec["containers"]:
        mount = {"name": name, "readOnly": True, "mountPath": path}
        container.setdefault("volumeMounts", []).append(mount)


def _quality(spec: Json) -> str:
    resources = [c["resources"] for c in spec["containers"]]
    if not any(r.get("limits") or r.get("requests") for r in resources):
        return "BestEffort"
    both = {"cpu", "memory"}
    guaranteed = all(
        both <= set(r.get("limits", {})) and r.get("limits") == r.get("requests")
        for r in resources
    )
    return "Guaranteed" if guaranteed else "Burstable"


_FREE = {"activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"}


def check_update(before: Json, after: Json) -> None:
    """Refuse a change of a pod that a pod does not allow."""

    def fixed(pod: Json) -> Json:
        spec: dict[str, Any] = {k: v for k, v in pod["spec"].items() if k not in _FREE}
        for key in ("containers", "initContainers"):
            if key in spec:
                spec[key] = [{**c, "image": ""} for c in spec[key]]
        return spec

    if fixed(before) != fixed(after):
        why = (
            "Forbidden: pod updates may not change fields other than "
            "`spec.containers[*].image`,`spec.initContainers[*].image`,"
            "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to "
            "existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to "
            "be set to 1 if it was previously negative)\n"
        )
        name = before["metadata"]["name"]
        raise invalid("Pod", name, "spec", "FieldValueForbidden", why)


def container_id() -> str:
    return "".join(_random.choice(string.hexdigits[:16]) for _ in range(64))
