"""What Pod Security `restricted` forbids, written from the Pod Security Standards.

`violations` names what a pod breaks, in the terms of the standard's controls:
https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
_SECCOMP = {"RuntimeDefault", "Localhost"}
_APPARMOR = {None, "RuntimeDefault", "Localhost"}
_SELINUX = {None, "", "container_t", "container_init_t", "container_kvm_t"}
_SYSCTLS = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_local_reserved_ports",
}


def violations(pod: Mapping[str, Any]) -> list[str]:
    """Return the controls that a pod breaks; none: `restricted` accepts it."""
    spec = pod["spec"]
    found = set(_of_pod(spec))
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for container in spec.get(kind) or ():
            found |= set(_of_container(spec, container))
    return sorted(found)


def _of_pod(spec: Mapping[str, Any]) -> Iterator[str]:
    if any(spec.get(name) for name in ("hostNetwork", "hostPID", "hostIPC")):
        yield "host namespaces"
    for volume in spec.get("volumes") or ():
        if not set(volume) - {"name"} <= _VOLUMES or "hostPath" in volume:
            yield "volume types"
    context = spec.get("securityContext") or {}
    for sysctl in context.get("sysctls") or ():
        if sysctl["name"] not in _SYSCTLS:
            yield "sysctls"
    yield from _of_either(context)


def _of_container(
    spec: Mapping[str, Any], container: Mapping[str, Any]
) -> Iterator[str]:
    context = container.get("securityContext") or {}
    shared = spec.get("securityContext") or {}
    if context.get("privileged"):
        yield "privileged"
    if context.get("allowPrivilegeEscalation") is not False:
        yield "privilege escalation"
    if context.get("procMount") not in {None, "Default"}:
        yield "proc mount"
    capabilities = context.get("capabilities") or {}
    if "ALL" not in (capabilities.get("drop") or ()):
        yield "capabilities"
    if set(capabilities.get("add") or ()) - {"NET_BIND_SERVICE"}:
        yield "capabilities"
    if context.get("runAsNonRoot", shared.get("runAsNonRoot")) is not True:
        yield "running as non-root"
    seccomp = context.get("seccompProfile") or shared.get("seccompProfile") or {}
    if seccomp.get("type") not in _SECCOMP:
        yield "seccomp"
    if any(port.get("hostPort") for port in container.get("ports") or ()):
        yield "host ports"
    yield from _of_either(context)


def _of_either(context: Mapping[str, Any]) -> Iterator[str]:
    if context.get("runAsUser") == 0:
        yield "running as non-root user"
    if (context.get("appArmorProfile") or {}).get("type") not in _APPARMOR:
        yield "apparmor"
    selinux = context.get("seLinuxOptions") or {}
    if (
        selinux.get("type") not in _SELINUX
        or selinux.get("user")
        or selinux.get("role")
    ):
        yield "selinux"
    if (context.get("windowsOptions") or {}).get("hostProcess"):
        yield "host process"
