"""The product's configuration; a room is a stock single-user server.

What `nbinterview_server` puts into a room is tested beside it; the hub's part is
identity, access and environment, which the stock server shows as well.
"""

from nbinterview.home import Setup
from nbinterview_hub import configure

c = get_config()  # type: ignore[name-defined]  # noqa: F821
configure(c)
c.Spawner.cmd = [
    *(str(Setup.from_env().room_python), "-m", "jupyterhub.singleuser", "--allow-root"),
    "--ServerApp.jpserver_extensions={}",
]
