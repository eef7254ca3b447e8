"""The peer: a plain Jupyter server with stock jupyter-collaboration, for comparison.

Started, killed and started again on the same directory as a room server is, and
spoken to by the same clients. Default settings, unless a test says otherwise.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

from nbinterview_server.config import NOTEBOOK
from tests.extensions.harness import BASE, RoomServer, room_config
from tests.ports import free_port

# What the test environment holds beside jupyter-collaboration and its needs.
OTHERS_OFF = {
    "jupyter_lsp": False,
    "jupyter_server_nbmodel": False,
    "jupyter_server_terminals": False,
    "nbinterview_server": False,
    "notebook_shim": False,
    "voila.server_extension": False,
}


IDENTITY = "tests.extensions.token_identity.TokenIdentity"
PATIENCE_S = 2.0


def template() -> dict[str, Any]:
    """Return the notebook that a room of the harness starts from."""
    notebook: dict[str, Any] = room_config()["template"]
    return notebook


class StockServer(RoomServer):
    """A stock server with one notebook, under the address that a room would have."""

    def __init__(
        self,
        directory: Path,
        *,
        notebook: dict[str, Any] | None = None,
        lab: bool = False,
        **settings: Any,
    ) -> None:
        """Prepare the directory; `settings` are traits of `YDocExtension`."""
        self.directory = directory
        self.port = free_port()
        self.work = directory / "work"
        self._lab = lab
        self._settings = settings
        self._process = None
        (directory / "jupyter" / "config").mkdir(parents=True)
        (directory / "jupyter" / "data").mkdir()
        (directory / "home").mkdir()
        self.work.mkdir()
        self.write_file(notebook or template())

    @property
    def file(self) -> Path:
        """The notebook's file."""
        return self.work / NOTEBOOK

    @property
    def store(self) -> Path:
        """The SQLite file of the Y store, at its default place."""
        return self.directory / ".jupyter_ystore.db"

    def env(self) -> dict[str, str]:
        """Return the variables of the server's process."""
        return {"PATH": os.environ["PATH"]}

    def config(self) -> dict[str, dict[str, Any]]:
        """Return the server's configuration."""
        return {
            "ServerApp": {
                "jpserver_extensions": {**OTHERS_OFF, "jupyterlab": self._lab},
                "identity_provider_class": IDENTITY,
                "root_dir": str(self.work),
                "base_url": BASE,
                "ip": "127.0.0.1",
                "port": self.port,
                "port_retries": 0,
                "open_browser": False,
                "allow_root": os.geteuid() == 0,
            },
            "YDocExtension": self._settings,
        }

    async def prepare(self) -> None:
        """Write the configuration."""
        path = self.directory / "jupyter" / "config" / "jupyter_server_config.json"
        path.write_text(json.dumps(self.config(), indent=1), "utf-8")

    def stop(self, by: signal.Signals = signal.SIGTERM) -> None:
        """Ask the server to stop; stock often does not while rooms are open."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(by)
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def write_file(self, notebook: dict[str, Any]) -> None:
        """Write the notebook's file, as another program would."""
        self.file.write_text(json.dumps(notebook, indent=1), "utf-8")

    def forget_store(self) -> None:
        """Delete the Y store."""
        for path in self.directory.glob(self.store.name + "*"):
            path.unlink()

    def stored(self) -> int:
        """Return how many updates are in the Y store."""
        if not self.store.exists():
            return 0
        with closing(sqlite3.connect(f"file:{self.store}?mode=ro", uri=True)) as db:
            (count,) = db.execute("SELECT count(*) FROM yupdates").fetchone()
        return int(count)
