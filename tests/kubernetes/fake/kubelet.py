"""What happens to pods by itself: a node is found, containers start, end and go."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.kubernetes.fake import status
from tests.kubernetes.fake.defaults import container_id, stamp
from tests.kubernetes.fake.events import Events
from tests.kubernetes.fake.kinds import PODS, SECRETS
from tests.kubernetes.fake.refusals import Json
from tests.kubernetes.fake.store import Store


class Clock:
    """The cluster's time: it goes on by itself, and a test may move it on."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)


@dataclass
class Container:
    """A process that stands in for a pod's container, and where it is reached."""

    process: subprocess.Popen[bytes]
    address: str = "127.0.0.1"


Run = Callable[[Json], Container | None]


@dataclass(frozen=True)
class End:
    """How a running container ends. With a reason the kubelet itself ends the pod."""

    code: int = 0
    of_container: str = "Completed"
    reason: str = ""
    message: str = ""


EVICTED = 'Usage of EmptyDir volume "tmp" exceeds the limit "64Mi". '
OVERDUE = "Pod was active on the node longer than the specified deadline"


@dataclass
class Levers:
    """What a test lets go wrong."""

    missing_images: set[str] = field(default_factory=set)
    pull_error: str = "not found"
    unschedulable: str | None = None
    held: set[str] = field(default_factory=set)
    stubborn: set[str] = field(default_factory=set)
    ends: dict[str, End] = field(default_factory=dict)


@dataclass
class _Life:
    step: int = 0
    address: str = ""
    end: End | None = None
    container: Container | None = None
    told: set[str] = field(default_factory=set)


