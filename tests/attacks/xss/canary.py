"""A server on this machine whose addresses the payloads name: who asks it was moved."""

from __future__ import annotations

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_ASKED = re.compile(r"/c/([\w-]+)")


class Canary:
    """Remembers which payloads' addresses were asked for."""

    def __init__(self) -> None:
        self.asked: set[str] = set()
        self.page = ""
        """HTML that is served at `/`, for a test of the test."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    @property
    def url(self) -> str:
        """The base address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: Any) -> None:
                """Be quiet."""

            def do_GET(self) -> None:
                found = _ASKED.search(self.path)
                if found:
                    outer.asked.add(found.group(1).split(".")[0])
                body = outer.page.encode() if self.path == "/" else b""
                self.send_response(200 if found or body else 404)
                self.send_header("Access-Control-Allow-Origin", "*")
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815  # the base class's way to name methods

        return Handler
