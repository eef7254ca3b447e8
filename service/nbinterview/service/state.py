"""What the running application holds, made once at its start."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from nbinterview.rates import Limiter
from nbinterview.service.db import Database
from nbinterview.service.domain.audit import AuditLog
from nbinterview.service.domain.bundles import Bundles
from nbinterview.service.domain.checks import Checks
from nbinterview.service.eraser import Eraser
from nbinterview.service.feed import Feed
from nbinterview.service.films import Films
from nbinterview.service.hub import Hub
from nbinterview.service.metrics import Metrics
from nbinterview.service.platform_keys import PlatformKeys
from nbinterview.service.rooms import Rooms
from nbinterview.service.settings import Settings
from nbinterview.service.signin import HubSignIn


@dataclass(frozen=True)
class State:
    """Settings and the things that hold connections."""

    settings: Settings
    database: Database
    hub: Hub
    rooms: Rooms
    sign_in: HubSignIn
    films: Films
    checks: Checks
    limiter: Limiter
    metrics: Metrics
    platform_keys: PlatformKeys
    feed: Feed
    bundles: Bundles
    audit: AuditLog
    eraser: Eraser


def state_of(request: Request) -> State:
    """Return the state of the application that answers this request."""
    state = request.app.state.nbinterview
    assert isinstance(state, State)
    return state
