"""A fake cluster in which a recorded exchange can be played again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx

from tests.kubernetes.fake.kubelet import Run
from tests.kubernetes.fake.refusals import Json
from tests.kubernetes.fake.server import FakeKubernetes, running_cluster
from tests.kubernetes.recorded import Exchange, exchange

KERNELS = "/api/v1/namespaces/kernels"
ALL = "*"


class World:
    """The fake, and a client of it that has every right."""

    def __init__(self, fake: FakeKubernetes) -> None:
        self.fake = fake
        self.token: str | None = fake.token
        self.marked: str | None = None
        self.client = httpx.Client(base_url=fake.address, timeout=20)

    def ask(self, method: str, target: str, **kwargs: Any) -> httpx.Response:
        headers = kwargs.pop("headers", {})
        if self.token is not None:
            headers = {**headers, "Authorization": f"Bearer {self.token}"}
        return self.client.request(method, target, headers=headers, **kwargs)

    def made(self, target: str, body: Json) -> Json:
        answer = self.ask("POST", target, json=body)
        assert answer.status_code == 201, answer.text
        found: Json = answer.json()
        return found

    def play(self, name: str | Exchange, **instead: str) -> httpx.Response:
        """Send a recorded request; `instead` replaces parts of its query."""
        found = exchange(name) if isinstance(name, str) else name
        path, _, query = found.target.partition("?")
        asked = dict(parse_qsl(query, keep_blank_values=True)) | instead
        target = f"{path}?{urlencode(asked)}" if asked else path
        kept = {k: v for k, v in found.headers.items() if k != "Authorization"}
        return self.ask(found.method, target, headers=kept, content=found.body)

    def pod(self, name: str, labels: dict[str, str] | None = None, **spec: Any) -> Json:
        """Make a pod as the recorded ones were."""
        given: Json = json.loads(exchange("16").body)
        given["metadata"] = {
            "name": name,
            "labels": labels or {"app.kubernetes.io/component": "kernel"},
        }
        container = given["spec"]["containers"][0]
        for key, value in spec.items():
            where = (
                container
                if key in {"command", "env", "image", "resources", "volumeMounts"}
                else given["spec"]
            )
            where[key] = value
        if spec.get("imagePullPolicy"):
            container["imagePullPolicy"] = given["spec"].pop("imagePullPolicy")
        return self.made(f"{KERNELS}/pods", given)

    def get(self, name: str) -> Json:
        return self.fake.pod(name)

    def until(self, what: Callable[[], object], seconds: float = 10) -> None:
        """Wait for something to become true."""
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, "it did not come to that"
            time.sleep(0.005)

    def until_phase(self, name: str, phase: str = "Running") -> None:
        self.until(lambda: self.get(name)["status"]["phase"] == phase)

    def until_waiting(self, name: str, reason: str) -> None:
        def waits() -> bool:
            statuses = self.get(name)["status"].get("containerStatuses", [])
            return bool(
                statuses
                and statuses[0]["state"].get("waiting", {}).get("reason") == reason
            )

        self.until(waits)

    def mark(self) -> None:
        """A watch that is compared begins here."""
        self.marked = str(self.fake.store.version)

    def until_gone(self, name: str) -> None:
        target = f"{KERNELS}/pods/{name}"
        self.until(lambda: self.ask("GET", target).status_code == 404)

    def standing(self, recorded: Json) -> None:
        """Make the pods that a recorded list shows, and stop time for them."""
        for item in recorded["items"]:
            metadata = item["metadata"]
            if metadata["labels"].get("room") == "r1":
                self.play("08")
            else:
                self.pod(metadata["name"], metadata["labels"])
        for item in recorded["items"]:
            self.until_phase(item["metadata"]["name"])
        self.fake.hold()

    def recorded_pod(self, *, running: bool = True) -> None:
        """Make the pod of the first recorded create."""
        self.play("08")
        if running:
            self.until_phase("kernel-a1")
            self.fake.hold("kernel-a1")


@contextmanager
def world(run: Run | None = None) -> Iterator[World]:
    """A world with the namespaces of the records; nothing of them is in it yet."""
    with running_cluster(run) as fake:
        found = World(fake)
        labels = {
            "pod-security.kubernetes.io/enforce": "restricted",
            "pod-security.kubernetes.io/enforce-version": "latest",
        }
        for name in ("kernels", "quota", "fresh"):
            found.made(
                "/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}}
            )
        try:
            yield found
        finally:
            found.client.close()
