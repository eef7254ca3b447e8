"""The kernelspec of a kernel in a pod."""

from __future__ import annotations

from typing import Any

PROVISIONER = "nbinterview-pod"


def content() -> dict[str, Any]:
    """Return kernel.json. Without the provisioner Jupyter refuses it.

    Its argv would end at once: what runs is in the pod's manifest, never beside the
    room.
    """
    return {
        "argv": ["false"],
        "display_name": "Python 3 (interview)",
        "language": "python",
        # There is no process here that could be sent a signal.
        "interrupt_mode": "message",
        "metadata": {
            "debugger": False,
            "supported_encryption": ["curve"],
            "kernel_provisioner": {"provisioner_name": PROVISIONER},
        },
    }
