"""A pod's status at each step of its life, as kubelet and scheduler write it."""

from __future__ import annotations

from typing import Any

from tests.kubernetes.fake.refusals import Json

NODE = "node-1"
HOST_IP = "10.200.0.1"
IMAGE_ID = "sha256:" + "0" * 64


def scheduled(pod: Json, now: str) -> None:
    """The scheduler has found a node."""
    pod["spec"]["nodeName"] = NODE
    condition = {"type": "PodScheduled", "status": "True", "lastProbeTime": None,
                 "lastTransitionTime": now}  # fmt: skip
    pod["status"]["conditions"] = [condition]


def unschedulable(pod: Json, now: str, why: str) -> None:
    """No node fits."""
    pod["status"]["conditions"] = [
        {
            "type": "PodScheduled",
            "observedGeneration": pod["metadata"]["generation"],
            "status": "False",
            "lastProbeTime": None,
            "lastTransitionTime": now,
            "reason": "Unschedulable",
            "message": why,
        }
    ]


def creating(pod: Json, now: str) -> None:
    """The kubelet has seen the pod and makes its container."""
    status = pod["status"]
    status["observedGeneration"] = pod["metadata"]["generation"]
    status["hostIP"], status["hostIPs"] = HOST_IP, [{"ip": HOST_IP}]
    status["startTime"] = now
    status["containerStatuses"] = [_container(c) for c in pod["spec"]["containers"]]
    taken: dict[str, Any] = {"limits": {}, "requests": {}}
    for container in pod["spec"]["containers"]:
        for which, sum_ in taken.items():
            sum_.update(container["resources"].get(which, {}))
    if taken["requests"]:
        status["allocatedResources"] = taken["requests"]
        status["resources"] = {k: v for k, v in taken.items() if v}
    conditions(pod, now, sandbox=False, ready=False, reason="ContainersNotReady")


def sandboxed(pod: Json, now: str) -> None:
    """The pod's network is there."""
    conditions(pod, now, sandbox=True, ready=False, reason="ContainersNotReady")


def waiting(pod: Json, address: str, reason: str, why: str) -> None:
    """The container does not start."""
    _address(pod, address)
    for found in pod["status"]["containerStatuses"]:
        found["state"] = {"waiting": {"reason": reason, "message": why}}


def running(pod: Json, now: str, address: str, container_id: str) -> None:
    """The container runs and is ready."""
    _address(pod, address)
    pod["status"]["phase"] = "Running"
    found = zip(
        pod["status"]["containerStatuses"], pod["spec"]["containers"], strict=True
    )
    for status, container in found:
        status["state"] = {"running": {"startedAt": now}}
        status["ready"] = status["started"] = True
        status["imageID"] = IMAGE_ID
        status["containerID"] = f"containerd://{container_id}"
        if requests := container["resources"].get("requests"):
            status["allocatedResources"] = requests
        status["resources"] = container["resources"]
    conditions(pod, now, sandbox=True, ready=True)


def terminated(pod: Json, now: str, code: int, reason: str) -> None:
    """The container has ended; the pod is not over yet."""
    _ended(pod, now, code, reason)
    over = "PodFailed" if code else "PodCompleted"
    conditions(pod, now, sandbox=True, ready=False, reason=over)


def final(pod: Json, now: str, code: int, reason: str) -> None:
    """The pod is over."""
    _ended(pod, now, code, reason)
    pod["status"]["phase"] = "Failed" if code else "Succeeded"
    over = "PodFailed" if code else "PodCompleted"
    conditions(pod, now, sandbox=False, ready=False, reason=over)


def stopped(
    pod: Json, now: str, code: int, reason: str, why: str, message: str
) -> None:
    """The kubelet has ended the pod: evicted, or over its deadline."""
    _ended(pod, now, code, "Completed" if code == 0 else "Error")
    pod["status"] |= {"phase": "Failed", "reason": reason, "message": message}
    conditions(pod, now, sandbox=False, ready=False, reason=why)


def crashed(pod: Json, name: str) -> None:
    """The container has ended and is to start again, only later."""
    for found in pod["status"]["containerStatuses"]:
        found["lastState"] = found["state"]
        count = found["restartCount"]
        uid = pod["metadata"]["uid"]
        where = f"pod={pod['metadata']['name']}_{pod['metadata']['namespace']}({uid})"
        why = f"back-off {10 * 2**count}s restarting failed container={name} {where}"
        found["state"] = {"waiting": {"reason": "CrashLoopBackOff", "message": why}}


def observed(pod: Json) -> None:
    """The kubelet has seen that the pod is to go."""
    generation = pod["metadata"]["generation"]
    pod["status"]["observedGeneration"] = generation
    for condition in pod["status"].get("conditions", []):
        condition["observedGeneration"] = generation


def conditions(
    pod: Json, now: str, *, sandbox: bool, ready: bool, reason: str = ""
) -> None:
    """Write the five conditions; a time stays where a condition's status stays."""
    status = pod["status"]
    before = {c["type"]: c for c in status.get("conditions", [])}
    names = [c["name"] for c in pod["spec"]["containers"]]
    why: Json = {"reason": reason} if reason else {}
    if reason == "ContainersNotReady":
        why["message"] = f"containers with unready status: [{' '.join(names)}]"
    whole = {"reason": reason} if reason == "PodCompleted" else {}
    wanted: list[tuple[str, bool, Json]] = [
        ("PodReadyToStartContainers", sandbox, {}),
        ("Initialized", True, whole),
        ("Ready", ready, why),
        ("ContainersReady", ready, why),
        ("PodScheduled", True, {}),
    ]
    written = []
    for kind, holds, extra in wanted:
        old = before.get(kind)
        text = "True" if holds else "False"
        same = old is not None and old["status"] == text
        written.append(
            {
                "type": kind,
                "observedGeneration": status["observedGeneration"],
                "status": text,
                "lastProbeTime": None,
                "lastTransitionTime": old["lastTransitionTime"]
                if same and old
                else now,
                **extra,
            }
        )
    status["conditions"] = written


def _address(pod: Json, address: str) -> None:
    pod["status"]["podIP"], pod["status"]["podIPs"] = address, [{"ip": address}]


def _container(container: Json) -> Json:
    mounts = []
    for mount in container.get("volumeMounts", []):
        shown = {"name": mount["name"], "mountPath": mount["mountPath"]}
        if mount.get("readOnly"):
            shown |= {"readOnly": True, "recursiveReadOnly": "Disabled"}
        mounts.append(shown)
    return {
        "name": container["name"],
        "state": {"waiting": {"reason": "ContainerCreating"}},
        "lastState": {},
        "ready": False,
        "restartCount": 0,
        "image": container["image"],
        "imageID": "",
        "started": False,
        **({"volumeMounts": mounts} if mounts else {}),
    }


def _ended(pod: Json, now: str, code: int, reason: str) -> None:
    for found in pod["status"].get("containerStatuses", []):
        found["ready"] = found["started"] = False
        if "running" in found["state"]:
            found["state"] = {
                "terminated": {
                    "exitCode": code,
                    "reason": reason,
                    "startedAt": found["state"]["running"]["startedAt"],
                    "finishedAt": now,
                    "containerID": found["containerID"],
                }
            }
