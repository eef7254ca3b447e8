"""JupyterHub's configuration of a local platform; see `nbinterview_hub.settings`."""

from nbinterview_hub import configure

c = get_config()  # noqa: F821
configure(c)
