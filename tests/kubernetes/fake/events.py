"""Events as scheduler and kubelet write them; a repeated one counts up."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime

from tests.kubernetes.fake.defaults import stamp
from tests.kubernetes.fake.kinds import EVENTS
from tests.kubernetes.fake.refusals import Json
from tests.kubernetes.fake.status import NODE
from tests.kubernetes.fake.store import Store


class Events:
    """Writes down what happens to pods."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store, self._now = store, now
        self._count = 0x18EA5DC000000000

    def scheduled(self, pod: Json) -> None:
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        message = f"Successfully assigned {namespace}/{name} to {NODE}"
        self._scheduler(pod, "Normal", "Scheduled", message, "Binding")

    def unschedulable(self, pod: Json, why: str) -> None:
        self._scheduler(pod, "Warning", "FailedScheduling", why, "Scheduling")

    def started(self, pod: Json, image: str) -> None:
        already = (
            f'Container image "{image}" already present on machine and can be accessed '
            "by the pod"
        )
        self.tell(pod, "Normal", "Pulled", already, container=True)
        self.tell(pod, "Normal", "Created", "Container created", container=True)
        self.tell(pod, "Normal", "Started", "Container started", container=True)

    def pulling(self, pod: Json, image: str, error: str) -> None:
        failed = f'Failed to pull image "{image}": {error}'
        self.tell(pod, "Normal", "Pulling", f'Pulling image "{image}"', container=True)
        self.tell(pod, "Warning", "Failed", failed, container=True)
        self.tell(pod, "Warning", "Failed", "Error: ErrImagePull", container=True)

    def backing_off(self, pod: Json, image: str) -> None:
        self.tell(
            pod,
            "Normal",
            "BackOff",
            f'Back-off pulling image "{image}"',
            container=True,
        )
        self.tell(pod, "Warning", "Failed", "Error: ImagePullBackOff", container=True)

    def killing(self, pod: Json) -> None:
        name = pod["spec"]["containers"][0]["name"]
        self.tell(
            pod, "Normal", "Killing", f"Stopping container {name}", container=True
        )

    def tell(
        self,
        pod: Json,
        kind: str,
        reason: str,
        message: str,
        *,
        container: bool = False,
    ) -> None:
        """Write an event of the kubelet, or count it if it is there already."""
        about = self._about(pod, container=container)
        now = stamp(self._now())
        for event in self._store.all(EVENTS, pod["metadata"]["namespace"]):
            same = event["involvedObject"].get("uid") == about["uid"]
            if same and (event["reason"], event["message"]) == (reason, message):
                event["count"] = event.get("count", 1) + 1
                event["lastTimestamp"] = now
                self._store.put(EVENTS, event)
                return
        rest = {
            "source": {"component": "kubelet", "host": NODE},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
            "type": kind,
            "eventTime": None,
            "reportingComponent": "kubelet",
            "reportingInstance": NODE,
        }
        self._write(pod, about, reason, message, rest)

    def _scheduler(
        self, pod: Json, kind: str, reason: str, message: str, action: str
    ) -> None:
        rest: Json = {
            "source": {},
            "firstTimestamp": None,
            "lastTimestamp": None,
            "type": kind,
            "eventTime": self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "action": action,
            "reportingComponent": "default-scheduler",
            "reportingInstance": f"default-scheduler-{NODE}",
        }
        self._write(pod, self._about(pod, container=False), reason, message, rest)

    def _about(self, pod: Json, *, container: bool) -> Json:
        metadata = pod["metadata"]
        where = pod["spec"]["containers"][0]["name"]
        return {
            "kind": "Pod",
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "uid": metadata["uid"],
            "apiVersion": "v1",
            "resourceVersion": metadata["resourceVersion"],
            **({"fieldPath": f"spec.containers{{{where}}}"} if container else {}),
        }

    def _write(
        self, pod: Json, about: Json, reason: str, message: str, rest: Json
    ) -> None:
        self._count += 0x1000001
        metadata = {
            "name": f"{pod['metadata']['name']}.{self._count:x}",
            "namespace": pod["metadata"]["namespace"],
            "uid": str(uuid.uuid4()),
            "creationTimestamp": stamp(self._now()),
        }
        self._store.put(
            EVENTS,
            {"kind": "Event", "apiVersion": "v1", "metadata": metadata,
             "involvedObject": about, "reason": reason, "message": message, **rest},
        )  # fmt: skip