class Kubelet:
    """Takes each pod one step further at a time."""

    def __init__(self, store: Store, clock: Clock, run: Run | None) -> None:
        self.store, self.clock, self.run = store, clock, run
        self.levers = Levers()
        self.events = Events(store, clock)
        self._lives: dict[str, _Life] = {}
        self._addresses = 2
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        store.listeners.append(self._wake.set)

    def start(self) -> None:
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, and every process that stands in for a container with it."""
        self._stopped.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        for life in self._lives.values():
            if life.container is not None:
                life.container.process.kill()
                life.container.process.wait()

    def wake(self) -> None:
        """Something may have changed that the store does not know."""
        self._wake.set()

    def _work(self) -> None:
        while not self._stopped.is_set():
            self._wake.clear()
            if not self.tick():
                # Processes end and deadlines come without a word.
                self._wake.wait(0.05)

    def tick(self) -> bool:
        """Take every pod a step further; say whether anything happened."""
        with self.store.lock:
            pods = self.store.all(PODS)
            moved = [self._step(pod) for pod in pods]
            gone = set(self._lives) - {pod["metadata"]["uid"] for pod in pods}
            for uid in gone:
                self._clean(self._lives.pop(uid))
            return any(moved)

    def _clean(self, life: _Life) -> None:
        if life.container is not None:
            life.container.process.kill()
            life.container.process.wait()

    def _step(self, pod: Json) -> bool:
        name = pod["metadata"]["name"]
        life = self._lives.setdefault(pod["metadata"]["uid"], _Life())
        if name in self.levers.held or "*" in self.levers.held:
            return False
        if "deletionTimestamp" in pod["metadata"]:
            return self._leave(pod, life)
        if pod["status"]["phase"] in {"Succeeded", "Failed"}:
            return False
        steps = (self._schedule, self._create, self._sandbox, self._begin, self._watch)
        return steps[min(life.step, 4)](pod, life)

    def _put(self, pod: Json, life: _Life, step: int) -> bool:
        life.step = step
        self.store.put(PODS, pod)
        return True

    @property
    def _now(self) -> str:
        return stamp(self.clock())

    def _schedule(self, pod: Json, life: _Life) -> bool:
        why = self.levers.unschedulable
        if pod["spec"].get("nodeSelector"):
            why = why or (
                "0/1 nodes are available: 1 node(s) didn't match Pod's node "
                "affinity/selector. no new claims to deallocate, preemption: 0/1 nodes "
                "are available: 1 Preemption is not helpful for scheduling."
            )
        if why is None:
            status.scheduled(pod, self._now)
            self._put(pod, life, 1)
            self.events.scheduled(pod)
            return True
        if why in life.told:
            return False
        life.told.add(why)
        status.unschedulable(pod, self._now, why)
        self._put(pod, life, 0)
        self.events.unschedulable(pod, why)
        return True

    def _create(self, pod: Json, life: _Life) -> bool:
        status.creating(pod, self._now)
        return self._put(pod, life, 2)

    def _sandbox(self, pod: Json, life: _Life) -> bool:
        missing = self._missing_volume(pod)
        if missing is None:
            self._addresses += 1
            life.address = f"10.244.{self._addresses // 250}.{self._addresses % 250}"
            status.sandboxed(pod, self._now)
            return self._put(pod, life, 3)
        if missing not in life.told:
            life.told.add(missing)
            self.events.tell(pod, "Warning", "FailedMount", missing)
        return False

    def _begin(self, pod: Json, life: _Life) -> bool:
        container = pod["spec"]["containers"][0]
        if (why := self._missing_secret(pod)) is not None:
            return self._wait(pod, life, "CreateContainerConfigError", why)
        image = container["image"]
        if image in self.levers.missing_images:
            return self._no_image(pod, life, image, container["imagePullPolicy"])
        life.container = self.run(pod) if self.run is not None else None
        if life.container is not None:
            life.address = life.container.address
        status.running(pod, self._now, life.address, container_id())
        self._put(pod, life, 4)
        self.events.started(pod, image)
        return True

    def _wait(self, pod: Json, life: _Life, reason: str, why: str) -> bool:
        if reason in life.told:
            return False
        life.told.add(reason)
        status.waiting(pod, life.address, reason, why)
        self._put(pod, life, 3)
        self.events.tell(pod, "Warning", "Failed", f"Error: {why}", container=True)
        return True

    def _no_image(self, pod: Json, life: _Life, image: str, policy: str) -> bool:
        if policy == "Never":
            why = f'Container image "{image}" is not present with pull policy of Never'
            return self._wait(pod, life, "ErrImageNeverPull", why)
        error = self.levers.pull_error
        if "ErrImagePull" not in life.told:
            self.events.pulling(pod, image, error)
            life.told.add("ErrImagePull")
            status.waiting(pod, life.address, "ErrImagePull", error)
            return self._put(pod, life, 3)
        if "ImagePullBackOff" not in life.told:
            self.events.backing_off(pod, image)
            life.told.add("ImagePullBackOff")
            why = f'Back-off pulling image "{image}": ErrImagePull: {error}'
            status.waiting(pod, life.address, "ImagePullBackOff", why)
            return self._put(pod, life, 3)
        return False

    def _watch(self, pod: Json, life: _Life) -> bool:
        if life.step == 5 and life.end is not None:
            return self._finish(pod, life, life.end)
        end = self._ending(pod, life)
        if end is None:
            return False
        life.end = end
        if end.reason == "Evicted":
            self.events.tell(pod, "Warning", "Evicted", end.message)
            self.events.killing(pod)
            self._kill(life)
            status.stopped(
                pod, self._now, end.code, end.reason, "PodFailed", end.message
            )
            return self._put(pod, life, 6)
        if end.reason:
            self.events.tell(pod, "Normal", end.reason, end.message)
            self.events.killing(pod)
            status.conditions(
                pod, self._now, sandbox=True, ready=False, reason="PodFailed"
            )
            return self._put(pod, life, 5)
        again = pod["spec"]["restartPolicy"]
        if again == "Always" or (again == "OnFailure" and end.code):
            return self._crash(pod, life, end)
        status.terminated(pod, self._now, end.code, end.of_container)
        return self._put(pod, life, 5)

    def _finish(self, pod: Json, life: _Life, end: End) -> bool:
        self._kill(life)
        if end.reason:
            status.stopped(
                pod, self._now, end.code, end.reason, "PodFailed", end.message
            )
        else:
            status.final(pod, self._now, end.code, end.of_container)
        return self._put(pod, life, 6)

    def _crash(self, pod: Json, life: _Life, end: End) -> bool:
        name = pod["spec"]["containers"][0]["name"]
        status.terminated(pod, self._now, end.code, end.of_container)
        reason = "ContainersNotReady"
        status.conditions(pod, self._now, sandbox=True, ready=False, reason=reason)
        self._put(pod, life, 4)
        status.crashed(pod, name)
        self._kill(life)
        life.container = None
        return self._put(pod, life, 7)

    def _ending(self, pod: Json, life: _Life) -> End | None:
        if life.step > 4:
            return None
        end = self.levers.ends.pop(pod["metadata"]["uid"], None)
        if end is not None:
            return end
        if life.container is not None:
            code = life.container.process.poll()
            if code is not None:
                code = 128 - code if code < 0 else code
                return End(code, "Error" if code else "Completed")
        deadline = pod["spec"].get("activeDeadlineSeconds")
        if deadline is not None:
            began = datetime.fromisoformat(pod["status"]["startTime"])
            if self.clock() >= began + timedelta(seconds=deadline):
                return End(0, "Completed", "DeadlineExceeded", OVERDUE)
        return None

    def _leave(self, pod: Json, life: _Life) -> bool:
        metadata = pod["metadata"]
        name, namespace = metadata["name"], metadata["namespace"]
        if "observed" not in life.told:
            life.told.add("observed")
            if life.container is not None:
                life.container.process.send_signal(signal.SIGTERM)
            self.events.killing(pod)
            status.observed(pod)
            return self._put(pod, life, life.step)
        if "over" not in life.told:
            code = self._left(pod, life)
            if code is None:
                return False
            life.told.add("over")
            status.final(pod, self._now, code, "Error" if code else "Completed")
            return self._put(pod, life, life.step)
        metadata["deletionGracePeriodSeconds"] = 0
        metadata["deletionTimestamp"] = self._now
        self.store.put(PODS, pod)
        self.store.remove(PODS, namespace, name)
        return True

    def _left(self, pod: Json, life: _Life) -> int | None:
        """Return by what code a container has ended that was asked to; None if not."""
        until = datetime.fromisoformat(pod["metadata"]["deletionTimestamp"])
        late = self.clock() >= until
        if life.container is None:
            if pod["metadata"]["name"] not in self.levers.stubborn:
                return 0
            return 137 if late else None
        code = life.container.process.poll()
        if code is not None:
            return 128 - code if code < 0 else code
        if late:
            self._kill(life)
            return 137
        return None

    def _kill(self, life: _Life) -> None:
        if life.container is not None:
            life.container.process.kill()
            life.container.process.wait()

    def _missing_volume(self, pod: Json) -> str | None:
        namespace = pod["metadata"]["namespace"]
        for volume in pod["spec"].get("volumes", []):
            name = volume.get("secret", {}).get("secretName")
            if name and self.store.get(SECRETS, namespace, name) is None:
                where = volume["name"]
                why = f'secret "{name}" not found'
                return f'MountVolume.SetUp failed for volume "{where}" : {why}'
        return None

    def _missing_secret(self, pod: Json) -> str | None:
        namespace = pod["metadata"]["namespace"]
        for container in pod["spec"]["containers"]:
            wanted = [
                e.get("secretRef", {}).get("name") for e in container.get("envFrom", [])
            ]
            for variable in container.get("env", []):
                source = variable.get("valueFrom", {}).get("secretKeyRef", {})
                wanted.append(source.get("name"))
            for name in filter(None, wanted):
                if self.store.get(SECRETS, namespace, name) is None:
                    return f'secret "{name}" not found'
        return None
