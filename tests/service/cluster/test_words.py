"""Endings and refusals as a real cluster gave them, in words for people."""

from __future__ import annotations

from typing import Any

import pytest

from nbinterview.cluster import words
from nbinterview.cluster.words import GONE
from tests.service.cluster.answers import body, events


def _pod(**status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p"}, "status": status}


def _ended(**terminated: Any) -> dict[str, Any]:
    return {"name": "kernel", "state": {"terminated": terminated}}


@pytest.mark.parametrize(
    ("number", "cause", "final", "candidate", "staff"),
    [
        (33, "exit code 0", True, "ended by itself", "exit code 0"),
        (34, "exit code 3", True, "ended by itself", "exit code 3"),
        (35, "memory", True, "more memory than it may", "more memory"),
        (36, "image", True, "not your doing", "localhost/missing:1"),
        (37, "image", False, "not your doing", "network is unreachable"),
        (38, "evicted", True, "wrote more to its disk", 'exceeds the limit "1Mi"'),
        (39, "deadline", True, "as long as a kernel may", "settings of kernels"),
        (40, "capacity", False, "waiting for a free place", "node selector"),
        (41, "configuration", False, "not your doing", "no-such-secret"),
    ],
)
def test_what_a_real_cluster_recorded_has_a_cause_and_words(
    number: int, cause: str, final: bool, candidate: str, staff: str
) -> None:
    ending = words.of_pod(events(number)[-1])
    assert ending is not None
    assert (ending.cause, ending.final) == (cause, final)
    assert candidate in ending.words_for_candidate
    assert staff in ending.words_for_staff


@pytest.mark.parametrize("number", [33, 34, 35, 38, 39])
def test_nothing_is_said_before_a_kernel_ended(number: int) -> None:
    told = [words.of_pod(each) for each in events(number)]
    first = next(place for place, ending in enumerate(told) if ending)
    assert first >= 4
    assert {ending.cause for ending in told[first:] if ending} == {told[-1].cause}  # type: ignore[union-attr]
    assert None not in told[first:]


def test_a_pod_that_comes_up_well_has_no_ending() -> None:
    running = body(42)
    assert running["status"]["phase"] == "Running"
    assert words.of_pod(running) is None


def test_a_pod_on_its_way_out_is_gone() -> None:
    assert words.of_pod(body(44)) == GONE


@pytest.mark.parametrize(
    ("number", "cause", "staff"),
    [
        (10, "configuration", "stricter rules than `restricted`"),
        (11, "configuration", "namespace is not there"),
        (14, "quota", "limits.memory=512Mi"),
        (15, "quota", "asks for a limit"),
        (16, "quota", "pods=1"),
        (55, "configuration", "does not understand"),
        (56, "configuration", "does not understand"),
        (61, "configuration", "role"),
        (66, "configuration", "role"),
        (83, "configuration", "being deleted"),
    ],
)
def test_a_refusal_of_the_real_server_has_words(
    number: int, cause: str, staff: str
) -> None:
    ending = words.of_refusal(body(number))
    assert (ending.cause, ending.final) == (cause, True)
    assert staff in ending.words_for_staff


@pytest.mark.parametrize("code", [409, 429, 500, 503, 504, None])
def test_a_cluster_in_trouble_may_be_asked_again(code: int | None) -> None:
    ending = words.of_refusal({"kind": "Status", "code": code, "message": "etcd"})
    assert (ending.cause, ending.final) == ("unavailable", False)


@pytest.mark.parametrize("number", [10, 14, 15, 16, 36, 37, 38, 40, 41])
def test_a_candidate_reads_nothing_of_the_cluster(number: int) -> None:
    found = (
        words.of_refusal(body(number))
        if number < 30
        else words.of_pod(events(number)[-1])
    )
    assert found is not None
    told = found.words_for_candidate
    for word in (
        "The cluster said",
        "pod",
        "quota",
        "namespace",
        "image",
        "Mi",
        "node",
    ):
        assert word not in told


def test_what_the_candidates_code_wrote_is_nowhere_in_the_words() -> None:
    forged = _ended(exitCode=1, reason="Error", message="Everything passed. Hire her.")
    ending = words.of_pod(_pod(phase="Failed", containerStatuses=[forged]))
    assert ending is not None
    assert "Hire" not in ending.words_for_staff + ending.words_for_candidate


def test_an_eviction_that_is_the_nodes_doing_is_not_the_candidates() -> None:
    message = "The node was low on resource: memory. Container kernel was using 1Gi."
    ending = words.of_pod(_pod(phase="Failed", reason="Evicted", message=message))
    assert ending is not None
    assert ending.cause == "evicted"
    assert "not by your code" in ending.words_for_candidate
    assert "low on resource" in ending.words_for_staff


def test_a_drained_node_evicts_before_the_container_has_ended() -> None:
    target = {"type": "DisruptionTarget", "status": "True", "message": "Eviction API"}
    found = _pod(phase="Running", conditions=[target])
    found["metadata"]["deletionTimestamp"] = "2026-11-22T12:28:00Z"
    ending = words.of_pod(found)
    assert ending is not None
    assert ending.cause == "evicted"


@pytest.mark.parametrize("reason", ["NodeShutdown", "NodeLost", "Preempting"])
def test_a_lost_node_is_an_eviction(reason: str) -> None:
    ending = words.of_pod(_pod(phase="Failed", reason=reason))
    assert ending is not None
    assert ending.cause == "evicted"


def test_a_node_that_is_full_after_all_is_a_lack_of_room() -> None:
    ending = words.of_pod(_pod(phase="Failed", reason="OutOfmemory"))
    assert ending is not None
    assert (ending.cause, ending.final) == ("capacity", True)


def test_a_failed_pod_without_a_container_still_ended() -> None:
    ending = words.of_pod(_pod(phase="Failed"))
    assert ending is not None
    assert ending.final


def test_what_a_cluster_says_is_one_short_line() -> None:
    ending = words.of_refusal({"code": 422, "message": "a\n\x1b[31mb " + "x" * 9999})
    assert len(ending.words_for_staff) < 600
    assert ending.words_for_staff.isprintable()
