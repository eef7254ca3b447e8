"""The verbs of the API on what is stored, with admission as a real server has it."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.kubernetes.fake import defaults, fields, quantities, security, selectors
from tests.kubernetes.fake.defaults import stamp
from tests.kubernetes.fake.kinds import NAMESPACES, PODS, QUOTAS, SECRETS, Kind
from tests.kubernetes.fake.kubelet import Clock
from tests.kubernetes.fake.patching import patched
from tests.kubernetes.fake.refusals import (
    Json,
    Refused,
    already_exists,
    bad_request,
    conflict,
    forbidden,
    not_found,
    page_expired,
    version_too_large,
)
from tests.kubernetes.fake.store import Store

_ENFORCE = "pod-security.kubernetes.io/enforce"
_STALE = (
    "the object has been modified; please apply your changes to the latest version "
    "and try again"
)


@dataclass(frozen=True)
class Chosen:
    """Which objects a list, a watch or a deletecollection is about."""

    kind: Kind
    namespace: str = ""
    labels: str = ""
    fields: str = ""

    def matcher(self) -> Callable[[Json], bool]:
        by_label = selectors.labels(self.labels)
        by_field = selectors.fields(self.kind, self.fields)
        return lambda found: by_label(found) and by_field(found)


@dataclass(frozen=True)
class Deletion:
    """What a deletion was asked with."""

    grace: int | None = None
    uid: str | None = None
    version: str | None = None


class Cluster:
    """What is there, and what may be done with it."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock

    def parse(self, kind: Kind, body: bytes) -> Json:
        """Read an object that somebody sends."""
        try:
            given = json.loads(body)
        except ValueError as error:
            text = body.decode(errors="replace")
            shown = text if len(text) <= 30 else f"{text[:30]} ..."
            raise bad_request(
                f"the object provided is unrecognized (must be of type {kind.name}): "
                "couldn't get version/kind; json parse error: unexpected end of JSON "
                f"input ({shown})"
            ) from error
        if not isinstance(given, dict) or given.get("kind", kind.name) != kind.name:
            found = given.get("kind") if isinstance(given, dict) else given
            raise bad_request(
                f'{found} in version "v1" cannot be handled as a {kind.name}'
            )
        return given

    def create(
        self, kind: Kind, namespace: str, given: Json, *, strict: bool, dry: bool
    ) -> tuple[Json, list[str]]:
        """Add an object; also return where it had unknown fields."""
        with self.store.lock:
            known, unknown = fields.cleaned(kind, given)
            if unknown and strict:
                listed = ", ".join(f'unknown field "{where}"' for where in unknown)
                raise bad_request(
                    f'{kind.name} in version "v1" cannot be handled as a {kind.name}: '
                    f"strict decoding error: {listed}"
                )
            name = str(known.get("metadata", {}).get("name", ""))
            place = self._place(kind, namespace, name)
            found = defaults.completed(kind, known, namespace, self.clock())
            name = found["metadata"]["name"]
            if self.store.get(kind, namespace, name) is not None:
                raise already_exists(kind.plural, name, kind.group)
            if kind is PODS:
                self._admit(found, place)
            return (found if dry else self.store.put(kind, found)), unknown

    def get(self, kind: Kind, namespace: str, name: str) -> Json:
        found = self.store.get(kind, namespace, name)
        if found is None:
            raise not_found(kind.plural, name, kind.group)
        if kind is QUOTAS:
            found["status"] = self._counted(found)
        return found

    def list(self, chosen: Chosen, limit: int, token: str) -> Json:
        """Return objects, perhaps a page of them: each page is of one moment."""
        with self.store.lock:
            version, start = self.store.version, ""
            matches = chosen.matcher()
            if token:
                version, start = _read_token(token)
                if 0 <= version < self.store.oldest:
                    raise page_expired(_token(-1, start.removeprefix("/")))
                if version < 0:
                    version, start = self.store.version, f"/{start}"
            at = version if token else None
            found = [
                o
                for o in self.store.all(chosen.kind, chosen.namespace, at)
                if matches(o)
            ]
            left = [o for o in found if _place(chosen, o) + "\0" > start]
            page = left[:limit] if limit else left
            metadata: Json = {"resourceVersion": str(version)}
            if len(left) > len(page):
                metadata["continue"] = _token(version, _place(chosen, page[-1]) + "\0")
                if not chosen.labels and not chosen.fields:
                    metadata["remainingItemCount"] = len(left) - len(page)
            return {
                "kind": f"{chosen.kind.name}List",
                "apiVersion": chosen.kind.api_version,
                "metadata": metadata,
                "items": [_item(o) for o in page],
            }

    def check_version(self, asked: str) -> None:
        """Refuse a list of a version that is no number, or is yet to come."""
        try:
            version = int(asked or 0)
        except ValueError as error:
            raise bad_request(
                f"invalid resource version: {not_a_version(asked)}"
            ) from error
        if version > self.store.version:
            raise version_too_large(version, self.store.version)

    def patch(
        self, kind: Kind, namespace: str, name: str, how: str, body: bytes
    ) -> Json:
        with self.store.lock:
            before = self.get(kind, namespace, name)
            return self._write(kind, before, patched(before, how, body))

    def replace(self, kind: Kind, namespace: str, name: str, given: Json) -> Json:
        with self.store.lock:
            before = self.get(kind, namespace, name)
            return self._write(kind, before, fields.cleaned(kind, given)[0])

    def _write(self, kind: Kind, before: Json, after: Json) -> Json:
        metadata = before["metadata"]
        name = metadata["name"]
        version = (
            after["metadata"].get("resourceVersion") or metadata["resourceVersion"]
        )
        if version != metadata["resourceVersion"]:
            raise conflict(kind.plural, name, _STALE)
        if kind is PODS:
            defaults.check_update(before, after)
        if kind is SECRETS:
            defaults.secret(after)
        kept = ("name", "namespace", "uid", "creationTimestamp", "generation")
        after["metadata"] |= {key: metadata[key] for key in kept if key in metadata}
        if after.get("spec") != before.get("spec") and kind.generation:
            after["metadata"]["generation"] += 1
        if "status" in before:
            after["status"] = before["status"]
        return before if after == before else self.store.put(kind, after)

    def delete(self, kind: Kind, namespace: str, name: str, asked: Deletion) -> Json:
        """Take an object away; a pod that runs gets its time to end first."""
        with self.store.lock:
            found = self.get(kind, namespace, name)
            metadata = found["metadata"]
            self._preconditions(kind, found, asked)
            if kind is PODS:
                return self._delete_pod(found, asked.grace)
            if kind is NAMESPACES:
                metadata["deletionTimestamp"] = stamp(self.clock())
                found["status"] = {"phase": "Terminating"}
                return self.store.put(kind, found)
            self.store.remove(kind, namespace, name)
            details = {"name": name, "kind": kind.plural, "uid": metadata["uid"]}
            if kind.group:
                details["group"] = kind.group
            return {"kind": "Status", "apiVersion": "v1", "metadata": {},
                    "status": "Success", "details": details}  # fmt: skip

    def delete_all(self, chosen: Chosen, asked: Deletion) -> Json:
        """Delete what is chosen; the answer shows it as it was before."""
        with self.store.lock:
            found = self.list(chosen, 0, "")
            for item in found["items"]:
                metadata = item["metadata"]
                self.delete(chosen.kind, metadata["namespace"], metadata["name"], asked)
            return found

    def finish_namespaces(self) -> None:
        """Do what a real cluster does in the background with a deleted namespace."""
        with self.store.lock:
            for found in self.store.all(NAMESPACES):
                if "deletionTimestamp" not in found["metadata"]:
                    continue
                name = found["metadata"]["name"]
                for plural, namespace, inner in list(self.store.objects):
                    if namespace == name:
                        kind = Kind(plural, plural)
                        self.store.remove(kind, namespace, inner)
                self.store.remove(NAMESPACES, "", name)

    def _place(self, kind: Kind, namespace: str, name: str) -> Json:
        if not kind.namespaced:
            return {}
        place = self.store.get(NAMESPACES, "", namespace)
        if place is None:
            raise not_found(NAMESPACES.plural, namespace)
        if "deletionTimestamp" in place["metadata"]:
            cause = {
                "reason": "NamespaceTerminating",
                "message": f"namespace {namespace} is being terminated",
                "field": "metadata.namespace",
            }
            why = (
                f"unable to create new content in namespace {namespace} because it is "
                "being terminated"
            )
            raise forbidden(kind.plural, name, why, [cause])
        return place

    def _admit(self, pod: Json, place: Json) -> None:
        name = pod["metadata"]["name"]
        labels = place["metadata"].get("labels", {})
        if labels.get(_ENFORCE) == "restricted" and (found := security.violations(pod)):
            version = labels.get(f"{_ENFORCE}-version", "latest")
            listed = ", ".join(found)
            why = f'violates PodSecurity "restricted:{version}": {listed}'
            raise forbidden(PODS.plural, name, why)
        namespace = pod["metadata"]["namespace"]
        others = self.store.all(PODS, namespace)
        for quota in self.store.all(QUOTAS, namespace):
            if (refusal := quantities.refusal(quota, pod, others)) is not None:
                raise forbidden(PODS.plural, name, refusal)

    def _counted(self, quota: Json) -> Json:
        hard = quota["spec"]["hard"]
        pods = self.store.all(PODS, quota["metadata"]["namespace"])
        used = quantities.used(hard, pods)
        return {
            "hard": hard,
            "used": {name: quantities.written(used[name], name) for name in used},
        }

    def _preconditions(self, kind: Kind, found: Json, asked: Deletion) -> None:
        metadata = found["metadata"]
        for what, text, wanted, real in (
            ("UID", "UID", asked.uid, metadata["uid"]),
            ("version", "ResourceVersion", asked.version, metadata["resourceVersion"]),
        ):
            if wanted is None or wanted == real:
                continue
            why = (
                f"the {text} in the precondition ({wanted}) does not match the {text} "
                f"in record ({real}). The object might have been "
                + ("deleted and then recreated" if what == "UID" else "modified")
            )
            raise conflict(kind.name, metadata["name"], why)

    def _delete_pod(self, pod: Json, grace: int | None) -> Json:
        metadata = pod["metadata"]
        given = pod["spec"]["terminationGracePeriodSeconds"] if grace is None else grace
        ended = pod["status"]["phase"] in {"Succeeded", "Failed"}
        seconds = 0 if ended or "nodeName" not in pod["spec"] else int(given)
        before = metadata.get("deletionGracePeriodSeconds")
        if before is None:
            metadata["generation"] += 1
        elif seconds >= before:
            return pod
        until = self.clock() + timedelta(seconds=seconds)
        metadata["deletionTimestamp"] = stamp(until)
        metadata["deletionGracePeriodSeconds"] = seconds
        written = self.store.put(PODS, pod)
        if seconds:
            return written
        return self.store.remove(PODS, metadata["namespace"], metadata["name"])


def not_a_version(asked: str) -> str:
    return (
        f'resourceVersion: Invalid value: "{asked}": strconv.ParseUint: parsing '
        f'"{asked}": invalid syntax'
    )


def _item(found: Json) -> Json:
    item = copy.deepcopy(found)
    del item["kind"], item["apiVersion"]
    return item


def _place(chosen: Chosen, found: Json) -> str:
    metadata = found["metadata"]
    inside = (
        "" if chosen.namespace or not chosen.kind.namespaced else metadata["namespace"]
    )
    return f"{inside}/{metadata['name']}" if inside else f"/{metadata['name']}"


def _token(version: int, start: str) -> str:
    text = json.dumps(
        {"v": "meta.k8s.io/v1", "rv": version, "start": start}, separators=(",", ":")
    )
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_token(token: str) -> tuple[int, str]:
    try:
        padded = token + "=" * (-len(token) % 4)
        read: Any = json.loads(base64.urlsafe_b64decode(padded))
        return int(read["rv"]), str(read["start"])
    except (ValueError, KeyError) as error:
        raise bad_request(
            "continue key is not valid: invalid continue token"
        ) from error


__all__ = ["Chosen", "Cluster", "Deletion", "Refused", "not_a_version"]
