"""The life of kernels in a cluster: ensured, watched, removed, and found when lost."""

from __future__ import annotations

import asyncio
import itertools
import time
from datetime import timedelta
from typing import Any

import pytest

from nbinterview.cluster.api import KINDS
from nbinterview.cluster.kernels import KernelPods, NoKernel
from nbinterview.cluster.manifest import ConnectionKeys, KernelSpec, Places, Purpose
from nbinterview.errors import Unavailable
from tests.service.cluster.answers import body, events
from tests.service.cluster.remembered import RememberedCluster, running

pytestmark = pytest.mark.asyncio

ID, OTHER = "abcdefgh23", "zyxwvuts76"


def _spec(interview: str = ID, purpose: Purpose = "room") -> KernelSpec:
    return KernelSpec(interview, purpose, "registry.example/kernel:1", deadline_s=3600)


def _kernels(cluster: RememberedCluster, start_s: float = 5) -> KernelPods:
    letters, numbers = itertools.count(), itertools.count()
    return KernelPods(
        cluster,
        Places(),
        now=lambda: cluster.now,
        elapsed=time.monotonic,
        suffix=lambda: "aaaa" + "abcdefghij"[next(letters)],
        keys=lambda: ConnectionKeys(f"key {next(numbers)}", "public", "secret"),
        start_s=start_s,
    )


def _status_of(number: int) -> dict[str, Any]:
    status: dict[str, Any] = events(number)[-1]["status"]
    return status


def _everything(interview: str, purpose: str) -> bool:
    return True


def _nothing(interview: str, purpose: str) -> bool:
    return False


async def test_a_kernel_is_made_with_its_secret_and_its_policy() -> None:
    cluster = RememberedCluster()
    kernel = await _kernels(cluster).ensure(_spec())
    assert (kernel.pod, kernel.address, kernel.fresh) == (
        "kernel-abcdefgh23-aaaaa",
        "10.0.0.1",
        True,
    )
    assert kernel.since == "2026-11-23T09:00:01Z"
    assert kernel.connection["key"] == "key 0"
    assert "secret" not in str(kernel.connection)
    assert "key" not in repr(kernel).replace("kernel", "")
    assert {kind: cluster.names(kind) for kind in KINDS} == {
        kind: [kernel.pod] for kind in KINDS
    }


async def test_a_kernel_that_runs_is_found_again_by_a_service_that_was_restarted() -> (
    None
):
    cluster = RememberedCluster()
    made = await _kernels(cluster).ensure(_spec())
    found = await _kernels(cluster).ensure(_spec())
    assert found.pod == made.pod
    assert found.connection == made.connection
    assert not found.fresh


async def test_a_fresh_kernel_has_other_keys_and_the_old_one_is_gone() -> None:
    cluster = RememberedCluster()
    kernels = _kernels(cluster)
    old = await kernels.ensure(_spec())
    new = await kernels.ensure(_spec(), fresh=True)
    assert new.pod != old.pod
    assert new.connection["key"] != old.connection["key"]
    for kind in KINDS:
        assert cluster.names(kind) == [new.pod]


async def test_two_who_ask_at_once_are_given_the_same_kernel() -> None:
    cluster = RememberedCluster()
    kernels = _kernels(cluster)
    one, two = await asyncio.gather(kernels.ensure(_spec()), kernels.ensure(_spec()))
    assert one.pod == two.pod
    assert [one.fresh, two.fresh] == [True, False]


async def test_interviews_and_purposes_have_kernels_of_their_own() -> None:
    cluster = RememberedCluster()
    kernels = _kernels(cluster)
    room = await kernels.ensure(_spec())
    await kernels.ensure(_spec(OTHER))
    await kernels.ensure(_spec(purpose="check"))
    assert await kernels.remove(ID, "check") == 1
    assert await kernels.remove(OTHER) == 1
    assert cluster.names("Pod") == [room.pod]
    assert (await kernels.ensure(_spec())).pod == room.pod


async def test_a_kernel_that_died_is_made_anew() -> None:
    cluster = RememberedCluster()
    kernels = _kernels(cluster)
    old = await kernels.ensure(_spec())
    cluster.becomes(old.pod, _status_of(35))
    assert (await kernels.status(ID)).death == "memory"
    new = await kernels.ensure(_spec())
    assert new.fresh
    assert cluster.names("Pod") == [new.pod]


