"""One hierarchy of errors; translated once, at the edge, into problem+json.

Raise these in domain code. Words are for the person who reads them:
say what is wrong and what to do.
"""

from __future__ import annotations

from typing import Any


class NBInterviewError(Exception):
    """Base of all errors that nbinterview raises on purpose."""

    status = 500
    title = "Something went wrong"

    def __init__(self, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field

    def problem(self) -> dict[str, Any]:
        """Return RFC 9457 problem details."""
        found: dict[str, Any] = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.field is not None:
            found["field"] = self.field
        return found


class Invalid(NBInterviewError):
    """The input does not fit; `field` names the one to blame."""

    status = 400
    title = "Invalid input"


class Unauthenticated(NBInterviewError):
    """Nobody, or an unknown token."""

    status = 401
    title = "Please sign in"


class Forbidden(NBInterviewError):
    """Signed in, but not allowed."""

    status = 403
    title = "Not allowed"


class NotFound(NBInterviewError):
    """Absent, or not yours: the answer is the same."""

    status = 404
    title = "Not found"


class Conflict(NBInterviewError):
    """The request does not fit the present state."""

    status = 409
    title = "Not possible now"


class TooLarge(NBInterviewError):
    """A size limit was passed."""

    status = 413
    title = "Too large"


class Gone(NBInterviewError):
    """It was here and has been erased."""

    status = 410
    title = "Erased"


class TooMany(NBInterviewError):
    """A rate limit was passed; `retry_after_s` says when to come again."""

    status = 429
    title = "Too many requests"

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class Unavailable(NBInterviewError):
    """Something this needs is not running or cannot be had on this machine."""

    status = 503
    title = "Not available"
