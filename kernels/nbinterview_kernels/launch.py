"""One attempt to start a sandboxed command: from tools and limits to a sandbox.

Shared by the provisioner and by `diagnose`, so that what is checked is what runs.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nbinterview_kernels import cgroup, machine, refusal, rundir
from nbinterview_kernels import sandbox as sandboxes
from nbinterview_kernels.refusal import SandboxRefused
from nbinterview_kernels.seccomp import SeccompMissing
from nbinterview_kernels.settings import Limits, SandboxSettings


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


def make_directory(tools: machine.Tools) -> rundir.RunDirectory:
    """Make a connection directory, and remove those of servers that are gone."""
    tried = rundir.candidates(os.environ, root=os.geteuid() == 0)
    try:
        parent = rundir.base(tried)
    except rundir.NoRunDirectory as error:
        raise SandboxRefused(refusal.no_run_directory(tried)) from error
    owners = {os.geteuid(), tools.user}
    for name in rundir.sweep(parent, owners, time.time()):
        cgroup.remove(cgroup.plan(name, Limits()), deadline_s=0)
    return rundir.RunDirectory(parent, tools.host_uid)


def begin(
    tools: machine.Tools, limits: Limits, directory: Path, argv: Sequence[str]
) -> Attempt:
    """Start `argv`; raises SandboxRefused. Must not run in a thread that ends."""
    settings = SandboxSettings(
        tools.interpreter, str(directory), limits, tools.root_links, tools.host_uid
    )
    plan = _make_group(directory.name, limits)
    try:
        layers = sandboxes.probe(tools.bwrap, tools.bwrap_version, tools.user, plan)
        return Attempt(sandboxes.start(settings, layers, argv), layers)
    except SeccompMissing as error:
        cgroup.end(plan)
        raise SandboxRefused(refusal.seccomp_missing(str(error))) from error


def _make_group(name: str, limits: Limits) -> cgroup.Plan:
    plan = cgroup.plan(name, limits)
    try:
        cgroup.create(plan)
    except OSError:
        # Visible but refused, as in some containers. The report says "none".
        return cgroup.NONE
    return plan