async def test_a_kernel_whose_keys_are_lost_is_made_anew() -> None:
    cluster = RememberedCluster()
    kernels = _kernels(cluster)
    old = await kernels.ensure(_spec())
    await cluster.delete("Secret", old.pod)
    assert (await kernels.ensure(_spec())).fresh


async def test_ensure_waits_until_the_pod_runs_through_broken_watches() -> None:
    cluster = RememberedCluster()
    cluster.first = {"phase": "Pending"}
    cluster.drop = cluster.expire = True
    asked = asyncio.create_task(_kernels(cluster).ensure(_spec()))
    await asyncio.sleep(0.5)
    assert not asked.done()
    cluster.drop = False
    cluster.becomes(cluster.names("Pod")[0], running("10.0.0.9"))
    assert (await asked).address == "10.0.0.9"
    assert cluster.watching == 0


@pytest.mark.parametrize(
    ("number", "cause"), [(34, "exit code 3"), (36, "image"), (39, "deadline")]
)
async def test_a_pod_that_cannot_run_says_why_and_leaves_nothing(
    number: int, cause: str
) -> None:
    cluster = RememberedCluster()
    cluster.first = _status_of(number)
    with pytest.raises(NoKernel) as none:
        await _kernels(cluster).ensure(_spec())
    assert none.value.ending.cause == cause
    assert none.value.detail == none.value.ending.words_for_candidate
    assert cluster.objects == {}


@pytest.mark.parametrize(
    ("number", "cause"), [(37, "image"), (40, "capacity"), (41, "configuration")]
)
async def test_a_pod_that_may_still_run_is_left_for_the_next_who_asks(
    number: int, cause: str
) -> None:
    cluster = RememberedCluster()
    cluster.first = _status_of(number)
    kernels = _kernels(cluster, start_s=0.2)
    with pytest.raises(NoKernel) as none:
        await kernels.ensure(_spec())
    assert none.value.ending.cause == cause
    status = await kernels.status(ID)
    assert (status.phase, status.death) == ("starting", None)
    (name,) = cluster.names("Pod")
    cluster.becomes(name, running("10.0.0.2"))
    assert (await kernels.ensure(_spec())).pod == name


@pytest.mark.parametrize("number", [14, 15, 16])
async def test_a_quota_is_told_in_words_and_leaves_nothing(number: int) -> None:
    cluster = RememberedCluster()
    cluster.refuse["Pod"] = [body(number)]
    with pytest.raises(NoKernel) as none:
        await _kernels(cluster).ensure(_spec())
    assert none.value.ending.cause == "quota"
    assert cluster.objects == {}


async def test_a_kernel_on_its_way_out_does_not_take_the_place_of_the_next() -> None:
    cluster = RememberedCluster()
    kernels = _kernels(cluster)
    await kernels.ensure(_spec())
    cluster.gone = False
    cluster.refuse["Pod"] = [body(16), body(16)]
    new = await kernels.ensure(_spec(), fresh=True)
    assert new.fresh
    assert (await kernels.status(ID)).pod == new.pod
    assert (await kernels.status(ID)).phase == "running"


async def test_no_pod_is_ever_made_without_its_policy() -> None:
    cluster = RememberedCluster()
    cluster.refuse["NetworkPolicy"] = [body(66)]
    with pytest.raises(NoKernel) as none:
        await _kernels(cluster).ensure(_spec())
    assert none.value.ending.cause == "configuration"
    assert cluster.objects == {}


async def test_a_request_that_is_given_up_while_making_leaves_nothing() -> None:
    class Slow(RememberedCluster):
        async def create(self, kind: Any, body: Any) -> Any:
            if kind == "Pod":
                await asyncio.Event().wait()
            return await super().create(kind, body)

    cluster = Slow()
    asked = asyncio.create_task(_kernels(cluster).ensure(_spec()))
    await asyncio.sleep(0.05)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert cluster.objects == {}


async def test_a_long_poll_returns_at_once_when_something_is_new() -> None:
    cluster = RememberedCluster()
    kernels = _kernels(cluster)
    status = await kernels.watch(ID, None)
    assert (status.phase, status.pod) == ("ended", None)
    kernel = await kernels.ensure(_spec())
    status = await kernels.watch(ID, status.version)
    assert (status.phase, status.pod, status.death) == ("running", kernel.pod, None)


