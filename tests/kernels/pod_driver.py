"""Drives a kernel in a stand-in pod as Jupyter does."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import KernelManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory

from nbinterview_kernels.pod import kernelspec
from tests.kernels.driver import DEADLINE_S, Kernel
from tests.kernels.pod_service import PodService

NAME = "nbinterview-python3"


def know_provisioner() -> None:
    """Let jupyter_client know it where the distribution is older than the sources."""
    factory = KernelProvisionerFactory.instance()
    factory.provisioners.setdefault(
        kernelspec.PROVISIONER,
        EntryPoint(
            kernelspec.PROVISIONER,
            "nbinterview_kernels.pod.provisioner:PodProvisioner",
            KernelProvisionerFactory.GROUP_NAME,
        ),
    )


class PodSpecs(KernelSpecManager):
    """Knows our kernel only, in pods of one service."""

    config_of_pods: dict[str, Any] = {}  # noqa: RUF012  # set per instance

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return it, whatever the name."""
        content = kernelspec.content()
        content["metadata"]["kernel_provisioner"]["config"] = self.config_of_pods
        return KernelSpec(**content)


def manager(service: PodService, room: str = "a", **config: Any) -> KernelManager:
    """Return a manager whose kernel is this room's pod."""
    know_provisioner()
    specs = PodSpecs()
    specs.config_of_pods = {"connect": lambda: service.client(room), **config}
    return KernelManager(kernel_name=NAME, kernel_spec_manager=specs)


class PodKernel(Kernel):
    """One kernel in a stand-in pod: manager and client."""

    def __init__(self, service: PodService, room: str = "a", **config: Any) -> None:
        self.manager = manager(service, room, **config)
        self.manager.start_kernel()
        self.connect()

    def connect(self) -> None:
        """Have a client of the pod that is there now."""
        self.client = self.manager.client()
        self.client.start_channels(hb=False)
        self.client.wait_for_ready(timeout=DEADLINE_S)

    def restart(self, *, now: bool) -> None:
        """Restart, and come to the fresh pod: it has another address."""
        self.client.stop_channels()
        self.manager.restart_kernel(now=now)
        self.connect()

    def vanish(self) -> None:
        """Go without a word to anybody."""
        self.client.stop_channels()
        self.provisioner.leave()

    def leave(self) -> None:
        """Go as a room does that is stopped."""
        self.vanish()
        self.manager.shutdown_kernel(now=True)
