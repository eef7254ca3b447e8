"""Rooms as processes on this machine, each with an environment of its own."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyterhub.spawner import SimpleLocalProcessSpawner
from tornado import web
from traitlets import Unicode, default

from nbinterview.ids import INTERVIEW_ID
from nbinterview.tokens import room_token

_ROOM = re.compile(f"room-({INTERVIEW_ID.pattern})")

# From the hub's own environment a room gets only what finds programs and words,
# and the installation's own limits.
KEEP = (
    "PATH",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "TZ",
    "NBINTERVIEW_LIMITS",
    "NBINTERVIEW_ROOM_QUOTA_BYTES",
)


def interview_of_room(user_name: str) -> str | None:
    """Return the interview whose room this hub user is, or None."""
    found = _ROOM.fullmatch(user_name)
    return found.group(1) if found else None


def room_env(
    inherited: Mapping[str, str],
    *,
    interview_id: str,
    room_dir: Path,
    service_api: str,
    room_key: str,
    kernel_python: str,
    bwrap: str,
) -> dict[str, str]:
    """Return a room server's whole environment.

    `inherited` is what JupyterHub would give; of it only `JUPYTERHUB_*` and a few
    common names stay, whatever later versions or configuration add.
    """
    kept = {
        name: value
        for name, value in inherited.items()
        if name in {*KEEP, "USER", "HOME", "SHELL"} or name.startswith("JUPYTERHUB_")
    }
    return {
        **kept,
        "NBINTERVIEW_INTERVIEW": interview_id,
        "NBINTERVIEW_ROOM_DIR": str(room_dir),
        "NBINTERVIEW_SERVICE_API": service_api,
        "NBINTERVIEW_ROOM_TOKEN": room_token(room_key, interview_id),
        "NBINTERVIEW_KERNEL_PYTHON": kernel_python,
        "NBINTERVIEW_BWRAP": bwrap,
    }


class RoomSpawner(SimpleLocalProcessSpawner):  # type: ignore[misc]  # JupyterHub is untyped
    """Starts the room of a hub user `room-<interview id>`, and nothing else.

    JupyterHub warns that its local spawner isolates nobody from anybody: here it
    runs only our own trusted room servers; candidates' code runs in their kernels'
    sandboxes.
    """

    rooms_dir = Unicode(help="Where the rooms' directories are.", config=True)
    logs_dir = Unicode(help="Where the rooms' logs go.", config=True)
    service_api = Unicode(help="The service's REST, on this machine.", config=True)
    room_key = Unicode(help="Derives room tokens.", config=True)
    kernel_python = Unicode(help="The candidates' interpreter.", config=True)
    bwrap = Unicode(help="The bubblewrap program.", config=True)

    @default("env_keep")
    def _env_keep_default(self) -> list[str]:
        return list(KEEP)

    @default("home_dir")
    def _default_home_dir(self) -> str:
        return str(self.room_dir)

    @property
    def interview_id(self) -> str:
        """The interview, or 403 when this user is not a room."""
        found = interview_of_room(self.user.name)
        if found is None:
            raise web.HTTPError(403, "Only interview rooms have a server here.")
        return found

    @property
    def room_dir(self) -> Path:
        """The room's directory, as `Home.room` names it."""
        return Path(self.rooms_dir) / self.interview_id

    def make_preexec_fn(self, _name: str) -> None:
        """Run nothing between fork and exec: `start` prepares the directory."""

    def get_env(self) -> dict[str, str]:
        """Return the room's whole environment."""
        return room_env(
            super().get_env(),
            interview_id=self.interview_id,
            room_dir=self.room_dir,
            service_api=self.service_api,
            room_key=self.room_key,
            kernel_python=self.kernel_python,
            bwrap=self.bwrap,
        )

    async def start(self) -> tuple[str, int]:
        """Start the room server in its own directory, with its own log."""
        room_dir = self.room_dir
        room_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        room_dir.chmod(0o700)
        log_path = Path(self.logs_dir) / f"{self.user.name}.log"
        descriptor = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self.popen_kwargs = {
                "cwd": str(room_dir),
                "stdin": subprocess.DEVNULL,
                "stdout": descriptor,
                "stderr": subprocess.STDOUT,
            }
            address: tuple[str, int] = await super().start()
            return address
        finally:
            os.close(descriptor)


def configure_rooms(c: Any, **settings: str) -> None:
    """Set the spawner's traits and the limits of a room's start and stop."""
    for name, value in settings.items():
        c.RoomSpawner[name] = value
    c.RoomSpawner.start_timeout = 60
    c.RoomSpawner.http_timeout = 60
    # A room that does not stop in time has its journal on disk already.
    c.RoomSpawner.interrupt_timeout = 10
    c.RoomSpawner.term_timeout = 5
    c.RoomSpawner.poll_interval = 5
    c.RoomSpawner.disable_user_config = True
    c.RoomSpawner.ip = "127.0.0.1"
