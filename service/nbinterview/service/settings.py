"""What the service needs to know: read once from the environment and the home."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from limits import RateLimitItem

from nbinterview.errors import Invalid
from nbinterview.home import SERVICE_PREFIX, Addresses, Home
from nbinterview.rates import limits_from_env

MIB = 1024 * 1024


def system_now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Keys:
    """The secrets this process holds; which opens what is in `nbinterview.home`."""

    service_token: str
    report_key: str
    hub_key: str
    operator_token: str
    invitation_key: str
    room_key: str
    ticket_key: str


@dataclass(frozen=True)
class Settings:
    """Addresses, secrets, limits and the clock."""

    addresses: Addresses
    keys: Keys
    database: Path
    """The SQLite file; beside it lies what a backup must not bring back."""
    platform_key: Path
    """What the service signs with; made at its first start."""
    rooms: Path | None = None
    """The directories of the rooms, where they are on this machine."""
    now: Callable[[], datetime] = system_now
    prefix: str = SERVICE_PREFIX
    session_lifetime_s: int = 12 * 3600
    access_cache_s: int = 60
    ticket_lifetime_s: int = 15 * 60
    room_stop_grace_s: float = 15.0
    max_body_bytes: int = 4 * MIB
    max_records_body_bytes: int = 32 * MIB
    max_import_bytes: int = 512 * MIB
    limits: Mapping[str, RateLimitItem] = field(
        default_factory=lambda: limits_from_env({})
    )
    monotonic_s: Callable[[], float] = time.monotonic
    proxy_hops: int = 1
    """How many proxies of ours stand before the service; see `rates.address_of`."""
    database_url: str | None = field(default=None, repr=False)
    """A PostgreSQL server's database, in place of the SQLite file."""

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Settings:
        """Read `NBINTERVIEW_*`; raise `Unavailable` when there is no platform yet."""
        home = Home.from_env(env)
        names = Keys.__dataclass_fields__
        return cls(
            addresses=Addresses.from_env(env),
            keys=Keys(**{name: home.secret(name) for name in names}),
            database=home.path / "service" / "service.sqlite",
            platform_key=home.platform_key,
            rooms=home.path / "rooms",
            limits=limits_from_env(env),
            proxy_hops=_hops(env.get("NBINTERVIEW_PROXY_HOPS", "1")),
            database_url=env.get("NBINTERVIEW_DATABASE_URL") or None,
        )

    @property
    def stored(self) -> Path | str:
        """Where the tables are: a SQLite file, or a PostgreSQL server's URL."""
        return self.database_url or self.database

    @property
    def origin(self) -> str:
        """The only origin whose pages may change anything here with a cookie."""
        parts = urlsplit(self.addresses.service_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def secure(self) -> bool:
        """Whether people reach the service by https."""
        return self.addresses.service_url.startswith("https:")

    def room_origin(self, interview_id: str) -> str:
        """The origin of one room."""
        return self.addresses.origin(f"room-{interview_id}")


def _hops(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise Invalid(f"NBINTERVIEW_PROXY_HOPS is {text!r}; it must be a number.")
    return int(text)
