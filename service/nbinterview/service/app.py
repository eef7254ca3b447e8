"""The application: its parts put together, started and stopped in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles

from nbinterview import __version__
from nbinterview.home import Setup
from nbinterview.rates import Limiter
from nbinterview.runner_process import Sandbox
from nbinterview.service import guards, problems
from nbinterview.service.csrf import CrossSiteProtection
from nbinterview.service.daily import Daily
from nbinterview.service.db import Database, upgrade
from nbinterview.service.domain.audit import AuditLog
from nbinterview.service.domain.bundles import Bundles
from nbinterview.service.domain.checks import Checks
from nbinterview.service.eraser import Eraser
from nbinterview.service.feed import Feed
from nbinterview.service.films import Films
from nbinterview.service.headers import SecurityHeaders
from nbinterview.service.hub import Hub
from nbinterview.service.limits import BodyLimit
from nbinterview.service.metrics import Counted, Metrics
from nbinterview.service.pages import PLAYER, STATIC
from nbinterview.service.platform_keys import PlatformKeys
from nbinterview.service.rooms import Rooms
from nbinterview.service.routes import audit as audit_log
from nbinterview.service.routes import (
    bundles,
    checks,
    entry,
    findings,
    interviews,
    keys,
    live_events,
    metrics,
    models,
    pages,
    parts,
    rights,
)
from nbinterview.service.settings import Settings
from nbinterview.service.signin import HubSignIn
from nbinterview.service.state import State, state_of


def create_app(settings: Settings) -> FastAPI:
    """Return the application; its start migrates the database.

    Raises `RuntimeError` when its routes are not those of the access table.
    """
    counts = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(upgrade, settings.stored)
        platform_keys = await asyncio.to_thread(PlatformKeys, settings.platform_key)
        database = Database(settings.stored)
        hub = Hub(settings.addresses.hub_api, settings.keys.service_token)
        audit = AuditLog(database, platform_keys, settings.now)
        rooms = Rooms(database, hub, settings, audit)
        sign_in = HubSignIn(settings, database)
        films = Films(database)
        checking = Checks(
            database, lambda: Sandbox.from_setup(Setup.from_env()), settings.now
        )
        eraser = Eraser(database, settings, hub, rooms, films, audit)
        daily = Daily(database, eraser, audit)
        bundles_of = Bundles(
            database, platform_keys, settings.database.parent, settings.now
        )
        app.state.nbinterview = State(
            settings,
            database,
            hub,
            rooms,
            sign_in,
            films,
            checking,
            Limiter(settings.limits, settings.monotonic_s),
            counts,
            platform_keys,
            Feed(),
            bundles_of,
            audit,
            eraser,
        )
        await audit.start()
        # Before anything is served: a backup may hold what was erased.
        await eraser.resume()
        daily.start()
        await rooms.resume()
        await checking.resume()
        try:
            yield
        finally:
            await daily.close()
            await eraser.close()
            await checking.close()
            await rooms.close()
            await sign_in.close()
            await audit.close()
            await hub.close()
            await database.close()

    app = FastAPI(
        title="nbinterview",
        version=__version__,
        summary="Interviews, invitations and the ledger.",
        lifespan=lifespan,
        openapi_url=f"{settings.prefix}openapi.json",
        # Their pages load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    api = APIRouter(prefix="/api/v1", responses={"default": {"model": models.Problem}})
    api.include_router(interviews.router, tags=["interviews"])
    api.include_router(parts.router, tags=["parts"])
    api.include_router(keys.router, tags=["keys and signed heads"])
    api.include_router(bundles.router, tags=["keys and signed heads"])
    api.include_router(live_events.router, tags=["interviews"])
    api.include_router(checks.router, tags=["checks and branches"])
    api.include_router(findings.router, tags=["error rates"])
    api.include_router(audit_log.router, tags=["audit log"])
    api.include_router(rights.router, tags=["retention and rights"])
    whole = APIRouter(prefix=settings.prefix.rstrip("/"))
    for router in (
        api,
        pages.router,
        checks.pages,
        findings.pages,
        keys.pages,
        rights.pages,
        audit_log.pages,
        entry.router,
        metrics.router,
    ):
        whole.include_router(router)
    app.include_router(whole)
    for name, files in (("static/replay", PLAYER), ("static", STATIC)):
        served = StaticFiles(directory=files, check_dir=False)
        app.mount(f"{settings.prefix}{name}", served, name=name)
    app.state.entries = guards.bind(app)
    problems.install(app)
    _install_sign_in(app)
    app.add_middleware(CrossSiteProtection, origin=settings.origin)
    app.add_middleware(BodyLimit, limit_for=lambda path: _limit(settings, path))
    app.add_middleware(SecurityHeaders, hub_origin=settings.addresses.public_url)
    app.add_middleware(Counted, metrics=counts)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # FastAPI's way
    return app


def _install_sign_in(app: FastAPI) -> None:
    @app.exception_handler(guards.SignInNeeded)
    async def sign_in(request: Request, error: guards.SignInNeeded) -> Response:
        path = guards.return_path(request)
        if path and "text/html" in request.headers.get("accept", ""):
            return state_of(request).sign_in.begin(path)
        return problems.problem_response(request.scope, error)


def _limit(settings: Settings, path: str) -> int:
    if path.endswith("/api/v1/records/import"):
        return settings.max_import_bytes
    if path.endswith("/records"):
        return settings.max_records_body_bytes
    return settings.max_body_bytes


def _openapi(app: FastAPI) -> dict[str, Any]:
    """Return the schema, with our one error shape in place of FastAPI's own."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            routes=app.routes,
        )
        for operations in schema["paths"].values():
            for operation in operations.values():
                responses = operation["responses"]
                responses.pop("422", None)
                content = responses["default"].pop("content")
                problem = content["application/json"]
                responses["default"]["content"] = {problems.MEDIA_TYPE: problem}
                responses["default"]["description"] = "A problem (RFC 9457)."
        for name in ("HTTPValidationError", "ValidationError"):
            schema["components"]["schemas"].pop(name, None)
        app.openapi_schema = schema
    return app.openapi_schema
