"""Can kernels be sandboxed on this machine? Tried for real, answered in words."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbinterview_kernels import launch, machine, refusal
from nbinterview_kernels.refusal import Refusal, SandboxRefused
from nbinterview_kernels.settings import Limits

_TRY = "import importlib.util as u, sys; sys.exit(0 if u.find_spec('ipykernel') else 3)"
_DEADLINE_S = 60.0


@dataclass(frozen=True)
class Ready:
    """Kernels can be sandboxed here; `layers` as `provisioner.layers`."""

    layers: dict[str, Any]
    python: str


def diagnose(
    python: str | None = None,
    env: Mapping[str, str] = os.environ,
    required: Sequence[str] = (),
) -> Ready | Refusal:
    """Start a real sandbox once, exactly as for a kernel, and say how it went.

    `python` defaults to NBINTERVIEW_KERNEL_PYTHON; `required` are layers of a policy.
    Takes about 0.2 s; blocks.
    """
    try:
        return _try_once(machine.find_tools(python, env), required)
    except SandboxRefused as error:
        return error.refusal


def preflight(
    python: str | None = None, env: Mapping[str, str] = os.environ
) -> dict[str, Any]:
    """Return the layers in force, or raise SandboxRefused."""
    found = diagnose(python, env)
    if isinstance(found, Refusal):
        raise SandboxRefused(found)
    return found.layers


def _try_once(tools: machine.Tools, required: Sequence[str]) -> Ready | Refusal:
    python = tools.interpreter.python
    directory = launch.make_directory(tools)
    try:
        argv = [python, "-I", "-c", _TRY]
        attempt = launch.begin(tools, Limits(), directory.path, argv, required)
        attempt.confirm()
        try:
            code = attempt.sandbox.process.wait(_DEADLINE_S)
            words = attempt.sandbox.stderr()
        except subprocess.TimeoutExpired:
            code, words = -1, "no answer within a minute"
        finally:
            attempt.end()
    finally:
        directory.remove()
    if code == 3:
        return refusal.no_python(python, "it has no ipykernel")
    if code != 0:
        return refusal.no_python(python, words.strip() or f"exit code {code}")
    return Ready(attempt.layers.report(), python)
