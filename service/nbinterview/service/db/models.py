"""The tables. Names of people are in `people` only; everywhere else stand ids."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from nbinterview.service.db.numbers import WHOLE


class Moment(TypeDecorator[datetime]):
    """An aware time, kept in UTC; SQLite itself knows no time zones."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 (SQLAlchemy's signature)
    ) -> datetime | None:
        """Turn an aware time into the column's naive UTC."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 (SQLAlchemy's signature)
    ) -> datetime | None:
        """Turn the column's naive UTC into an aware time."""
        return None if value is None else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """What all tables share."""

    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy's own name and form)
        int: WHOLE,
        datetime: Moment,
        dict[str, Any]: JSON,
        list[str]: JSON,
        list[dict[str, Any]]: JSON,
    }


class Interview(Base):
    """An appointment: its template, its policy and where it stands."""

    __tablename__ = "interviews"

    id: Mapped[str] = mapped_column(String(10), primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(10), default="scheduled")
    sample: Mapped[bool] = mapped_column(Boolean, default=False)
    template: Mapped[dict[str, Any]]
    template_notes: Mapped[list[str]]
    # The one that its room gets: a candidate's accommodations are already in it.
    policy: Mapped[dict[str, Any]]
    # What its questions allow: findings that this excuses are recorded, never flagged.
    allows: Mapped[list[str]] = mapped_column(default=list)
    created_by: Mapped[str | None] = mapped_column(String(20))
    created_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    room_stopped_at: Mapped[datetime | None]
    # Of a branch: which moment of which interview it is a copy of, up to which record,
    # and what was run before it (`Branch.runs` of room.schema.yaml).
    branch_of: Mapped[str | None] = mapped_column(
        ForeignKey("interviews.id"), index=True
    )
    branch_at_ms: Mapped[int | None]
    branch_seq: Mapped[int | None]
    branch_runs: Mapped[list[dict[str, Any]] | None]


class Person(Base):
    """Somebody, under an opaque hub name."""

    __tablename__ = "people"

    hub_name: Mapped[str] = mapped_column(String(20), primary_key=True)
    display_name: Mapped[str] = mapped_column(String(200))
    initials: Mapped[str] = mapped_column(String(4))
    color: Mapped[str] = mapped_column(String(7))
    created_at: Mapped[datetime]


class Participation(Base):
    """The role of one person in one interview; a reviewer's has no interview."""

    __tablename__ = "participations"
    __table_args__ = (UniqueConstraint("interview_id", "hub_name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    interview_id: Mapped[str | None] = mapped_column(
        ForeignKey("interviews.id"), index=True
    )
    hub_name: Mapped[str] = mapped_column(ForeignKey("people.hub_name"), index=True)
    role: Mapped[str] = mapped_column(String(12))
    removed_at: Mapped[datetime | None]


class Invitation(Base):
    """A link that was given out; the link itself is signed, not stored."""

    __tablename__ = "invitations"

    id: Mapped[str] = mapped_column(String(10), primary_key=True)
    participation_id: Mapped[int] = mapped_column(
        ForeignKey("participations.id"), index=True
    )
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class Arrival(Base):
    """One sign-in by a link: from which browser, and whether the session was new."""

    __tablename__ = "arrivals"

    id: Mapped[int] = mapped_column(primary_key=True)
    invitation_id: Mapped[str] = mapped_column(ForeignKey("invitations.id"), index=True)
    at: Mapped[datetime]
    browser: Mapped[str] = mapped_column(String(400))
    fresh: Mapped[bool]


class LedgerRecord(Base):
    """One journal record, as it came and was verified."""

    __tablename__ = "records"
    __table_args__ = (Index("ix_records_kind", "interview_id", "kind", "seq"),)

    interview_id: Mapped[str] = mapped_column(
        ForeignKey("interviews.id"), primary_key=True
    )
    seq: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(30))
    time: Mapped[str] = mapped_column(String(27))
    hash: Mapped[str] = mapped_column(String(64))
    # `nbinterview.ledger.stored`: never read it without `from_store`.
    wire: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime]
    # The erasure that took its payload and its salt.
    erased_by: Mapped[str | None] = mapped_column(String(10))


class Frontier(Base):
    """The edge of an interview's tree: enough to go on without its leaves."""

    __tablename__ = "frontiers"

    interview_id: Mapped[str] = mapped_column(
        ForeignKey("interviews.id"), primary_key=True
    )
    size: Mapped[int]
    # 32 bytes for each whole subtree, the largest first.
    nodes: Mapped[bytes] = mapped_column(LargeBinary)


