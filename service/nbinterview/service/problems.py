"""Errors at the edge: one shape for programs, one kind page for people.

Programs get `application/problem+json` (RFC 9457), whatever went wrong: a refusal of
ours, an unknown address, a wrong method, a field that does not fit, a bug.
"""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Scope

from nbinterview.errors import Invalid, NBInterviewError, TooMany
from nbinterview.service.pages import render

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class _HTTPProblem(NBInterviewError):
    """An error of the framework: unknown address, wrong method."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.title = HTTPStatus(status).phrase


_PLAIN = {
    404: "There is nothing at this address.",
    405: "This address does not do that.",
}


def problem_response(
    scope: Scope, error: NBInterviewError, headers: dict[str, str] | None = None
) -> Response:
    """Return the answer for an error: a page for a person, JSON for a program."""
    headers = dict(headers or {})
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers.setdefault("WWW-Authenticate", "Bearer")
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(error.retry_after_s)
    if _wants_page(scope):
        html = render("error.html", title=error.title, detail=error.detail)
        return Response(html, error.status, headers, media_type="text/html")
    body = json.dumps(error.problem(), ensure_ascii=False)
    return Response(body, error.status, headers, media_type=MEDIA_TYPE)


def _wants_page(scope: Scope) -> bool:
    accept = Headers(scope=scope).get("accept", "")
    return "/api/" not in scope["path"] and "text/html" in accept


def install(app: FastAPI) -> None:
    """Translate every error of an application."""

    @app.exception_handler(NBInterviewError)
    async def ours(request: Request, error: NBInterviewError) -> Response:
        return problem_response(request.scope, error)

    @app.exception_handler(RequestValidationError)
    async def unfit(request: Request, error: RequestValidationError) -> Response:
        return problem_response(request.scope, _invalid(error.errors()))

    @app.exception_handler(HTTPException)
    async def theirs(request: Request, error: HTTPException) -> Response:
        # While it reads a body, the framework turns our errors into its own.
        if isinstance(error.__cause__, NBInterviewError):
            return problem_response(request.scope, error.__cause__)
        problem = _HTTPProblem(
            error.status_code, _PLAIN.get(error.status_code, str(error.detail))
        )
        return problem_response(request.scope, problem, dict(error.headers or {}))

    @app.exception_handler(Exception)
    async def unforeseen(request: Request, error: Exception) -> Response:
        log.error("unforeseen error", exc_info=error)
        problem = NBInterviewError("This is our mistake. It has been logged.")
        return problem_response(request.scope, problem)


def _invalid(errors: Any) -> Invalid:
    """Return the first fault in our words: which field, and what about it."""
    first = errors[0]
    parts = [str(part) for part in first["loc"] if part not in {"body", "query"}]
    field = ".".join(parts)
    match first["type"]:
        case "extra_forbidden":
            return Invalid(f"unknown field {field!r}", field=field)
        case "missing":
            return Invalid(f"field {field!r} is missing", field=field or None)
        case "json_invalid":
            return Invalid("The request is not JSON.")
        case _:
            # The message names the rule, never the value: it may be somebody's text.
            return Invalid(f"{field or 'the request'}: {first['msg']}", field=field)