@pytest.mark.parametrize(
    ("number", "death"), [(35, "memory"), (38, "evicted"), (39, "deadline")]
)
async def test_a_long_poll_hears_how_a_kernel_ended(number: int, death: str) -> None:
    cluster = RememberedCluster()
    kernels = _kernels(cluster)
    kernel = await kernels.ensure(_spec())
    before = await kernels.status(ID)
    asked = asyncio.create_task(kernels.watch(ID, before.version))
    await asyncio.sleep(0.05)
    assert not asked.done()
    cluster.becomes(kernel.pod, _status_of(number))
    status = await asked
    assert (status.phase, status.death) == ("ended", death)
    assert status.version != before.version


async def test_a_long_poll_hears_of_a_pod_that_somebody_took_away() -> None:
    cluster = RememberedCluster()
    kernels = _kernels(cluster)
    kernel = await kernels.ensure(_spec())
    before = await kernels.status(ID)
    asked = asyncio.create_task(kernels.watch(ID, before.version))
    await asyncio.sleep(0.05)
    cluster.vanish(kernel.pod)
    assert (await asked).death == "removed"


async def test_a_long_poll_without_news_ends_with_the_same_version() -> None:
    cluster = RememberedCluster()
    kernels = _kernels(cluster)
    await kernels.ensure(_spec())
    before = await kernels.status(ID)
    assert await kernels.watch(ID, before.version, timeout_s=0.1) == before
    assert (await _kernels(cluster).status(ID)).version == before.version


async def test_a_cluster_that_is_away_is_not_a_dead_kernel() -> None:
    class Away(RememberedCluster):
        async def list(self, kind: Any, labels: Any) -> Any:
            raise Unavailable("The cluster does not answer at the moment.")

    with pytest.raises(Unavailable) as away:
        await _kernels(Away()).status(ID)
    assert not isinstance(away.value, NoKernel)


async def test_what_belongs_to_no_interview_is_removed_but_nothing_young() -> None:
    cluster = RememberedCluster()
    kernels = _kernels(cluster)
    gone, kept = await kernels.ensure(_spec(OTHER)), await kernels.ensure(_spec())

    def wanted(interview: str, purpose: str) -> bool:
        return (interview, purpose) == (ID, "room")

    assert await kernels.remove_orphans(wanted) == []
    cluster.later(minutes=3)
    removed = await kernels.remove_orphans(wanted)
    assert [(each.kind, each.name, each.why) for each in removed] == [
        (kind, gone.pod, "interview") for kind in reversed(KINDS)
    ]
    assert {each.interview for each in removed} == {OTHER}
    for kind in KINDS:
        assert cluster.names(kind) == [kept.pod]
    assert await kernels.remove_orphans(wanted) == []


async def test_keys_and_policies_without_a_pod_are_removed() -> None:
    cluster = RememberedCluster()
    kernels = _kernels(cluster)
    kernel = await kernels.ensure(_spec())
    cluster.vanish(kernel.pod)
    cluster.later(minutes=3)
    removed = await kernels.remove_orphans(_everything)
    assert {(each.kind, each.why) for each in removed} == {
        ("Secret", "leftover"),
        ("NetworkPolicy", "leftover"),
    }
    assert cluster.objects == {}


async def test_a_kernel_on_a_lost_node_is_forced_after_its_deadline() -> None:
    cluster = RememberedCluster()
    kernels = _kernels(cluster)
    kernel = await kernels.ensure(_spec())
    cluster.later(hours=1, minutes=1)
    assert await kernels.remove_orphans(_everything) == []
    cluster.later(minutes=2)
    (orphan,) = await kernels.remove_orphans(_everything)
    assert (orphan.kind, orphan.name, orphan.why) == ("Pod", kernel.pod, "deadline")
    assert ("Pod", kernel.pod, 0) in cluster.deleted


async def test_a_pod_that_does_not_leave_is_forced() -> None:
    cluster = RememberedCluster()
    cluster.gone = False
    kernels = _kernels(cluster)
    kernel = await kernels.ensure(_spec())
    await kernels.remove(ID)
    assert cluster.names("Pod") == [kernel.pod]
    cluster.later(minutes=3)
    (orphan,) = await kernels.remove_orphans(_everything)
    assert orphan.why == "stuck"
    assert cluster.objects == {}


async def test_a_clock_that_is_behind_the_clusters_removes_nothing() -> None:
    cluster = RememberedCluster()
    kernels = _kernels(cluster)
    await kernels.ensure(_spec())
    cluster.now -= timedelta(hours=5)
    assert await kernels.remove_orphans(_nothing) == []
