"""Kernels for the tests: one shared, and fresh ones."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpecManager

from nbinterview_kernels import kernelspec
from tests.kernels.driver import SECRET, Kernel


@pytest.fixture(scope="session")
def python() -> str:
    """Return the kernel environment's interpreter, which set-up made.

    `test_normal_user` names it: another user cannot read set-up's file.
    """
    if named := os.environ.get("NBINTERVIEW_KERNEL_PYTHON"):
        return named
    setup = json.loads(Path(os.environ["NBINTERVIEW_SETUP"]).read_text("utf-8"))
    found: str = setup["kernel_python"]
    return found


@pytest.fixture(scope="session", autouse=True)
def _bwrap() -> Iterator[None]:
    """Let kernels find the bubblewrap that set-up found or installed.

    It need not be on the path: set-up takes a wheel where the system has none.
    """
    with pytest.MonkeyPatch.context() as patch:
        if "NBINTERVIEW_BWRAP" not in os.environ:
            setup = json.loads(Path(os.environ["NBINTERVIEW_SETUP"]).read_text("utf-8"))
            patch.setenv("NBINTERVIEW_BWRAP", setup["bwrap"])
        yield


@pytest.fixture(scope="session")
def specs(tmp_path_factory: pytest.TempPathFactory, python: str) -> KernelSpecManager:
    """A kernelspec manager that knows our kernel only."""
    directory = tmp_path_factory.mktemp("kernels")
    kernelspec.write(directory, python)
    return KernelSpecManager(kernel_dirs=[str(directory)], ensure_native_kernel=False)


@pytest.fixture(scope="session")
def kernel(specs: KernelSpecManager) -> Iterator[Kernel]:
    """One kernel for all cells that leave it alive.

    The server's environment holds a secret while it starts.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTERHUB_API_TOKEN", SECRET)
        started = Kernel(specs)
    yield started
    started.close()


@pytest.fixture
def fresh(specs: KernelSpecManager) -> Iterator[Callable[..., Kernel]]:
    """Start kernels of one's own; the provisioner's settings as keywords."""
    started: list[Kernel] = []

    def start(**config: Any) -> Kernel:
        started.append(Kernel(specs, **config))
        return started[-1]

    yield start
    for each in started:
        each.close()
