"""The fake's levers, and real clients on it: kubernetes_asyncio and KubeSpawner."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from kubernetes_asyncio import client, config, watch
from kubernetes_asyncio.client import ApiException
from kubespawner.reflector import ResourceReflector  # type: ignore[import-untyped]

from tests.kubernetes.fake.kubelet import Container
from tests.kubernetes.fake.refusals import Json, forbidden
from tests.kubernetes.recorded import exchange
from tests.kubernetes.world import KERNELS, World, world

SLEEP = "import time; time.sleep(600)"


@pytest.fixture
def at() -> Iterator[World]:
    with world() as found:
        yield found


@pytest_asyncio.fixture
async def api(at: World) -> AsyncIterator[Any]:
    """The client's core API, set up from a kubeconfig."""
    settings = client.Configuration()
    await config.load_kube_config_from_dict(
        at.fake.configuration(), client_configuration=settings
    )
    async with client.ApiClient(settings) as found:
        yield client.CoreV1Api(found)


def _pod(name: str) -> Json:
    return {
        "metadata": {"name": name, "labels": {"component": "singleuser-server"}},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "securityContext": {
                "runAsNonRoot": True,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": "kernel",
                    "image": "localhost/kernel:dev",
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "capabilities": {"drop": ["ALL"]},
                    },
                }
            ],
        },
    }


@pytest.mark.asyncio
async def test_the_client_makes_reads_changes_and_deletes_a_pod(api: Any) -> None:
    made = await api.create_namespaced_pod("kernels", _pod("kernel-a"))
    assert made.metadata.uid
    assert made.status.phase == "Pending"
    listed = await api.list_namespaced_pod("kernels", label_selector="component")
    assert [pod.metadata.name for pod in listed.items] == ["kernel-a"]
    change = {"metadata": {"labels": {"state": "busy"}}}
    changed = await api.patch_namespaced_pod("kernel-a", "kernels", change)
    assert changed.metadata.labels["state"] == "busy"
    await api.delete_namespaced_pod("kernel-a", "kernels", grace_period_seconds=0)
    with pytest.raises(ApiException) as missing:
        await api.read_namespaced_pod("kernel-a", "kernels")
    assert (missing.value.status, missing.value.reason) == (404, "Not Found")


@pytest.mark.asyncio
async def test_the_clients_watch_follows_a_pod_until_it_is_evicted(
    at: World, api: Any
) -> None:
    seen: list[tuple[str, str, str | None]] = []
    listed = await api.list_namespaced_pod("kernels")
    await api.create_namespaced_pod("kernels", _pod("kernel-a"))
    version = listed.metadata.resource_version
    async with watch.Watch() as watching:
        async for event in watching.stream(
            api.list_namespaced_pod,
            "kernels",
            resource_version=version,
            timeout_seconds=20,
        ):
            status = event["object"].status
            seen.append((event["type"], status.phase, status.reason))
            if status.phase == "Running":
                at.fake.evict("kernel-a")
            if status.phase == "Failed":
                break
    assert seen[0] == ("ADDED", "Pending", None)
    assert seen[-1] == ("MODIFIED", "Failed", "Evicted")


@pytest.mark.asyncio
async def test_the_clients_watch_is_told_that_its_version_is_gone(
    at: World, api: Any
) -> None:
    listed = await api.list_namespaced_pod("kernels")
    await api.create_namespaced_pod("kernels", _pod("kernel-a"))
    at.fake.expire_versions()
    version = listed.metadata.resource_version

    async def follow() -> None:
        async with watch.Watch() as watching:
            async for _ in watching.stream(
                api.list_namespaced_pod, "kernels", resource_version=version
            ):
                pass

    with pytest.raises(ApiException) as gone:
        await follow()
    assert gone.value.status == 410


async def _reflect(at: World) -> Any:
    await config.load_kube_config_from_dict(at.fake.configuration())
    labels = {"component": "singleuser-server"}
    reflector = ResourceReflector(kind="pods", labels=labels, namespace="kernels")
    await reflector.start()
    return reflector


