"""kubernetes_asyncio against a cluster over real HTTP, and kernels by way of it."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from kubernetes_asyncio.client import Configuration

from nbinterview.cluster.api import KINDS, Refused
from nbinterview.cluster.client import KubernetesCluster, connect
from nbinterview.cluster.kernels import KernelPods, NoKernel
from nbinterview.cluster.manifest import ConnectionKeys, KernelSpec, Places
from nbinterview.errors import Unavailable
from tests.kubernetes.fake.server import FakeKubernetes, running_cluster

pytestmark = pytest.mark.asyncio

ID = "abcdefgh23"
SPEC = KernelSpec(ID, "room", "localhost/kernel:dev", deadline_s=3600)


@pytest.fixture
def fake() -> Iterator[FakeKubernetes]:
    with running_cluster() as fake:
        fake.namespace("nbinterview-kernels")
        yield fake


def _cluster(address: str, token: str, namespace: str) -> KubernetesCluster:
    configuration = Configuration(host=address)
    configuration.api_key = {"BearerToken": f"Bearer {token}"}
    return KubernetesCluster(configuration, namespace)


@pytest_asyncio.fixture
async def cluster(fake: FakeKubernetes) -> AsyncIterator[KubernetesCluster]:
    found = _cluster(fake.address, fake.token, "nbinterview-kernels")
    yield found
    await found.close()


def _kernels(cluster: KubernetesCluster) -> KernelPods:
    suffixes = iter(("aaaaa", "bbbbb", "ccccc"))
    return KernelPods(
        cluster,
        Places(),
        now=lambda: datetime.now(UTC),
        elapsed=time.monotonic,
        suffix=lambda: next(suffixes),
        keys=lambda: ConnectionKeys("key", "public", "secret"),
        start_s=20,
    )


async def test_a_kernel_is_made_in_a_restricted_namespace_and_found_and_removed(
    fake: FakeKubernetes, cluster: KubernetesCluster
) -> None:
    kernels = _kernels(cluster)
    kernel = await kernels.ensure(SPEC)
    assert kernel.fresh
    assert kernel.address
    again = await kernels.ensure(SPEC)
    assert (again.pod, again.connection) == (kernel.pod, kernel.connection)
    assert (await kernels.status(ID)).phase == "running"
    assert await kernels.remove(ID) == 1
    for kind in ("Secret", "NetworkPolicy"):
        assert await cluster.get(kind, kernel.pod) is None


async def test_a_death_is_heard_while_watches_break_off_and_versions_expire(
    fake: FakeKubernetes, cluster: KubernetesCluster
) -> None:
    kernels = _kernels(cluster)
    kernel = await kernels.ensure(SPEC)
    before = await kernels.status(ID)
    asked = asyncio.create_task(kernels.watch(ID, before.version))
    for _ in range(3):
        await asyncio.sleep(0.2)
        fake.expire_versions()
        fake.drop_watches()
    assert not asked.done()
    fake.out_of_memory(kernel.pod)
    assert (await asked).death == "memory"
    assert (await kernels.ensure(SPEC)).fresh


async def test_a_namespace_that_is_not_there_is_told_in_words(
    fake: FakeKubernetes,
) -> None:
    nowhere = _cluster(fake.address, fake.token, "nowhere")
    with pytest.raises(NoKernel) as none:
        await _kernels(nowhere).ensure(SPEC)
    assert none.value.ending.cause == "configuration"
    await nowhere.close()


async def test_a_service_without_its_role_is_told_in_words(
    fake: FakeKubernetes,
) -> None:
    token = fake.access.issue("nbinterview", "service")
    stranger = _cluster(fake.address, token, "nbinterview-kernels")
    with pytest.raises(NoKernel) as none:
        await _kernels(stranger).ensure(SPEC)
    assert none.value.ending.cause == "configuration"
    assert "role" in none.value.ending.words_for_staff
    await stranger.close()


async def test_what_is_not_there_is_none_and_its_removal_harmless(
    cluster: KubernetesCluster,
) -> None:
    for kind in KINDS:
        assert await cluster.get(kind, "nothing") is None
        await cluster.delete(kind, "nothing")


async def test_a_watch_from_too_old_a_version_is_refused_as_expired(
    fake: FakeKubernetes, cluster: KubernetesCluster
) -> None:
    _, version = await cluster.list("Pod", {})
    await _kernels(cluster).ensure(SPEC)
    fake.expire_versions()
    with pytest.raises(Refused) as refused:
        async for _ in cluster.watch("Pod", {}, version, 5):
            pass
    assert refused.value.code == 410


async def test_a_cluster_that_is_away_is_unavailable_and_not_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    away = _cluster(f"http://127.0.0.1:{port}", "token", "nbinterview-kernels")
    with pytest.raises(Unavailable) as unavailable:
        await away.list("Pod", {})
    assert not isinstance(unavailable.value, Refused)
    await away.close()


async def test_without_a_cluster_one_reads_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path}/none")
    monkeypatch.setattr(
        "kubernetes_asyncio.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION",
        f"{tmp_path}/none",
    )
    with pytest.raises(Unavailable, match="KUBECONFIG"):
        await connect("nbinterview-kernels")
