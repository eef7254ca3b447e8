"""Print every route of a real room's web application as JSON: pattern, methods."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from jupyter_server.serverapp import ServerApp
from tornado.web import RequestHandler


def walk(router: Any) -> Iterator[tuple[str, type[RequestHandler]]]:
    for rule in router.rules:
        if hasattr(rule.target, "rules"):
            yield from walk(rule.target)
        elif hasattr(rule.matcher, "regex"):
            yield rule.matcher.regex.pattern, rule.target


def methods(handler: type[RequestHandler]) -> list[str]:
    """Return the HTTP methods that a handler brings itself."""
    names = ("get", "head", "post", "put", "patch", "delete")
    return [
        name.upper()
        for name in names
        if getattr(handler, name) is not getattr(RequestHandler, name)
    ]


def main() -> None:
    app = ServerApp()
    app.initialize(argv=[])
    assert app.web_app is not None
    found = {
        pattern: {"methods": methods(handler), "handler": handler.__name__}
        for pattern, handler in walk(app.web_app.default_router)
    }
    print(json.dumps(found))
    app.io_loop.add_callback(app.stop)
    app.web_app.settings["nbinterview_room"].journal.close()


if __name__ == "__main__":
    main()
