"""The JSON of records, checkpoints and keys in the REST interface."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from nbinterview.ids import INTERVIEW_ID
from nbinterview.service.domain.ledger import MAX_BATCH_RECORDS
from nbinterview.service.routes.models import InterviewState, Strict

MAX_ERASURES = 200

ErasureId = Annotated[str, Field(pattern=f"^{INTERVIEW_ID.pattern}$")]


def _a(name: str) -> Any:
    """Say in the schema which form of `ledger.schema.yaml` something has."""
    return Field(description=f"`{name}` of ledger.schema.yaml.")


class RecordsIn(Strict):
    """Journal records in their order; each is checked against `record.schema.yaml`."""

    records: list[dict[str, Any]] = Field(max_length=MAX_BATCH_RECORDS)
    checkpoint: dict[str, Any] | None = Field(
        default=None, description="The room's newest: `Checkpoint`."
    )
    erased: list[ErasureId] = Field(
        default=[],
        max_length=MAX_ERASURES,
        description="What the room has erased in its journal since.",
    )


class ErasureOut(BaseModel):
    """Payloads and salts that are to go; no kinds are all kinds."""

    id: str
    interview: str
    from_seq: int
    to_seq: int
    kinds: list[str]
    reason: str
    rule: str
    at: str


class RecordsTaken(BaseModel):
    """How far the ledger has come, where the interview stands, who may be there."""

    acknowledged_seq: int
    state: InterviewState
    people_revision: int
    countersignature: dict[str, Any] | None = Field(
        description="`Countersignature`; null while the checkpoint can't be judged."
    )
    erase: list[ErasureOut] = Field(description="What the room is to erase too.")


class RecordPage(BaseModel):
    """Records in their order; `next_after` is null at the end."""

    records: list[dict[str, Any]]
    next_after: int | None


class Imported(BaseModel):
    """What an import brought."""

    id: str
    records: int


class RoomKeyIn(Strict):
    """The public half of the key that a room signs its record with."""

    public_key: str = Field(pattern="^[0-9a-f]{64}$")
    replaced: bool = Field(description="Whether the room lost the one before.")


class CertificateOut(BaseModel):
    """`Certificate` of ledger.schema.yaml."""

    format: int
    interview: str
    public_key: str
    issued_at: str
    replaces: str | None
    platform_key_id: str
    signature: str


class PlatformKeyOut(BaseModel):
    """A public key of the platform; `until_time` is null for the one in use."""

    public_key: str
    key_id: str
    from_time: str
    until_time: str | None


class PlatformKeysOut(BaseModel):
    """All keys that this platform ever signed with, the one in use last."""

    keys: list[PlatformKeyOut]


class CheckpointsOut(BaseModel):
    """The signed heads of a record: the newest, and one a minute before it."""

    checkpoints: list[dict[str, Any]] = _a("Checkpoint")
    countersignatures: list[dict[str, Any]] = _a("Countersignature")
    certificates: list[dict[str, Any]] = _a("Certificate")
