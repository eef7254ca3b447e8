"""Pod Security `restricted`: what a pod violates, in the server's words."""

from __future__ import annotations

from collections.abc import Callable

from tests.kubernetes.fake.refusals import Json

_VOLUMES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral",
    "persistentVolumeClaim", "projected", "secret",
}  # fmt: skip


def violations(pod: Json) -> list[str]:
    """Return what in a pod is not allowed where `restricted` is enforced."""
    spec = pod["spec"]
    containers = [*spec.get("initContainers", []), *spec["containers"]]
    whole = spec.get("securityContext") or {}
    found: list[str] = []

    def bad(test: Callable[[Json], bool]) -> list[str]:
        return [c["name"] for c in containers if test(c.get("securityContext") or {})]

    hosts = [k for k in ("hostNetwork", "hostPID", "hostIPC") if spec.get(k)]
    if hosts:
        found.append(f"host namespaces ({', '.join(f'{h}=true' for h in hosts)})")
    paths = [v["name"] for v in spec.get("volumes", []) if "hostPath" in v]
    if paths:
        found.append(f"hostPath volumes ({_named('volume', paths)})")
    if names := bad(lambda c: bool(c.get("privileged"))):
        must = "must not set securityContext.privileged=true"
        found.append(f"privileged ({_named('container', names)} {must})")
    if names := bad(lambda c: c.get("allowPrivilegeEscalation") is not False):
        must = "must set securityContext.allowPrivilegeEscalation=false"
        found.append(
            f"allowPrivilegeEscalation != false ({_named('container', names)} {must})"
        )
    if names := bad(
        lambda c: "ALL" not in (c.get("capabilities") or {}).get("drop", [])
    ):
        must = 'must set securityContext.capabilities.drop=["ALL"]'
        found.append(f"unrestricted capabilities ({_named('container', names)} {must})")
    found += _volumes(spec)
    root = whole.get("runAsNonRoot")
    if names := bad(lambda c: c.get("runAsNonRoot", root) is not True):
        must = "must set securityContext.runAsNonRoot=true"
        found.append(
            f"runAsNonRoot != true (pod or {_named('container', names)} {must})"
        )
    if names := bad(lambda c: c.get("runAsUser", whole.get("runAsUser")) == 0):
        must = "must not set runAsUser=0"
        found.append(f"runAsUser=0 (pod or {_named('container', names)} {must})")
    general = (whole.get("seccompProfile") or {}).get("type")
    allowed = {"RuntimeDefault", "Localhost"}
    if names := bad(
        lambda c: (c.get("seccompProfile") or {}).get("type", general) not in allowed
    ):
        must = (
            'must set securityContext.seccompProfile.type to "RuntimeDefault" or '
            '"Localhost"'
        )
        found.append(f"seccompProfile (pod or {_named('container', names)} {must})")
    return found


def _volumes(spec: Json) -> list[str]:
    found = []
    for volume in spec.get("volumes", []):
        for used in set(volume) - {"name"} - _VOLUMES:
            name = volume["name"]
            what = f'volume "{name}" uses restricted volume type "{used}"'
            found.append(f"restricted volume types ({what})")
    return found


def _named(what: str, names: list[str]) -> str:
    listed = ", ".join(f'"{name}"' for name in names)
    return f"{what}{'s' if len(names) > 1 else ''} {listed}"
