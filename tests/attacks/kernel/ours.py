"""The probes in a kernel of ours, started by jupyter_client as a room starts it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager

from nbinterview.home import Setup
from nbinterview_kernels import kernelspec
from tests.attacks.kernel.target import Target
from tests.kernels.driver import Kernel

DEADLINE_S = 180.0
Outcome = tuple[str, bool, str]


@contextmanager
def kernel(folder: Path, secret: str) -> Iterator[Kernel]:
    """Start a kernel; while it starts the server's environment holds a secret."""
    setup = Setup.from_env()
    kernelspec.write(folder, str(setup.kernel_python))
    specs = KernelSpecManager(kernel_dirs=[str(folder)], ensure_native_kernel=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NBINTERVIEW_BWRAP", str(setup.bwrap))
        patch.setenv("JUPYTERHUB_API_TOKEN", secret)
        started = Kernel(specs)
    try:
        yield started
    finally:
        started.close()


def quick(target: Target, folder: Path) -> tuple[list[Outcome], dict[str, object]]:
    """Run all probes that a kernel survives; return them and the layers in force."""
    with kernel(folder, target.values["secret"]) as one:
        found = one.run(target.code("PROBES"), DEADLINE_S).value()
        layers = dict(one.provisioner.layers)
        assert one.run("print(6 * 7)").text == "42\n", "the kernel did not survive"
    return [tuple(each) for each in found], layers


def deadly(target: Target, folder: Path, name: str) -> Outcome:
    """Run one probe in a kernel of its own: it is refused when it ends the kernel."""
    with kernel(folder, target.values["secret"]) as one:
        which = f"[each for each in DEADLY if each[0] == {name!r}]"
        request = one.send(target.code(which))
        until_s = time.monotonic() + DEADLINE_S
        while not one.replied(request):
            if one.dead():
                return (
                    name,
                    False,
                    f"the kernel was ended: {one.provisioner.last_death}",
                )
            if time.monotonic() > until_s:
                return name, True, "it went on and on"
        said = one.outputs(request, DEADLINE_S)
        if said.status == "error":
            return name, False, said.error
        found: list[list[object]] = json.loads(said.text.splitlines()[-1])
        return name, bool(found[0][1]), str(found[0][2])
