"""A cluster by way of kubernetes_asyncio: the only module that knows that package."""

from __future__ import annotations

import json
import math
import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import aiohttp
from kubernetes_asyncio import config
from kubernetes_asyncio.client import ApiClient, Configuration

from nbinterview.cluster.api import Event, Kind, Refused
from nbinterview.cluster.manifest import Manifest
from nbinterview.errors import Unavailable

_Query = Sequence[tuple[str, str]]
_TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=5)
_LATE_S = 10
_PATHS = {
    "Pod": ("/api/v1", "pods"),
    "Secret": ("/api/v1", "secrets"),
    "NetworkPolicy": ("/apis/networking.k8s.io/v1", "networkpolicies"),
}
_AWAY = "The cluster does not answer at the moment. Try again in a minute."
_ENDED = (aiohttp.ClientError, TimeoutError, OSError, ValueError)


class KubernetesCluster:
    """The `Cluster` of one namespace; close it when done."""

    def __init__(self, configuration: Configuration, namespace: str) -> None:
        self._client: Any = ApiClient(configuration)
        self._namespace = namespace

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def create(self, kind: Kind, body: Manifest) -> Manifest:
        """Make an object."""
        return await self._object("POST", self._path(kind), body=body)

    async def get(self, kind: Kind, name: str) -> Manifest | None:
        """Return an object; None: there is none."""
        try:
            return await self._object("GET", self._path(kind, name))
        except Refused as refused:
            if refused.code == 404:
                return None
            raise

    async def list(
        self, kind: Kind, labels: Mapping[str, str]
    ) -> tuple[list[Manifest], str]:
        """Return the objects with these labels, and the version of the list."""
        query = [("labelSelector", _selector(labels))]
        found = await self._object("GET", self._path(kind), query=query)
        return found["items"], found["metadata"]["resourceVersion"]

    async def watch(
        self, kind: Kind, labels: Mapping[str, str], version: str, timeout_s: float
    ) -> AsyncGenerator[Event]:
        """Yield what changes after a version, until the time is up or it breaks off."""
        seconds = max(math.ceil(timeout_s), 1)
        query = [
            ("watch", "true"),
            ("labelSelector", _selector(labels)),
            ("resourceVersion", version),
            ("allowWatchBookmarks", "true"),
            ("timeoutSeconds", str(seconds)),
        ]
        wait = aiohttp.ClientTimeout(total=seconds + _LATE_S, sock_connect=5)
        answer = await self._ask("GET", self._path(kind), query=query, timeout=wait)
        try:
            while True:
                try:
                    line = await answer.content.readline()
                    event = json.loads(line) if line else None
                except _ENDED:  # dropped, or cut off in the middle: listed anew
                    return
                if event is None:
                    return
                if event["type"] == "ERROR":
                    raise Refused(event["object"])
                yield event["type"], event["object"]
        finally:
            answer.close()

    async def delete(
        self, kind: Kind, name: str, *, grace_s: int | None = None
    ) -> None:
        """Remove an object; harmless when there is none."""
        options = {"apiVersion": "v1", "kind": "DeleteOptions"}
        body = (
            options if grace_s is None else {**options, "gracePeriodSeconds": grace_s}
        )
        try:
            await self._object("DELETE", self._path(kind, name), body=body)
        except Refused as refused:
            if refused.code != 404:
                raise

    def _path(self, kind: Kind, name: str | None = None) -> str:
        group, plural = _PATHS[kind]
        path = f"{group}/namespaces/{quote(self._namespace, safe='')}/{plural}"
        return path if name is None else f"{path}/{quote(name, safe='')}"

    async def _object(
        self,
        method: str,
        path: str,
        *,
        query: _Query = (),
        body: Mapping[str, Any] | None = None,
    ) -> Manifest:
        answer = await self._ask(method, path, query=query, body=body)
        try:
            found: Manifest = json.loads(await answer.read())
        except _ENDED as error:
            raise Unavailable(_AWAY) from error
        return found

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        query: _Query = (),
        body: Mapping[str, Any] | None = None,
        timeout: aiohttp.ClientTimeout = _TIMEOUT,  # noqa: ASYNC109 - aiohttp's own
    ) -> aiohttp.ClientResponse:
        try:
            answer: aiohttp.ClientResponse = await self._client.call_api(
                path,
                method,
                query_params=[*query],
                header_params={"Accept": "application/json"},
                body=body,
                auth_settings=["BearerToken"],
                _preload_content=False,
                _request_timeout=timeout,
            )
            if answer.ok:
                return answer
            said = await answer.text(errors="replace")
        except _ENDED as error:
            raise Unavailable(_AWAY) from error
        raise Refused(_refusal(answer.status, said))


async def connect(namespace: str) -> KubernetesCluster:
    """Return the cluster that this process runs in, else that of KUBECONFIG."""
    configuration = Configuration()
    try:
        if "KUBERNETES_SERVICE_HOST" in os.environ:
            load_here: Any = config.load_incluster_config
            load_here(client_configuration=configuration)
        else:
            await config.load_kube_config(client_configuration=configuration)
    except (config.ConfigException, OSError) as error:
        raise Unavailable(
            "There is no cluster to make kernels in: run the service in one with a "
            f"service account, or set KUBECONFIG ({error})."
        ) from error
    return KubernetesCluster(configuration, namespace)


def _selector(labels: Mapping[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in sorted(labels.items()))


def _refusal(code: int, said: str) -> dict[str, Any]:
    try:
        answer = json.loads(said)
    except ValueError:
        answer = None
    if isinstance(answer, dict) and answer.get("kind") == "Status":
        return answer
    return {"kind": "Status", "code": code, "message": said[:400]}
