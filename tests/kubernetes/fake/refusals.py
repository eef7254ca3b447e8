"""What the API server says when it refuses, in the words of the recorded answers."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


class Refused(Exception):
    """A request is answered with a `Status` of this code."""

    def __init__(
        self,
        code: int,
        reason: str | None,
        message: str,
        *,
        details: Json | None = None,
        metadata: Json | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.headers = headers or {}
        self.status: Json = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": metadata or {},
            "status": "Failure",
            "message": message,
            **({"reason": reason} if reason else {}),
            **({"details": details} if details is not None else {}),
            "code": code,
        }


def bad_request(message: str) -> Refused:
    return Refused(400, "BadRequest", message)


def unauthorized() -> Refused:
    return Refused(401, "Unauthorized", "Unauthorized")


def forbidden(
    plural: str, name: str, why: str, causes: list[Json] | None = None
) -> Refused:
    """Admission says no to an object: quota, Pod Security, a namespace that ends."""
    details: Json = {"name": name, "kind": plural}
    if causes:
        details["causes"] = causes
    message = f'{plural} "{name}" is forbidden: {why}'
    return Refused(403, "Forbidden", message, details=details)


def no_right(user: str, verb: str, plural: str, group: str, namespace: str) -> Refused:
    """RBAC says no to a user."""
    where = f' in the namespace "{namespace}"' if namespace else " at the cluster scope"
    message = (
        f'{plural} is forbidden: User "{user}" cannot {verb} resource "{plural}" '
        f'in API group "{group}"{where}'
    )
    details = {"kind": plural, **({"group": group} if group else {})}
    return Refused(403, "Forbidden", message, details=details)


def not_found(plural: str, name: str, group: str = "") -> Refused:
    what = f"{plural}.{group}" if group else plural
    details = {"name": name, "kind": plural, **({"group": group} if group else {})}
    return Refused(404, "NotFound", f'{what} "{name}" not found', details=details)


def already_exists(plural: str, name: str, group: str = "") -> Refused:
    what = f"{plural}.{group}" if group else plural
    details = {"name": name, "kind": plural, **({"group": group} if group else {})}
    message = f'{what} "{name}" already exists'
    return Refused(409, "AlreadyExists", message, details=details)


def conflict(what: str, name: str, why: str) -> Refused:
    message = f'Operation cannot be fulfilled on {what} "{name}": {why}'
    return Refused(409, "Conflict", message, details={"name": name, "kind": what})


def invalid(kind: str, name: str, field: str, reason: str, why: str) -> Refused:
    """422: the object's own fields are wrong."""
    cause = {"reason": reason, "message": why, "field": field}
    return Refused(
        422,
        "Invalid",
        f'{kind} "{name}" is invalid: {field}: {why}',
        details={"name": name, "kind": kind, "causes": [cause]},
    )


def not_allowed() -> Refused:
    message = "the server does not allow this method on the requested resource"
    return Refused(405, "MethodNotAllowed", message, details={})


def unsupported_media_type(accepted: list[str]) -> Refused:
    message = (
        "the body of the request was in an unknown format - "
        f"accepted media types include: {', '.join(accepted)}"
    )
    return Refused(415, "UnsupportedMediaType", message)


def page_expired(token: str) -> Refused:
    message = (
        "The provided continue parameter is too old to display a consistent list "
        "result. You can start a new list without the continue parameter, or use the "
        "continue token in this response to retrieve the remainder of the results. "
        "Continuing with the provided token results in an inconsistent list - objects "
        "that were created, modified, or deleted between the time the first chunk was "
        "returned and now may show up in the list."
    )
    return Refused(410, "Expired", message, metadata={"continue": token})


def version_expired(asked: int, oldest: int) -> Refused:
    return Refused(410, "Expired", f"too old resource version: {asked} ({oldest})")


def version_too_large(asked: int, current: int) -> Refused:
    cause = {
        "reason": "ResourceVersionTooLarge",
        "message": "Too large resource version",
    }
    return Refused(
        504,
        "Timeout",
        f"Timeout: Too large resource version: {asked}, current: {current}",
        details={"causes": [cause], "retryAfterSeconds": 1},
        headers={"Retry-After": "1"},
    )
