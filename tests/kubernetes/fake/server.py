"""The fake API server: a real HTTP server in a thread, and the levers of a test."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.kubernetes.fake.access import Access
from tests.kubernetes.fake.cluster import Cluster
from tests.kubernetes.fake.kinds import NAMESPACES, PODS
from tests.kubernetes.fake.kubelet import EVICTED, Clock, End, Kubelet, Levers, Run
from tests.kubernetes.fake.refusals import Json, Refused
from tests.kubernetes.fake.routes import Routes
from tests.kubernetes.fake.store import Store
from tests.kubernetes.fake.watching import Watches

HELD_OF_ALL = "*"


class FakeKubernetes:
    """A cluster of one node without the cluster. Start it by `running_cluster`."""

    def __init__(self, run: Run | None = None) -> None:
        self.clock = Clock()
        self.store = Store()
        self.access = Access(self.store)
        self.kubelet = Kubelet(self.store, self.clock, run)
        self.cluster = Cluster(self.store, self.clock)
        self.watches = Watches(self.store)
        self.logs: dict[str, list[tuple[str, str]]] = {}
        self.requests: list[tuple[str, str]] = []
        self.refusals: list[tuple[str, str, Refused]] = []
        self.address = ""
        for name in ("default", "kube-system"):
            given = {"metadata": {"name": name}}
            self.cluster.create(NAMESPACES, "", given, strict=False, dry=False)

    @property
    def levers(self) -> Levers:
        return self.kubelet.levers

    @property
    def token(self) -> str:
        """The cluster admin's token."""
        return self.access.admin_token

    def configuration(
        self, token: str | None = None, namespace: str = "default"
    ) -> Json:
        """Return a kubeconfig, as data: the admin's, or that of a token's owner."""
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "fake",
            "clusters": [{"name": "fake", "cluster": {"server": self.address}}],
            "users": [{"name": "one", "user": {"token": token or self.token}}],
            "contexts": [
                {"name": "fake",
                 "context": {"cluster": "fake", "user": "one", "namespace": namespace}}
            ],
        }  # fmt: skip

    def namespace(self, name: str, *, restricted: bool = True) -> None:
        """Make a namespace, by default under Pod Security `restricted`."""
        labels = (
            {"pod-security.kubernetes.io/enforce": "restricted"} if restricted else {}
        )
        given = {"metadata": {"name": name, "labels": labels}}
        self.cluster.create(NAMESPACES, "", given, strict=False, dry=False)

    def pod(self, name: str) -> Json:
        """Return the pod of this name, wherever it is."""
        for found in self.store.all(PODS):
            if found["metadata"]["name"] == name:
                return found
        raise LookupError(f"there is no pod {name}")

    def out_of_memory(self, name: str) -> None:
        """The pod's container reaches its limit of memory."""
        self._end(name, End(137, "OOMKilled"))

    def evict(self, name: str, message: str = EVICTED) -> None:
        """The kubelet throws the pod out."""
        self._end(name, End(137, "Error", "Evicted", message))

    def exit(self, name: str, code: int) -> None:
        """The pod's process ends by itself."""
        self._end(name, End(code, "Error" if code else "Completed"))

    def _end(self, name: str, end: End) -> None:
        self.levers.ends[self.pod(name)["metadata"]["uid"]] = end
        self.kubelet.wake()

    def hold(self, name: str = HELD_OF_ALL) -> None:
        """Nothing happens by itself any more, to this pod or to all."""
        self.levers.held.add(name)

    def release(self, name: str = HELD_OF_ALL) -> None:
        self.levers.held.discard(name)
        self.kubelet.wake()

    def drop_watches(self) -> None:
        """Every watch breaks off, as when a load balancer goes away."""
        self.watches.drop()

    def expire_versions(self) -> None:
        """What a client has listed is too old to watch from, or to page on."""
        self.store.forget()

    def refuse(self, verb: str, plural: str, refused: Refused) -> None:
        """The next request of this kind is refused, whatever it asks."""
        self.refusals.append((verb, plural, refused))

    def advance(self, seconds: float) -> None:
        """Move the cluster's time on."""
        self.clock.advance(seconds)
        self.kubelet.wake()

    def say(self, name: str, *lines: str) -> None:
        """The pod's container writes lines to its log."""
        moment = self.clock().strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
        uid = self.pod(name)["metadata"]["uid"]
        self.logs.setdefault(uid, []).extend((moment, line) for line in lines)


@contextmanager
def running_cluster(run: Run | None = None) -> Iterator[FakeKubernetes]:
    """Serve a fake cluster over HTTP while the block lasts."""
    fake = FakeKubernetes(run)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        fake.address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = _server(_application(fake))
        thread = threading.Thread(
            target=lambda: asyncio.run(server.serve([listening])), daemon=True
        )
        thread.start()
        fake.kubelet.start()
        try:
            yield fake
        finally:
            fake.kubelet.stop()
            server.should_exit = True
            fake.drop_watches()
            thread.join()


def _server(application: ASGIApp) -> uvicorn.Server:
    config = uvicorn.Config(
        application,
        log_config=None,
        log_level="critical",
        lifespan="off",
        timeout_graceful_shutdown=1,
        ws="none",
    )
    return uvicorn.Server(config)


def _application(fake: FakeKubernetes) -> ASGIApp:
    routes = Routes(fake)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        fake.requests.append((request.method, request.url.path))
        answer: Any = await routes.answer(request)
        await answer(scope, receive, send)

    return application


def write_configuration(fake: FakeKubernetes, token: str | None = None) -> str:
    """Return a kubeconfig as text, for clients that want a file."""
    return json.dumps(fake.configuration(token))
