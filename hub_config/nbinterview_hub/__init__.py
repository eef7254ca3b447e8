"""Identity, rooms and the supervisor of a local platform.

`configure(c)` is all that a `jupyterhub_config.py` needs;
`nbinterview_hub.supervisor.main` is `nbinterview up`.
"""

from __future__ import annotations

from typing import Any


def configure(c: Any, **options: Any) -> None:
    """Set up JupyterHub for interviews: `nbinterview_hub.settings.configure`."""
    # Imported late: the supervisor must not load JupyterHub.
    from nbinterview_hub.settings import configure as settings_configure

    settings_configure(c, **options)
