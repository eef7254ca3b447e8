"""The kernelspec that makes Jupyter use the sandbox."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from nbinterview_kernels.refusal import SandboxRefused, no_python

NAME = "nbinterview-python3"
PROVISIONER = "nbinterview-bubblewrap"


def content(python: str) -> dict[str, Any]:
    """Return kernel.json. `python` is the kernel environment's, absolute.

    Without the provisioner installed Jupyter refuses this spec, it never runs it bare.
    """
    return {
        "argv": [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Python 3 (interview)",
        "language": "python",
        # A signal would hit bwrap and not Python.
        "interrupt_mode": "message",
        "metadata": {
            "debugger": False,
            "kernel_provisioner": {"provisioner_name": PROVISIONER},
        },
    }


def write(directory: Path, python: str | None = None) -> Path:
    """Write the spec below `directory` (a kernels directory) and return its path.

    `python` defaults to NBINTERVIEW_KERNEL_PYTHON. Raises SandboxRefused without one.
    """
    named = python or os.environ.get("NBINTERVIEW_KERNEL_PYTHON") or ""
    if not Path(named).is_absolute():
        words = "its path is not absolute" if named else "it is not set"
        raise SandboxRefused(no_python(named, words))
    target = directory / NAME
    target.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content(named), indent=2) + "\n"
    (target / "kernel.json").write_text(text, "utf-8")
    return target
