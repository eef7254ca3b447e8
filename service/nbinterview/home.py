"""Where the platform's state and secrets live, and what set-up installed.

$NBINTERVIEW_HOME/
  secrets/            0700, one file a secret, 0600; platform_key is the one that signs,
                      old/ the public halves of those before it
  hub/                jupyterhub.sqlite
  service/            service.sqlite
  rooms/<interview>/  0700: journal.sqlite, work/ (the notebook's folder)
  logs/
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from nbinterview.errors import Unavailable

DEFAULT_PORT = 8000
SERVICE_PREFIX = "/services/nbinterview/"
REPORT_PREFIX = "/services/report/"

SECRET_NAMES = (
    "service_token",
    "report_token",
    "supervisor_token",
    "report_key",
    "hub_key",
    "operator_token",
    "invitation_key",
    "room_key",
    "ticket_key",
    "proxy_token",
    "cookie_secret",
)


@dataclass(frozen=True)
class Home:
    """The state directory and the secrets in it."""

    path: Path

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Home:
        """Return the home that `NBINTERVIEW_HOME` or this system's custom names."""
        named = env.get("NBINTERVIEW_HOME")
        if named:
            return cls(Path(named).absolute())
        if os.geteuid() == 0:
            return cls(Path("/var/lib/nbinterview"))
        data = env.get("XDG_DATA_HOME") or "~/.local/share"
        return cls(Path(data).expanduser() / "nbinterview")

    def make(self) -> None:
        """Make the directories and every missing secret."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("secrets", "hub", "service", "rooms", "logs"):
            directory = self.path / name
            directory.mkdir(exist_ok=True)
            directory.chmod(0o700)
        for name in SECRET_NAMES:
            target = self.path / "secrets" / name
            if not target.exists():
                _write_private(target, secrets.token_hex(32))

    def secret(self, name: str) -> str:
        """Return one secret; `make` must have run."""
        if name not in SECRET_NAMES:
            raise KeyError(name)
        try:
            return (self.path / "secrets" / name).read_text("ascii").strip()
        except FileNotFoundError as error:
            raise Unavailable(
                f"{self.path} holds no platform yet. Start it with ./run first."
            ) from error

    @property
    def platform_key(self) -> Path:
        """The file of the key that the service signs with; it makes it itself."""
        return self.path / "secrets" / "platform_key"

    def secrets(self) -> list[str]:
        """Return all secrets, for whoever keeps them out of the logs."""
        return [self.secret(name) for name in SECRET_NAMES]

    def room(self, interview_id: str) -> Path:
        """Return the directory of one room."""
        return self.path / "rooms" / interview_id


def _write_private(target: Path, text: str) -> None:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as handle:
        handle.write(text)


@dataclass(frozen=True)
class Addresses:
    """Where every part answers. All ports are on this machine's loopback."""

    port: int
    hub_port: int
    proxy_api_port: int
    service_port: int
    report_port: int

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Addresses:
        """Read the ports that the supervisor chose."""
        return cls(
            int(env.get("NBINTERVIEW_PORT", DEFAULT_PORT)),
            *(
                int(env[f"NBINTERVIEW_{name}_PORT"])
                for name in ("HUB", "PROXY_API", "SERVICE", "REPORT")
            ),
        )

    def env(self) -> dict[str, str]:
        """Return the variables that `from_env` reads."""
        return {
            "NBINTERVIEW_PORT": str(self.port),
            "NBINTERVIEW_HUB_PORT": str(self.hub_port),
            "NBINTERVIEW_PROXY_API_PORT": str(self.proxy_api_port),
            "NBINTERVIEW_SERVICE_PORT": str(self.service_port),
            "NBINTERVIEW_REPORT_PORT": str(self.report_port),
        }

    @property
    def public_url(self) -> str:
        """The hub's address for people, without a path."""
        return f"http://localhost:{self.port}"

    @property
    def is_https(self) -> bool:
        """Whether people reach the platform by https."""
        return urlsplit(self.public_url).scheme == "https"

    def origin(self, host: str) -> str:
        """Return the origin of a host below the public one, as `room-x`."""
        return f"http://{host}.{urlsplit(self.public_url).netloc}"

    @property
    def service_url(self) -> str:
        """The service's address for people."""
        return self.origin("nbinterview--service") + SERVICE_PREFIX

    @property
    def report_url(self) -> str:
        """The report's address for people."""
        return self.origin("report--service") + REPORT_PREFIX

    @property
    def service_api(self) -> str:
        """The service's REST for processes on this machine."""
        return f"http://127.0.0.1:{self.service_port}{SERVICE_PREFIX}api/v1"

    @property
    def hub_api(self) -> str:
        """The hub's REST for processes on this machine."""
        return f"http://127.0.0.1:{self.hub_port}/hub/api"


@dataclass(frozen=True)
class Setup:
    """What `scripts/setup.sh` installed: interpreters and programs, absolute."""

    hub_python: Path
    room_python: Path
    report_python: Path
    kernel_python: Path
    proxy: Path
    node: Path
    bwrap: Path
    evaluate_python: Path | None = None
    """None: set up without the word `evaluate`."""

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Setup:
        """Read the `setup.json` that `NBINTERVIEW_SETUP` names."""
        named = env.get("NBINTERVIEW_SETUP")
        if not named or not Path(named).is_file():
            raise Unavailable("Nothing is set up yet. Run ./run or scripts/setup.sh.")
        found = json.loads(Path(named).read_text("utf-8"))
        return cls(**{key: Path(value) for key, value in found.items() if value})
