"""The room server: one interview's rules, record and live fan-out.

A Jupyter Server extension, and inert unless the environment names an interview:
it is also installed where there is no room.
"""

from __future__ import annotations

import os
from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    if not os.environ.get("NBINTERVIEW_INTERVIEW"):
        return [{"module": "nbinterview_server"}]
    from nbinterview_server.app import RoomExtension
    from nbinterview_server.documents.collaboration import RoomCollaboration
    from nbinterview_server.execution.extension import RoomExecution

    apps = (RoomExtension, RoomCollaboration, RoomExecution)
    return [{"module": app.__module__, "app": app} for app in apps]


def _load_jupyter_server_extension(_serverapp: Any) -> None:
    """Do nothing: this server is not a room."""
