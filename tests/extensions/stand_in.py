"""The service's routes for rooms over real HTTP, kept as strictly."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from nbinterview.ledger.records import Record

TOKEN = "room-token"


class StandIn:
    """Keeps records in order; can be away, and can end the interview."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.records: list[Record] = []
        self.requests: list[str] = []
        self.away = False
        self.people_revision = 1
        self.max_bytes: int | None = None
        """Of one request, when the service has such a limit."""
        self.too_large = 0
        """Requests that were refused for it."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    @property
    def api(self) -> str:
        """The base of the REST."""
        return (
            f"http://127.0.0.1:{self._server.server_port}/services/nbinterview/api/v1"
        )

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def take(self, wires: list[dict[str, Any]]) -> tuple[int, dict[str, Any]]:
        """Keep records, or answer as the contract says."""
        for wire in wires:
            record = Record.from_wire(wire)
            if record.seq > len(self.records) + 1:
                return 409, {"detail": "gap", "expected_seq": len(self.records) + 1}
            if record.seq <= len(self.records):
                if self.records[record.seq - 1] != record:
                    return 409, {"detail": "another record is kept here"}
                continue
            self.records.append(record)
        state = self.config["interview"]["state"]
        return 200, {
            "acknowledged_seq": len(self.records),
            "state": state,
            "people_revision": self.people_revision,
        }

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: Any) -> None:
                """Be quiet."""

            def do_GET(self) -> None:
                asked = urlsplit(self.path)
                if not asked.path.endswith("/records"):
                    self._answer(200, outer.config)
                    return
                query = {name: int(n) for name, n in parse_qsl(asked.query)}
                kept = outer.records[query["after"] :][: query["limit"]]
                self._answer(200, {"records": [one.wire() for one in kept]})

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = json.loads(self.rfile.read(length))
                if outer.max_bytes is not None and length > outer.max_bytes:
                    outer.too_large += 1
                    self._answer(413, {"detail": "too large"})
                    return
                kept = (503, {}) if outer.away else outer.take(body["records"])
                self._answer(*kept)

            def _answer(self, status: int, body: dict[str, Any]) -> None:
                outer.requests.append(f"{self.command} {self.path}")
                if outer.away:
                    status, body = 503, {"detail": "away"}
                if self.headers["Authorization"] != f"Bearer {TOKEN}":
                    status, body = 401, {"detail": "unknown token"}
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        return Handler
