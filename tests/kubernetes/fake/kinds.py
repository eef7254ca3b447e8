"""Which kinds of objects the fake knows, and its answers to discovery."""

from __future__ import annotations

from dataclasses import dataclass

from tests.kubernetes.fake.refusals import Json

_ALL = (
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
)


@dataclass(frozen=True)
class Kind:
    """A resource of the API: where it lies and how it behaves."""

    plural: str
    name: str
    group: str = ""
    version: str = "v1"
    namespaced: bool = True
    generation: bool = False
    short: str = ""

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def base(self) -> str:
        """Return the path below which its objects lie."""
        return (
            f"/apis/{self.group}/{self.version}"
            if self.group
            else f"/api/{self.version}"
        )


_RBAC = "rbac.authorization.k8s.io"
PODS = Kind("pods", "Pod", generation=True, short="po")
EVENTS = Kind("events", "Event", short="ev")
NAMESPACES = Kind("namespaces", "Namespace", namespaced=False, short="ns")
QUOTAS = Kind("resourcequotas", "ResourceQuota", short="quota")
SECRETS = Kind("secrets", "Secret")
SERVICES = Kind("services", "Service", short="svc")
CLAIMS = Kind("persistentvolumeclaims", "PersistentVolumeClaim", short="pvc")
ACCOUNTS = Kind("serviceaccounts", "ServiceAccount", short="sa")
POLICIES = Kind(
    "networkpolicies", "NetworkPolicy", "networking.k8s.io", generation=True
)
ROLES = Kind("roles", "Role", _RBAC)
BINDINGS = Kind("rolebindings", "RoleBinding", _RBAC)

KINDS = (
    EVENTS, NAMESPACES, CLAIMS, PODS, QUOTAS, SECRETS, ACCOUNTS, SERVICES,
    POLICIES, BINDINGS, ROLES,
)  # fmt: skip
_GROUPS = ("networking.k8s.io", _RBAC)


def find(group: str, version: str, plural: str) -> Kind | None:
    for kind in KINDS:
        if (kind.group, kind.version, kind.plural) == (group, version, plural):
            return kind
    return None


def discovery(path: str, address: str) -> Json | None:
    """Answer /version, /api, /apis and the lists of what is in a group."""
    if path == "/version":
        return {
            "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36",
            "minCompatibilityMajor": "1", "minCompatibilityMinor": "35",
            "gitVersion": "v1.36.2", "gitCommit": "$Format:%H$",
            "gitTreeState": "clean",
            "buildDate": "1970-01-01T00:00:00Z", "goVersion": "go1.27.3",
            "compiler": "gc", "platform": "linux/amd64",
        }  # fmt: skip
    if path == "/api":
        server = {"clientCIDR": "0.0.0.0/0", "serverAddress": address}
        return {
            "kind": "APIVersions",
            "versions": ["v1"],
            "serverAddressByClientCIDRs": [server],
        }
    if path == "/apis":
        groups = []
        for group in _GROUPS:
            version = {"groupVersion": f"{group}/v1", "version": "v1"}
            groups.append(
                {"name": group, "versions": [version], "preferredVersion": version}
            )
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
    for group in ("", *_GROUPS):
        found = [kind for kind in KINDS if kind.group == group]
        if path == found[0].base:
            return {
                "kind": "APIResourceList",
                **({"apiVersion": "v1"} if group else {}),
                "groupVersion": found[0].api_version,
                "resources": [_described(kind) for kind in found],
            }
    return None


def _described(kind: Kind) -> Json:
    without = {"deletecollection"} if kind is NAMESPACES else set()
    return {
        "name": kind.plural,
        "singularName": kind.name.lower(),
        "namespaced": kind.namespaced,
        "kind": kind.name,
        "verbs": [verb for verb in _ALL if verb not in without],
        **({"shortNames": [kind.short]} if kind.short else {}),
    }