async def _until(what: Any, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not what():
            await asyncio.sleep(0.01)


async def _end(reflector: Any) -> None:
    await reflector.stop()
    current = asyncio.current_task()
    for task in asyncio.all_tasks() - {current}:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.asyncio
async def test_kubespawners_reflector_sees_pods_come_run_and_go(at: World) -> None:
    reflector = await _reflect(at)
    try:
        at.made(f"{KERNELS}/pods", _pod("jupyter-ada"))
        key = "kernels/jupyter-ada"
        await _until(
            lambda: (
                reflector.resources.get(key, {}).get("status", {}).get("phase")
                == "Running"
            )
        )
        at.ask("DELETE", f"{KERNELS}/pods/jupyter-ada?gracePeriodSeconds=1")
        await _until(lambda: key not in reflector.resources)
    finally:
        await _end(reflector)


@pytest.mark.asyncio
async def test_kubespawners_reflector_comes_back_after_its_watch_broke(
    at: World,
) -> None:
    reflector = await _reflect(at)
    try:
        await _until(lambda: at.fake.watches.open == 1)
        at.fake.drop_watches()
        at.fake.expire_versions()
        at.made(f"{KERNELS}/pods", _pod("jupyter-ada"))
        await _until(lambda: "kernels/jupyter-ada" in reflector.resources)
    finally:
        await _end(reflector)


def test_a_process_stands_in_for_a_container_and_its_end_is_the_pods() -> None:
    processes: list[subprocess.Popen[bytes]] = []

    def run(pod: Json) -> Container:
        process = subprocess.Popen([sys.executable, "-c", SLEEP])
        processes.append(process)
        return Container(process)

    with world(run) as at:
        at.pod("kernel-a")
        at.until_phase("kernel-a")
        assert at.get("kernel-a")["status"]["podIP"] == "127.0.0.1"
        processes[0].kill()
        at.until_phase("kernel-a", "Failed")
        (status,) = at.get("kernel-a")["status"]["containerStatuses"]
        assert status["state"]["terminated"]["exitCode"] == 137
        at.pod("kernel-b")
        at.until_phase("kernel-b")
        at.ask("DELETE", f"{KERNELS}/pods/kernel-b?gracePeriodSeconds=0")
        at.until(lambda: processes[1].poll() is not None)
        at.pod("kernel-c")
        at.until_phase("kernel-c")
    assert processes[2].poll() is not None


def test_a_pod_waits_for_its_secret(at: World) -> None:
    volume = {"name": "connection", "secret": {"secretName": "kernel-a"}}
    at.pod("kernel-a", volumes=[volume])
    at.until_waiting("kernel-a", "ContainerCreating")
    at.made(f"{KERNELS}/secrets", {"metadata": {"name": "kernel-a"}})
    at.until_phase("kernel-a")


def test_a_pod_that_is_held_stays_as_it_is(at: World) -> None:
    at.fake.hold("kernel-a")
    at.pod("kernel-a")
    at.pod("kernel-b")
    at.until_phase("kernel-b")
    assert at.get("kernel-a")["status"]["phase"] == "Pending"
    at.fake.release("kernel-a")
    at.until_phase("kernel-a")


def test_a_refusal_that_was_planned_comes_once(at: World) -> None:
    refused = forbidden("pods", "kernel-a", "exceeded quota: kernels")
    at.fake.refuse("create", "pods", refused)
    given = _pod("kernel-a")
    first = at.ask("POST", f"{KERNELS}/pods", json=given)
    assert (first.status_code, first.json()) == (403, refused.status)
    assert at.ask("POST", f"{KERNELS}/pods", json=given).status_code == 201


def test_a_rooms_token_may_not_make_pods(at: World) -> None:
    token = at.fake.access.issue("kernels", "room")
    at.token = token
    answer = at.ask("POST", f"{KERNELS}/pods", content=exchange("08").body)
    assert answer.status_code == 403
    assert 'cannot create resource "pods"' in answer.json()["message"]


def test_a_bookmark_comes_shortly_before_a_watch_ends(at: World) -> None:
    answer = at.play(
        "26", resourceVersion=str(at.fake.store.version), timeoutSeconds="1.5"
    )
    (line,) = answer.text.splitlines()
    wanted = next(e for e in exchange("26").events if e["type"] == "BOOKMARK")
    assert set(wanted["object"]) == {"kind", "apiVersion", "metadata", "spec", "status"}
    assert '"type":"BOOKMARK"' in line
    assert '"spec":{"containers":null},"status":{}' in line


def test_a_deleted_namespace_goes_with_all_that_is_in_it(at: World) -> None:
    at.pod("kernel-a")
    at.ask("DELETE", "/api/v1/namespaces/kernels")
    at.fake.cluster.finish_namespaces()
    assert at.ask("GET", "/api/v1/namespaces/kernels").status_code == 404
    assert at.ask("GET", "/api/v1/pods").json()["items"] == []


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("room in (r1,r2)", ["a", "b"]),
        ("room notin (r1)", ["b", "c"]),
        ("room!=r1", ["b", "c"]),
        ("!room", ["c"]),
        ("room,state=busy", ["b"]),
        ("room==r1", ["a"]),
    ],
)
def test_label_selectors_choose(at: World, selector: str, found: list[str]) -> None:
    at.pod("a", {"room": "r1"})
    at.pod("b", {"room": "r2", "state": "busy"})
    at.pod("c", {"state": "busy"})
    listed = at.ask("GET", f"{KERNELS}/pods", params={"labelSelector": selector}).json()
    assert [item["metadata"]["name"] for item in listed["items"]] == found
