"""Who asks, and what they may: bearer tokens, roles and their bindings."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from tests.kubernetes.fake.kinds import BINDINGS, ROLES
from tests.kubernetes.fake.refusals import Json, unauthorized
from tests.kubernetes.fake.store import Store

ADMIN = "kubernetes-admin"
ANONYMOUS = "system:anonymous"


@dataclass
class Access:
    """The users of a cluster by their tokens."""

    store: Store
    admin_token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    users: dict[str, str] = field(default_factory=dict)

    def issue(self, namespace: str, account: str) -> str:
        """Return a token by which a service account is known."""
        token = secrets.token_urlsafe(24)
        self.users[token] = f"system:serviceaccount:{namespace}:{account}"
        return token

    def user(self, authorization: str | None) -> str:
        """Return who asks; no token at all is nobody, a wrong one is refused."""
        if not authorization:
            return ANONYMOUS
        token = authorization.removeprefix("Bearer ")
        if secrets.compare_digest(token, self.admin_token):
            return ADMIN
        if token not in self.users:
            raise unauthorized()
        return self.users[token]

    def allowed(
        self, user: str, verb: str, group: str, resource: str, namespace: str
    ) -> str | None:
        """Return by what a user may do something in a namespace; None if nothing."""
        if user == ADMIN:
            return "cluster admin"
        for binding in self.store.all(BINDINGS, namespace) if namespace else []:
            subject = next(
                (
                    s
                    for s in binding.get("subjects", [])
                    if _named(s, namespace) == user
                ),
                None,
            )
            role_name = binding["roleRef"]["name"]
            role = self.store.get(ROLES, namespace, role_name)
            if subject is None or role is None:
                continue
            if any(_covers(rule, verb, group, resource) for rule in role["rules"]):
                name = binding["metadata"]["name"]
                account = f"{subject['name']}/{subject.get('namespace', namespace)}"
                return (
                    f'RBAC: allowed by RoleBinding "{name}/{namespace}" of Role '
                    f'"{role_name}" to ServiceAccount "{account}"'
                )
        return None


def _named(subject: Json, namespace: str) -> str:
    if subject["kind"] != "ServiceAccount":
        return str(subject["name"])
    where = subject.get("namespace", namespace)
    return f"system:serviceaccount:{where}:{subject['name']}"


def _covers(rule: Json, verb: str, group: str, resource: str) -> bool:
    return (
        bool({verb, "*"} & set(rule["verbs"]))
        and bool({group, "*"} & set(rule["apiGroups"]))
        and bool({resource, "*"} & set(rule["resources"]))
    )
