"""One attempt to start a sandboxed command: from tools and limits to a sandbox.

Shared by the provisioner and by `diagnose`, so that what is checked is what runs.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbinterview_kernels import cgroup, machine, refusal, rundir
from nbinterview_kernels import sandbox as sandboxes
from nbinterview_kernels.refusal import SandboxRefused
from nbinterview_kernels.seccomp import SeccompMissing
from nbinterview_kernels.settings import CONNECTION_DIR, Limits, SandboxSettings


@dataclass(frozen=True)
class Attempt:
    """A started sandbox that has not said yet that it stands."""

    sandbox: sandboxes.Sandbox
    layers: sandboxes.Layers

    def confirm(self) -> None:
        """Wait until every lock is in force; raises SandboxRefused, nothing is left."""
        try:
            self.sandbox.wait_ready()
        except sandboxes.StartFailed as error:
            self.end()
            found = refusal.explain(error.stderr, machine.look(self.layers.bwrap))
            raise SandboxRefused(found) from error

    def end(self) -> None:
        """End it and everything in it."""
        self.sandbox.kill()
        self.sandbox.process.wait()
        self.sandbox.close()
        cgroup.end(self.layers.cgroup)


def run_parent() -> Path:
    """Return where connection directories go; raises SandboxRefused."""
    tried = rundir.candidates(os.environ, root=os.geteuid() == 0)
    try:
        return rundir.base(tried)
    except rundir.NoRunDirectory as error:
        raise SandboxRefused(refusal.no_run_directory(tried)) from error


def make_directory(tools: machine.Tools) -> rundir.RunDirectory:
    """Make a connection directory, and remove those of servers that are gone."""
    parent = run_parent()
    owners = {os.geteuid(), tools.user}
    for name in rundir.sweep(parent, owners, time.time()):
        cgroup.remove(cgroup.plan(name, Limits()), deadline_s=0)
    return rundir.RunDirectory(parent, tools.host_uid)


@dataclass(frozen=True)
class Recipe:
    """What one kernel is made of; two of the same are as good as each other.

    `argv` has the connection file's path inside the sandbox; `required` are names of
    `settings.LAYERS` without which there is no kernel.
    """

    tools: machine.Tools
    limits: Limits
    argv: tuple[str, ...]
    required: tuple[str, ...] = ()


@dataclass(frozen=True)
class Launched:
    """A started kernel: its sandbox, and the directory that its sockets are in."""

    recipe: Recipe
    attempt: Attempt
    directory: rundir.RunDirectory
    key: bytes

    def end(self) -> None:
        """End it and everything in it, and remove its directory."""
        self.attempt.end()
        self.directory.remove()


# The numbers of a kernel's sockets: with ipc, the file of "ip" s has the name s-1.
PORTS = {
    name: number
    for number, name in enumerate(
        ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port"), start=1
    )
}
SIGNATURE_SCHEME = "hmac-sha256"


def connection(ip: str, key: bytes) -> dict[str, Any]:
    """Return the connection information of a kernel, but for the key's type."""
    return {
        "transport": "ipc",
        "ip": ip,
        **PORTS,
        "key": key,
        "signature_scheme": SIGNATURE_SCHEME,
    }


def launch(recipe: Recipe, key: bytes) -> Launched:
    """Start a kernel; raises SandboxRefused. Must not run in a thread that ends."""
    directory = make_directory(recipe.tools)
    info = connection(f"{CONNECTION_DIR}/s", key) | {"key": key.decode("ascii")}
    try:
        directory.write("c.json", json.dumps(info))
        attempt = begin(
            recipe.tools, recipe.limits, directory.path, recipe.argv, recipe.required
        )
    except BaseException:
        directory.remove()
        raise
    return Launched(recipe, attempt, directory, key)


def begin(
    tools: machine.Tools,
    limits: Limits,
    directory: Path,
    argv: Sequence[str],
    required: Sequence[str] = (),
) -> Attempt:
    """Start `argv`; raises SandboxRefused. Must not run in a thread that ends."""
    settings = SandboxSettings(
        tools.interpreter, str(directory), limits, tools.root_links, tools.host_uid
    )
    plan = _make_group(directory.name, limits)
    try:
        layers = sandboxes.probe(tools.bwrap, tools.bwrap_version, tools.user, plan)
        _require(layers, required)
        return Attempt(sandboxes.start(settings, layers, argv), layers)
    except SeccompMissing as error:
        cgroup.end(plan)
        raise SandboxRefused(refusal.seccomp_missing(str(error))) from error
    except BaseException:
        cgroup.end(plan)
        raise


def _require(layers: sandboxes.Layers, required: Sequence[str]) -> None:
    if lacking := layers.lacking(required):
        raise SandboxRefused(refusal.layers_missing(lacking))


def _make_group(name: str, limits: Limits) -> cgroup.Plan:
    plan = cgroup.plan(name, limits)
    try:
        cgroup.create(plan)
    except OSError:
        # Visible but refused, as in some containers. The report says "none".
        return cgroup.NONE
    return plan