class KeyCertificate(Base):
    """The platform's word that a public key is the one of an interview's room."""

    __tablename__ = "certificates"

    interview_id: Mapped[str] = mapped_column(
        ForeignKey("interviews.id"), primary_key=True
    )
    key_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    # 1 for the room's first key; a later one replaces the one before.
    number: Mapped[int]
    public_key: Mapped[str] = mapped_column(String(64))
    # `nbinterview.ledger.checkpoints.Certificate`.
    wire: Mapped[dict[str, Any]]


class SignedHead(Base):
    """A checkpoint of a room that fits the records kept here."""

    __tablename__ = "checkpoints"

    interview_id: Mapped[str] = mapped_column(
        ForeignKey("interviews.id"), primary_key=True
    )
    size: Mapped[int] = mapped_column(primary_key=True)
    key_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    root: Mapped[str] = mapped_column(String(64))
    # `nbinterview.ledger.checkpoints.Checkpoint`.
    wire: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]


class CountersignedHead(Base):
    """The service's own signature under the tree of that size."""

    __tablename__ = "countersignatures"

    interview_id: Mapped[str] = mapped_column(
        ForeignKey("interviews.id"), primary_key=True
    )
    size: Mapped[int] = mapped_column(primary_key=True)
    platform_key_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    # `nbinterview.ledger.checkpoints.Countersignature`.
    wire: Mapped[dict[str, Any]]


class Erasure(Base):
    """What was erased of a record, and why: hashes stay, payloads and salts go."""

    __tablename__ = "erasures"

    id: Mapped[str] = mapped_column(String(10), primary_key=True)
    interview_id: Mapped[str] = mapped_column(ForeignKey("interviews.id"), index=True)
    from_seq: Mapped[int]
    to_seq: Mapped[int]
    kinds: Mapped[list[str]]
    reason: Mapped[str] = mapped_column(String(400))
    rule: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime]
    room_done_at: Mapped[datetime | None]


class AuditRecord(Base):
    """One action of the staff, as a record of the audit log's own ledger."""

    __tablename__ = "audit"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    time: Mapped[str] = mapped_column(String(27))
    kind: Mapped[str] = mapped_column(String(40), index=True)
    author: Mapped[str] = mapped_column(String(40), index=True)
    # The interview or person that it is about; the log outlives both.
    about: Mapped[str | None] = mapped_column(String(20), index=True)
    hash: Mapped[str] = mapped_column(String(64))
    wire: Mapped[bytes] = mapped_column(LargeBinary)


class AuditHead(Base):
    """A signed head of the audit log's tree."""

    __tablename__ = "audit_checkpoints"

    size: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    root: Mapped[str] = mapped_column(String(64))
    wire: Mapped[dict[str, Any]]


class NotebookCheck(Base):
    """A restart-and-run-all of an interview's last notebook."""

    __tablename__ = "checks"

    id: Mapped[str] = mapped_column(String(10), primary_key=True)
    interview_id: Mapped[str] = mapped_column(ForeignKey("interviews.id"), index=True)
    asked_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10))
    # `Check` of live.schema.yaml, as it stands.
    result: Mapped[dict[str, Any]]


class Accommodation(Base):
    """What differs for one candidate: apart from all that scorers read."""

    __tablename__ = "accommodations"

    interview_id: Mapped[str] = mapped_column(
        ForeignKey("interviews.id"), primary_key=True
    )
    # `nbinterview_proctor.policy.Accommodations`.
    given: Mapped[dict[str, Any]]


class Answer(Base):
    """A candidate's own words about a finding, or about the whole."""

    __tablename__ = "answers"

    id: Mapped[int] = mapped_column(primary_key=True)
    interview_id: Mapped[str] = mapped_column(ForeignKey("interviews.id"), index=True)
    hub_name: Mapped[str] = mapped_column(ForeignKey("people.hub_name"))
    episode_id: Mapped[str | None] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(String(2000))
    at: Mapped[datetime]


class Decision(Base):
    """What a reviewer made of a flag; the newest one stands, all are kept."""

    __tablename__ = "decisions"

    id: Mapped[int] = mapped_column(primary_key=True)
    interview_id: Mapped[str] = mapped_column(ForeignKey("interviews.id"), index=True)
    episode_id: Mapped[str] = mapped_column(String(64))
    decision: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(2000))
    decided_by: Mapped[str] = mapped_column(ForeignKey("people.hub_name"))
    at: Mapped[datetime]


class ErrorRate(Base):
    """How often one finding was wrong on labelled recordings, as it was imported."""

    __tablename__ = "error_rates"

    rule: Mapped[str] = mapped_column(String(30), primary_key=True)
    # `nbinterview_proctor.rates.Rate`.
    rate: Mapped[dict[str, Any]]
    imported_at: Mapped[datetime]


class SignedInSession(Base):
    """A browser that came through the hub; the cookie holds the id, we its hash."""

    __tablename__ = "sessions"

    id_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    hub_name: Mapped[str] = mapped_column(String(64), index=True)
    hub_token: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
