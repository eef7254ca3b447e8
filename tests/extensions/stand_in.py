"""The service's routes for rooms over real HTTP, kept as strictly."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from nbinterview.ledger.checkpoints import (
    Certificate,
    Checkpoint,
    Countersignature,
    PlatformKey,
    countersign,
    make_certificate,
)
from nbinterview.ledger.records import Record, format_time
from nbinterview.ledger.signing import Signer, make_key
from nbinterview.ledger.tree import Tree

TOKEN = "room-token"
MAINTENANCE = b"<!doctype html><title>Back soon</title><p>We are working on it."


class StandIn:
    """Keeps records in order; can be away, and can end the interview."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.records: list[Record] = []
        self.requests: list[str] = []
        self.away = False
        self.slow_s = 0.0
        """So long an answer takes that gives a room its records back."""
        self.maintenance: int | None = None
        """The status of an HTML page that stands in the service's place."""
        self.people_revision = 1
        self.max_bytes: int | None = None
        """Of one request, when the service has such a limit."""
        self.too_large = 0
        """Requests that were refused for it."""
        self.batches: list[int] = []
        """How many records each request brought."""
        self.platform = Signer(make_key())
        self.old_keys: list[PlatformKey] = []
        self.certificates: list[Certificate] = []
        self.checkpoints: list[Checkpoint] = []
        """Those that fitted, and were countersigned."""
        self.countersignatures: list[Countersignature] = []
        self.not_extending: list[Checkpoint] = []
        self.erase: list[dict[str, Any]] = []
        """What the room is to erase, until it says that it did."""
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

    def take(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Keep records, or answer as the contract says."""
        self.batches.append(len(body["records"]))
        for wire in body["records"]:
            record = Record.from_wire(wire)
            if record.seq > len(self.records) + 1:
                return 409, {"detail": "gap", "expected_seq": len(self.records) + 1}
            if record.seq <= len(self.records):
                if self.records[record.seq - 1].hash != record.hash:
                    return 409, {"detail": "another record is kept here"}
                continue
            self.records.append(record)
        countersigned = None
        if body.get("checkpoint") is not None:
            checkpoint = Checkpoint.from_wire(body["checkpoint"])
            status, countersigned = self._hold(checkpoint)
            if status != 200:
                return status, {"title": "This is another record", "detail": "unlike"}
        done = body.get("erased", [])
        self.erase = [one for one in self.erase if one["id"] not in done]
        return 200, {
            "acknowledged_seq": len(self.records),
            "state": self.config["interview"]["state"],
            "people_revision": self.people_revision,
            "countersignature": countersigned,
            "erase": self.erase,
        }

    def _hold(self, checkpoint: Checkpoint) -> tuple[int, dict[str, Any] | None]:
        """Hold a checkpoint against the records, and countersign it."""
        if checkpoint.size > len(self.records):
            return 200, None
        tree = Tree(one.leaf for one in self.records[: checkpoint.size])
        if tree.root().hex() != checkpoint.root:
            self.not_extending.append(checkpoint)
            return 409, None
        if not any(one.covers(checkpoint) for one in self.certificates):
            return 200, None
        self.checkpoints.append(checkpoint)
        signed = countersign(self.platform, checkpoint, self._now())
        self.countersignatures.append(signed)
        return 200, signed.wire()

    def certify(self, body: dict[str, Any]) -> dict[str, Any]:
        """Certify a room's key; the same key gets the same certificate."""
        known = [c for c in self.certificates if c.public_key == body["public_key"]]
        if not known:
            before = self.certificates[-1].key_id if self.certificates else None
            interview = self.config["interview"]["id"]
            made = make_certificate(
                self.platform, interview, body["public_key"], self._now(), before
            )
            self.certificates.append(made)
            known = [made]
        return known[0].wire()

    def rotate(self) -> None:
        """Sign with a new key from now on."""
        self.old_keys.append(self.key())
        self.platform = Signer(make_key())

    def key(self) -> PlatformKey:
        """Return the platform's public key."""
        return PlatformKey(self.platform.public, self.platform.key_id, self._now())

    def keys(self) -> list[dict[str, Any]]:
        """Return all its public keys, as they are published."""
        return [one.wire() for one in (self.key(), *self.old_keys)]

    @staticmethod
    def _now() -> str:
        return format_time(datetime.now(UTC))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: Any) -> None:
                """Be quiet."""

            def do_GET(self) -> None:
                asked = urlsplit(self.path)
                if asked.path.endswith("/keys"):
                    self._answer(200, {"keys": outer.keys()})
                    return
                if not asked.path.endswith("/records"):
                    self._answer(200, outer.config)
                    return
                time.sleep(outer.slow_s)
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
                if outer.away or outer.maintenance is not None:
                    self._answer(503, {})
                elif self.path.endswith("/key"):
                    self._answer(200, outer.certify(body))
                else:
                    self._answer(*outer.take(body))

            def _answer(self, status: int, body: dict[str, Any]) -> None:
                outer.requests.append(f"{self.command} {self.path}")
                if outer.away:
                    status, body = 503, {"detail": "away"}
                if self.headers["Authorization"] != f"Bearer {TOKEN}":
                    status, body = 401, {"detail": "unknown token"}
                data, form = json.dumps(body).encode(), "application/json"
                if outer.maintenance is not None:
                    status, data, form = outer.maintenance, MAINTENANCE, "text/html"
                self.send_response(status)
                self.send_header("Content-Type", form)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        return Handler
