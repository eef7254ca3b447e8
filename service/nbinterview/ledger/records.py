"""One record of a room's journal, and its hash.

`hash` is the leaf hash of RFC 6962: SHA-256 over a zero byte and the RFC 8785
canonical JSON of the record's body. In format 2 the body has, of the payload, only
`payload_hash`: SHA-256 over the salt and the payload's canonical JSON. So payload and
salt can be erased and the hash still verifies; without the salt nobody can guess the
payload back. In format 1 the body had payload and salt themselves: it is still read,
and once erased only its hash is left.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import orjson

from nbinterview.errors import Invalid
from nbinterview.ledger.canonical import canonical
from nbinterview.ledger.record_form import check_form

FORMAT = 2
"""What is written now."""
FORMATS = (1, 2)
"""What is read."""


@dataclass(frozen=True)
class Record:
    """A record as it is stored, sent and replayed.

    `payload` and `salt` are None once erased. `payload_hash` is computed when it
    isn't given; format 1 has none. `kept_hash` is the hash of an erased record of
    format 1, which can't be computed any more.
    """

    interview: str
    seq: int
    time: str
    kind: str
    author: str
    payload: Mapping[str, Any] | None
    salt: str | None
    monotonic_ms: float | None = None
    format: int = FORMAT
    payload_hash: str = ""
    kept_hash: str = ""

    def __post_init__(self) -> None:
        if self.format == 1 or self.payload_hash or self.salt is None:
            return
        made = hashlib.sha256(bytes.fromhex(self.salt) + self.payload_json).hexdigest()
        object.__setattr__(self, "payload_hash", made)

    @property
    def erased(self) -> bool:
        """Whether the payload is gone; its hash is not."""
        return self.payload is None

    @property
    def facts(self) -> Mapping[str, Any]:
        """The payload of a record that isn't erased; raises `Invalid` for one that is.

        For who can't meet an erased one, as the room that is writing the journal.
        """
        if self.payload is None:
            raise Invalid(f"Record {self.seq} was erased.", field="payload")
        return self.payload

    @cached_property
    def payload_json(self) -> bytes:
        """The payload's canonical JSON."""
        return canonical(self.payload)

    def body(self) -> dict[str, Any]:
        """Return everything that is hashed."""
        body = {
            "format": self.format,
            "interview": self.interview,
            "seq": self.seq,
            "time": self.time,
            "monotonic_ms": self.monotonic_ms,
            "kind": self.kind,
            "author": self.author,
        }
        if self.format == 1:
            return {**body, "payload": self.payload, "salt": self.salt}
        return {**body, "payload_hash": self.payload_hash}

    @cached_property
    def leaf(self) -> bytes:
        """The RFC 6962 leaf hash: 32 bytes."""
        if self.format == 1 and self.erased:
            return bytes.fromhex(self.kept_hash)
        return hashlib.sha256(b"\x00" + self._json(hashed=True)).digest()

    @property
    def hash(self) -> str:
        """The leaf hash in hexadecimal."""
        return self.leaf.hex()

    def wire(self) -> dict[str, Any]:
        """Return the JSON that is sent and exported."""
        wire = {**self.body(), "payload": self.payload, "salt": self.salt}
        return {**wire, "hash": self.hash}

    @cached_property
    def wire_json(self) -> bytes:
        """The canonical JSON of `wire`: one line of an export, a row of a journal."""
        return self._json(hashed=False)

    def without_payload(self) -> Record:
        """Return the record as it is after it was erased."""
        if self.erased:
            return self
        kept = self.hash if self.format == 1 else ""
        return replace(self, payload=None, salt=None, kept_hash=kept)

    @property
    def payload_fits(self) -> bool:
        """Whether payload and salt give the payload's hash, where both are there."""
        if self.format == 1 or self.salt is None:
            return True
        salted = bytes.fromhex(self.salt) + self.payload_json
        return hashlib.sha256(salted).hexdigest() == self.payload_hash

    @property
    def at_s(self) -> float:
        """Seconds since 1970 by the room server's clock."""
        return parse_time(self.time).timestamp()

    @classmethod
    def from_wire(
        cls, wire: Mapping[str, Any], *, erased_by_us: bool = False
    ) -> Record:
        """Return the record, or raise `Invalid` when form or hash do not fit.

        An erased record of format 1 can't be verified: only who knows of the erasure
        from elsewhere may take it, and says `erased_by_us`.
        """
        check_form(wire)
        record = cls.stored(wire)
        if record.format == 1 and record.erased and not erased_by_us:
            raise Invalid(
                f"record {record.seq} is of format 1 and erased: its hash can't be "
                "verified",
                field="payload",
            )
        if not record.payload_fits:
            raise Invalid(
                f"the payload of record {record.seq} does not match its hash",
                field="hash",
            )
        if record.hash != wire["hash"]:
            raise Invalid(f"record {record.seq} does not match its hash", field="hash")
        return record

    @classmethod
    def from_json(cls, text: str | bytes, *, erased_by_us: bool = False) -> Record:
        """Return the record of one line of an export, verified as by `from_wire`."""
        return cls.from_wire(_parsed(text), erased_by_us=erased_by_us)

    @classmethod
    def stored(cls, wire: Mapping[str, Any]) -> Record:
        """Return the record of a row of our own, without verifying it again."""
        erased_1 = wire["format"] == 1 and wire["payload"] is None
        return cls(
            interview=wire["interview"],
            seq=wire["seq"],
            time=wire["time"],
            kind=wire["kind"],
            author=wire["author"],
            payload=wire["payload"],
            salt=wire["salt"],
            monotonic_ms=wire["monotonic_ms"],
            format=wire["format"],
            payload_hash=wire.get("payload_hash", ""),
            kept_hash=wire["hash"] if erased_1 else "",
        )

    def _json(self, *, hashed: bool) -> bytes:
        """Canonical JSON of `body` or `wire`, around the payload's that there is."""
        whole = not hashed or self.format == 1
        fields: dict[str, Any] = {"author": self.author, "format": self.format}
        if not hashed:
            fields["hash"] = self.hash
        fields["interview"] = self.interview
        fields["kind"] = self.kind
        fields["monotonic_ms"] = orjson.Fragment(_number(self.monotonic_ms))
        if whole:
            fields["payload"] = orjson.Fragment(self.payload_json)
        if self.format != 1:
            fields["payload_hash"] = self.payload_hash
        if whole:
            fields["salt"] = self.salt
        fields["seq"] = self.seq
        fields["time"] = self.time
        try:  # in the order of their names, as RFC 8785 wants them
            return orjson.dumps(fields, option=orjson.OPT_STRICT_INTEGER)
        except orjson.JSONEncodeError as error:
            raise Invalid(f"Record {self.seq} has no canonical form.") from error


def follows(earlier: Record, later: Record) -> bool:
    """Say whether a record may come right after another: one on, no format back."""
    return (
        later.interview == earlier.interview
        and later.seq == earlier.seq + 1
        and later.format >= earlier.format
    )


def _parsed(text: str | bytes) -> Mapping[str, Any]:
    try:
        wire = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Invalid("A line is no JSON, or nested too deeply.") from error
    if not isinstance(wire, dict):
        raise Invalid("A line is no record.")
    return wire


def _number(value: float | None) -> bytes:
    if value is None:
        return b"null"
    text = repr(value)
    # The shortest digits are ECMAScript's too; only their outer form may differ.
    if isinstance(value, float) and (text.endswith(".0") or not _plain(text)):
        return canonical(value)
    return text.encode() if isinstance(value, float) else canonical(value)


def _plain(text: str) -> bool:
    return text.replace(".", "", 1).lstrip("-").isdigit()


def format_time(moment: datetime) -> str:
    """Return the wire form of an aware time: UTC with microseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_time(text: str) -> datetime:
    """Return the aware time of a wire form."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
