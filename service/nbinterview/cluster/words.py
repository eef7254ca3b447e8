"""How a kernel in a cluster ended or could not start: a cause, and words about it.

Candidates read what it means to them; staff also read what the cluster said. What a
container left as its own message is never read: the candidate's code can write it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

#: Of what a cluster says, so much is shown to staff.
_LONGEST = 400
_AGAIN = "A fresh kernel is starting; run your cells again from the top."
_TOLD = "Your interviewers have been told; this is not your doing."

_IMAGE_FINAL = frozenset({"ErrImageNeverPull", "InvalidImageName"})
_IMAGE_WAITS = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)
_CONFIGURATION = frozenset(
    {
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
        "CreatePodSandboxError",
        "PreStartHookError",
    }
)
_NODE_REASONS = frozenset(
    {
        "NodeLost",
        "NodeShutdown",
        "NodeAffinity",
        "Preempting",
        "Shutdown",
        "Terminated",
        "UnexpectedAdmissionError",
    }
)
_NODE_FULL = frozenset(
    {"OutOfcpu", "OutOfmemory", "OutOfpods", "OutOfephemeral-storage"}
)
#: How the kubelet begins when a pod itself wrote too much.
_OWN_DISK = ("Usage of EmptyDir", "Pod ephemeral local storage", "Container ")


@dataclass(frozen=True)
class Ending:
    """Why a kernel is not there; not `final` may still come right by waiting.

    `cause`: "memory", "evicted", "deadline", "image", "quota", "capacity",
    "configuration", "removed", "unavailable" or "exit code N".
    """

    cause: str
    words_for_candidate: str
    words_for_staff: str
    final: bool = True


GONE = Ending(
    "removed",
    f"The kernel has been removed. {_AGAIN}",
    "The kernel's pod is not in the cluster any more. A fresh one is made when the "
    "room asks.",
)


def of_pod(found: Mapping[str, Any]) -> Ending | None:
    """Return what keeps a pod from running, or why it ended; None: nothing does."""
    status = found.get("status") or {}
    ended = _of_reason(status) or _of_disruption(status) or _of_container(status)
    if ended is not None:
        return ended
    if found.get("metadata", {}).get("deletionTimestamp") is not None:
        return GONE
    if status.get("phase") in {"Failed", "Succeeded"}:
        return _lost(status)
    return _of_waiting(status) or _of_scheduling(status)


def of_refusal(answer: Mapping[str, Any]) -> Ending:
    """Return why the API server did not make an object, from its `Status`."""
    message = str(answer.get("message") or "")
    said = _said(message)
    code = answer.get("code")
    if code == 403 and ("exceeded quota" in message or "failed quota" in message):
        if "must specify" in message:
            return Ending(
                "quota",
                f"The kernel cannot be started at the moment. {_TOLD}",
                "The quota of the kernels' namespace asks for a limit that kernels "
                f"are not given. Take it out of the quota.{said}",
            )
        return Ending(
            "quota",
            f"There is no room for another kernel at the moment. {_TOLD}",
            "The quota of the kernels' namespace is used up. End interviews that are "
            f"over, or raise the quota.{said}",
        )
    if code == 403 and "violates PodSecurity" in message:
        return _misconfigured(
            "The cluster does not accept a kernel's pod: its namespace has stricter "
            "rules than `restricted`, or the settings of kernels are changed.",
            said,
        )
    if code == 403 and _causes(answer) & {"NamespaceTerminating"}:
        return _misconfigured(
            "The kernels' namespace is being deleted. Install the chart again.", said
        )
    if code in {401, 403}:
        return _misconfigured(
            "The service may not make kernels in this cluster. Look at its role in "
            "the kernels' namespace.",
            said,
        )
    if code == 404:
        return _misconfigured(
            "The kernels' namespace is not there. Install the chart, or correct the "
            "namespace in the settings.",
            said,
        )
    if code in {400, 415, 422}:
        return _misconfigured(
            "The cluster does not understand a kernel's pod. Look at the settings of "
            "kernels: image, node selector, tolerations.",
            said,
        )
    return Ending(
        "unavailable",
        f"The kernel cannot be started at the moment. {_TOLD}",
        f"The cluster could not answer. It is asked again when the room asks.{said}",
        final=False,
    )


def _of_reason(status: Mapping[str, Any]) -> Ending | None:
    reason = status.get("reason")
    message = str(status.get("message") or "")
    said = _said(message)
    if reason == "Evicted" and message.startswith(_OWN_DISK):
        return Ending(
            "evicted",
            f"The kernel was stopped: it wrote more to its disk than it may. {_AGAIN}",
            f"The kernel wrote more to its disk than it may.{said}",
        )
    if reason == "Evicted":
        return _evicted(said)
    if reason == "DeadlineExceeded":
        return Ending(
            "deadline",
            f"The kernel was stopped: it has run for as long as a kernel may. {_AGAIN}",
            "The kernel ran for as long as the settings of kernels let one run.",
        )
    if reason in _NODE_REASONS:
        return _evicted(said)
    if reason in _NODE_FULL:
        return _full(said, final=True)
    return None


def _of_disruption(status: Mapping[str, Any]) -> Ending | None:
    for condition in _of_type(status, "DisruptionTarget"):
        if condition.get("status") == "True":
            return _evicted(_said(condition.get("message")))
    return None


def _of_container(status: Mapping[str, Any]) -> Ending | None:
    for container in status.get("containerStatuses") or ():
        ended = (container.get("state") or {}).get("terminated")
        if ended is None:
            continue
        if ended.get("reason") == "OOMKilled":
            return Ending(
                "memory",
                f"The kernel was stopped: it used more memory than it may. {_AGAIN}",
                "The kernel used more memory than it may, and was stopped.",
            )
        code = ended.get("exitCode")
        return Ending(
            f"exit code {code}",
            f"The kernel ended by itself (exit code {code}). {_AGAIN}",
            f"The kernel's process ended with exit code {code}.",
        )
    return None


def _of_waiting(status: Mapping[str, Any]) -> Ending | None:
    for container in status.get("containerStatuses") or ():
        waiting = (container.get("state") or {}).get("waiting") or {}
        reason, said = waiting.get("reason"), _said(waiting.get("message"))
        if reason in _IMAGE_FINAL | _IMAGE_WAITS:
            return Ending(
                "image",
                f"The kernel cannot be started at the moment. {_TOLD}",
                "The image of kernels cannot be had on the node. Look at its name, at "
                f"the pull policy and at the registry.{said}",
                final=reason in _IMAGE_FINAL,
            )
        if reason in _CONFIGURATION:
            return replace(
                _misconfigured("The node cannot start a kernel's container.", said),
                final=False,
            )
    return None


def _of_scheduling(status: Mapping[str, Any]) -> Ending | None:
    for condition in _of_type(status, "PodScheduled"):
        unscheduled = condition.get("status") == "False"
        if unscheduled and condition.get("reason") == "Unschedulable":
            return _full(_said(condition.get("message")), final=False)
    return None


def _lost(status: Mapping[str, Any]) -> Ending:
    return Ending(
        "removed",
        f"The kernel was stopped. {_AGAIN}",
        "The kernel's pod ended without a word about its container."
        + _said(status.get("reason")),
    )


def _evicted(said: str) -> Ending:
    return Ending(
        "evicted",
        f"The kernel was stopped by the computer it ran on, not by your code. {_AGAIN}",
        f"The cluster took the kernel off its node.{said}",
    )


def _full(said: str, *, final: bool) -> Ending:
    return Ending(
        "capacity",
        f"The kernel is waiting for a free place. {_TOLD}",
        "No node can take another kernel. Add a node, end interviews that are over, "
        f"or look at the node selector and tolerations of kernels.{said}",
        final,
    )


def _misconfigured(what: str, said: str) -> Ending:
    return Ending(
        "configuration",
        f"The kernel cannot be started at the moment. {_TOLD}",
        f"{what}{said}",
    )


def _causes(answer: Mapping[str, Any]) -> set[str]:
    causes = (answer.get("details") or {}).get("causes") or ()
    return {str(cause.get("reason")) for cause in causes}


def _of_type(status: Mapping[str, Any], kind: str) -> Iterable[Mapping[str, Any]]:
    return (each for each in status.get("conditions") or () if each.get("type") == kind)


def _said(message: object) -> str:
    """Return what the cluster said, on one line and not too long; may be nothing."""
    text = " ".join(str(message or "").split())
    text = "".join(each for each in text if each.isprintable())
    if not text:
        return ""
    shown = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return f" The cluster said: {shown}"
