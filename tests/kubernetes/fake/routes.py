"""From a request's path and query to the verbs, and back to an answer."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tests.kubernetes.fake import kinds, patching, watching
from tests.kubernetes.fake.cluster import Chosen, Deletion
from tests.kubernetes.fake.defaults import stamp
from tests.kubernetes.fake.kinds import ACCOUNTS, NAMESPACES, PODS, Kind
from tests.kubernetes.fake.refusals import (
    Json,
    Refused,
    bad_request,
    no_right,
    not_allowed,
    unsupported_media_type,
)

if TYPE_CHECKING:
    from tests.kubernetes.fake.server import FakeKubernetes

FUTURE_S = 3.0
"""So long a list waits for a version that is yet to come."""
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_OBJECTS = [
    "application/json",
    "application/yaml",
    "application/vnd.kubernetes.protobuf",
]


@dataclass(frozen=True)
class _Target:
    kind: Kind
    namespace: str = ""
    name: str = ""
    part: str = ""


class Routes:
    """Answers requests."""

    def __init__(self, fake: FakeKubernetes) -> None:
        self._fake = fake
        self.future_s = FUTURE_S

    async def answer(self, request: Request) -> Any:
        try:
            user = self._fake.access.user(request.headers.get("authorization"))
            return await self._answer(request, user)
        except Refused as refused:
            return _json(refused.status, refused.code, headers=refused.headers)

    async def _answer(self, request: Request, user: str) -> Any:
        path = request.url.path.rstrip("/")
        if path in {"/readyz", "/livez", "/healthz"}:
            return PlainTextResponse("ok")
        host = self._fake.address.removeprefix("http://")
        if (found := kinds.discovery(path, host)) is not None:
            return _json(found)
        if path == _REVIEWS:
            return _json(self._review(user, json.loads(await request.body())), 201)
        target = _target(path)
        if target is None:
            return PlainTextResponse("404 page not found\n", 404)
        verb = _verb(request, target)
        self._authorize(user, verb, target)
        for planned in list(self._fake.refusals):
            if planned[:2] == (verb, target.kind.plural):
                self._fake.refusals.remove(planned)
                raise planned[2]
        if target.part:
            return self._part(target, dict(request.query_params), await request.body())
        return await self._do(verb, target, request)

    def _authorize(self, user: str, verb: str, target: _Target) -> None:
        group, plural = target.kind.group, target.kind.plural
        resource = f"{plural}/{target.part}" if target.part else plural
        where = "" if target.kind is NAMESPACES else target.namespace
        if not self._fake.access.allowed(user, verb, group, resource, where):
            raise no_right(user, verb, resource, group, where)

    def _review(self, user: str, asked: Json) -> Json:
        wanted = asked["spec"]["resourceAttributes"]
        reason = self._fake.access.allowed(
            user, wanted["verb"], wanted.get("group", ""), wanted["resource"],
            wanted.get("namespace", ""),
        )  # fmt: skip
        status = {"allowed": True, "reason": reason} if reason else {"allowed": False}
        return {**asked, "metadata": {}, "status": status}

    async def _do(self, verb: str, target: _Target, request: Request) -> Any:
        cluster, query = self._fake.cluster, dict(request.query_params)
        kind, namespace, name = target.kind, target.namespace, target.name
        chosen = Chosen(
            kind,
            namespace,
            query.get("labelSelector", ""),
            query.get("fieldSelector", ""),
        )
        body = await request.body()
        match verb:
            case "get":
                return _json(cluster.get(kind, namespace, name))
            case "list":
                return await self._list(chosen, query)
            case "watch":
                return self._fake.watches.answer(chosen, watching.asked(query))
            case "create":
                _check_type(request, _OBJECTS)
                strict = query.get("fieldValidation") == "Strict"
                dry = query.get("dryRun") == "All"
                given = cluster.parse(kind, body)
                made, unknown = cluster.create(
                    kind, namespace, given, strict=strict, dry=dry
                )
                warnings = [f'299 - "unknown field \\"{where}\\""' for where in unknown]
                return _json(made, 201, warnings=warnings)
            case "update":
                _check_type(request, _OBJECTS)
                given = cluster.parse(kind, body)
                return _json(cluster.replace(kind, namespace, name, given))
            case "patch":
                how = _check_type(request, patching.ACCEPTED)
                return _json(cluster.patch(kind, namespace, name, how, body))
            case "delete":
                return _json(
                    cluster.delete(kind, namespace, name, _deletion(query, body))
                )
            case _:
                return _json(cluster.delete_all(chosen, _deletion(query, body)))

    async def _list(self, chosen: Chosen, query: dict[str, str]) -> Response:
        cluster, version = self._fake.cluster, query.get("resourceVersion", "")
        try:
            cluster.check_version(version)
        except Refused as refused:
            if refused.code == 504:
                await asyncio.sleep(self.future_s)
                cluster.check_version(version)
            raise
        limit = int(query.get("limit") or 0)
        return _json(cluster.list(chosen, limit, query.get("continue", "")))

    def _part(self, target: _Target, query: dict[str, str], body: bytes) -> Response:
        fake = self._fake
        found = fake.cluster.get(target.kind, target.namespace, target.name)
        match target.kind.plural, target.part:
            case PODS.plural, "log":
                return PlainTextResponse(_log(fake, found, query))
            case PODS.plural, "eviction":
                options = json.loads(body).get("deleteOptions") or {}
                asked = Deletion(options.get("gracePeriodSeconds"))
                fake.cluster.delete(PODS, target.namespace, target.name, asked)
                done = {"kind": "Status", "apiVersion": "v1", "metadata": {},
                        "status": "Success", "code": 201}  # fmt: skip
                return _json(done, 201)
            case ACCOUNTS.plural, "token":
                return _json(_issued(fake, found, json.loads(body)), 201)
            case PODS.plural, "status":
                return _json(found)
        raise Refused(
            404, "NotFound", "the server could not find the requested resource"
        )


def _issued(fake: FakeKubernetes, account: Json, asked: Json) -> Json:
    metadata, spec = account["metadata"], asked.get("spec") or {}
    seconds = spec.get("expirationSeconds") or 3600
    return {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {
            **{key: metadata[key] for key in ("name", "namespace", "uid")},
            "creationTimestamp": stamp(fake.clock()),
        },
        "spec": {
            "audiences": spec.get("audiences") or ["https://kubernetes.default.svc"],
            "expirationSeconds": seconds,
            "boundObjectRef": None,
        },
        "status": {
            "token": fake.access.issue(metadata["namespace"], metadata["name"]),
            "expirationTimestamp": stamp(fake.clock() + timedelta(seconds=seconds)),
        },
    }


def _log(fake: FakeKubernetes, pod: Json, query: dict[str, str]) -> str:
    name = pod["metadata"]["name"]
    statuses = pod["status"].get("containerStatuses", [])
    container = query.get("container") or pod["spec"]["containers"][0]["name"]
    waiting = statuses[0]["state"].get("waiting") if statuses else {"reason": "Pending"}
    if waiting:
        raise bad_request(
            f'container "{container}" in pod "{name}" is waiting to start: '
            f"{waiting['reason']}"
        )
    lines = fake.logs.get(pod["metadata"]["uid"], [])
    if "tailLines" in query:
        lines = lines[-int(query["tailLines"]) :]
    stamped = query.get("timestamps") == "true"
    return "".join(f"{at} {line}\n" if stamped else f"{line}\n" for at, line in lines)


def _target(path: str) -> _Target | None:
    steps = path.split("/")[1:]
    if steps[:2] == ["api", "v1"]:
        group, version, rest = "", "v1", steps[2:]
    elif steps[0] == "apis" and len(steps) > 3:
        group, version, rest = steps[1], steps[2], steps[3:]
    else:
        return None
    if rest[:1] == ["namespaces"] and len(rest) > 2:
        kind = kinds.find(group, version, rest[2])
        if kind is None or not kind.namespaced or len(rest) > 5:
            return None
        return _Target(kind, rest[1], *rest[3:])
    kind = kinds.find(group, version, rest[0]) if rest else None
    if kind is None or len(rest) > (1 if kind.namespaced else 2):
        return None
    return _Target(kind, "", *rest[1:])


def _verb(request: Request, target: _Target) -> str:
    one = bool(target.name)
    if request.method == "GET":
        if one:
            return "get"
        wanted = request.query_params.get("watch", "")
        return "watch" if wanted.lower() in {"true", "1"} else "list"
    verbs = {
        ("POST", False): "create", ("PUT", True): "update", ("PATCH", True): "patch",
        ("DELETE", True): "delete", ("DELETE", False): "deletecollection",
    }  # fmt: skip
    if target.part:
        verbs = {("POST", True): "create", ("PATCH", True): "patch"}
    verb = verbs.get((request.method, one))
    if verb is None or (verb == "deletecollection" and target.kind is NAMESPACES):
        raise not_allowed()
    return verb


def _deletion(query: dict[str, str], body: bytes) -> Deletion:
    options = json.loads(body) if body else {}
    preconditions = options.get("preconditions") or {}
    grace = query.get("gracePeriodSeconds", options.get("gracePeriodSeconds"))
    return Deletion(
        None if grace is None else int(grace),
        preconditions.get("uid"),
        preconditions.get("resourceVersion"),
    )


def _check_type(request: Request, accepted: list[str]) -> str:
    given = request.headers.get("content-type", "application/json").partition(";")[0]
    if given not in accepted:
        raise unsupported_media_type(accepted)
    return given


def _json(
    found: Json,
    code: int = 200,
    *,
    headers: dict[str, str] | None = None,
    warnings: list[str] | None = None,
) -> Response:
    text = json.dumps(found, separators=(",", ":"))
    answer = Response(text, code, headers, "application/json")
    answer.headers["Cache-Control"] = "no-cache, private"
    for warning in warnings or []:
        answer.headers.append("Warning", warning)
    return answer
