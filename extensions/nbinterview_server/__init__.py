"""The room server: one interview's rules, record and live fan-out.

A Jupyter Server extension. Where the environment names no interview it only serves
the public files that `ProctorWidget` needs in any notebook.
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


def _load_jupyter_server_extension(serverapp: Any) -> None:
    """Serve the widget's files: this server is not a room."""
    from jupyter_server.utils import url_path_join

    from nbinterview_server.headers import ASSETS

    pattern, *handler = ASSETS
    route = (url_path_join(serverapp.base_url, pattern), *handler)
    serverapp.web_app.add_handlers(".*$", [route])
