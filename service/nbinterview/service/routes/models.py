"""The JSON of the REST interface, for validation and for OpenAPI."""

from __future__ import annotations

from datetime import datetime
from types import GenericAlias
from typing import Any, Literal, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model

from nbinterview.ledger.moments import MAX_MOMENT_MS
from nbinterview.schemas import live_types
from nbinterview.service.domain.invitations import DEFAULT_VALID_DAYS

Allowance = Literal["documentation", "ai"]
Role = Literal["candidate", "interviewer", "reviewer"]
InterviewState = Literal["scheduled", "open", "ended"]


class Strict(BaseModel):
    """A body: what it does not name is refused."""

    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    """RFC 9457 problem details; `field` names the one input field to blame."""

    type: str
    title: str
    status: int
    detail: str
    field: str | None = None
    expected_seq: int | None = None


class Health(BaseModel):
    """That the service runs, and which."""

    status: Literal["ok"]
    version: str


class Person(BaseModel):
    """What is shown of a person."""

    hub_name: str
    display_name: str
    initials: str
    color: str


class Participant(Person):
    """A person and the role in one interview."""

    role: Role


class RecordHead(BaseModel):
    """How far the record has come, and how many flags it holds."""

    last_seq: int
    last_time: str | None
    flags: int


class BranchHead(BaseModel):
    """Which moment of which interview a branch is a copy of."""

    of: str
    at_ms: int


class Summary(BaseModel):
    """One interview in a list. Times are like a record's."""

    id: str
    title: str
    state: InterviewState
    sample: bool
    branch: BranchHead | None = Field(description="Not null for a branch.")
    created_at: str
    opened_at: str | None
    ended_at: str | None
    people: list[Participant]
    record: RecordHead


class InterviewList(BaseModel):
    """Interviews, newest first."""

    interviews: list[Summary]


class InvitationOut(BaseModel):
    """An invitation; `url` is null when it opens more than the asker may open."""

    id: str
    role: Role
    state: Literal["valid", "withdrawn", "ended", "expired"]
    person: Person
    expires_at: datetime
    url: str | None


class AccommodationsIn(Strict):
    """What is to differ for this candidate."""

    sensors_off: list[str] = Field(default=[], max_length=10)
    findings_off: list[str] = Field(default=[], max_length=50)
    wider: dict[str, float] = Field(
        default={},
        max_length=50,
        description="By finding, how many times as long and as wide.",
    )


class PolicyOut(BaseModel):
    """The policy of an interview, in plain sentences."""

    name: str
    version: int
    title: str
    words: list[str]


class InterviewOut(BaseModel):
    """One interview with its invitations and its addresses."""

    interview: Summary
    policy: PolicyOut | None = Field(description="Null for an old record without one.")
    allows: list[Allowance]
    accommodations: AccommodationsIn | None = Field(
        description="Null also for everybody but the operator and who made it."
    )
    notes: list[str] = Field(description="What was changed in the template.")
    required_layers: list[str] = Field(
        description="Layers of the sandbox without which nothing of it runs."
    )
    invitations: list[InvitationOut]
    page_url: str
    room_url: str
    report_url: str


class InterviewIn(Strict):
    """A new interview."""

    template: dict[str, Any] = Field(description="The notebook (nbformat).")
    candidate: str = Field(description="A name.")
    interviewers: list[str] = Field(
        default=[], description="Names, or hub names of known people."
    )
    reviewer: str | None = None
    title: str | None = None
    policy: str = Field(description="A name; nothing is taken for granted.")
    allows: list[str] = Field(default=[], max_length=10)
    accommodations: AccommodationsIn | None = None
    valid_days: int = DEFAULT_VALID_DAYS


class ArrivalIn(Strict):
    """A sign-in by a link."""

    browser: str = Field(max_length=2000)
    fresh: bool


class InvitationInterview(BaseModel):
    """What an invitation is about."""

    id: str
    title: str
    state: InterviewState


class HubInvitation(BaseModel):
    """What the hub is told of an invitation."""

    id: str
    state: Literal["valid", "withdrawn", "ended"]
    expires_at: datetime
    role: Role
    person: Person
    interview: InvitationInterview | None
    policy_words: list[str] = Field(description="To candidates: what is noticed.")
    next_url: str


class RoomInterview(BaseModel):
    """What a room is told of its interview."""

    id: str
    title: str
    state: InterviewState
    page_url: str


class RoomRun(BaseModel):
    """Code to run again, and the answers to its questions."""

    code: str
    inputs: list[str]


class RoomBranch(BaseModel):
    """What a branch's room has to know of the moment."""

    interview: str
    title: str
    at_ms: int
    seq: int
    runs: list[RoomRun]


class RoomConfig(BaseModel):
    """`room.schema.yaml`."""

    interview: RoomInterview
    template: dict[str, Any]
    policy: dict[str, Any]
    allows: list[Allowance]
    people: list[Participant]
    branch: RoomBranch | None


class BranchIn(Strict):
    """The moment, since the opening, that a branch is to be a copy of."""

    at_ms: int = Field(ge=0, le=MAX_MOMENT_MS)


def _of(typed: type, **changed: Any) -> Any:
    """Return the model of a generated type: `live.schema.yaml` alone defines it."""
    kinds = {**get_type_hints(typed), **changed}
    fields: dict[str, Any] = {name: (kind, ...) for name, kind in kinds.items()}
    return create_model(typed.__name__, **fields)


def _listed(model: Any) -> Any:
    return GenericAlias(list, (model,))


_CheckedCell = _of(live_types.CheckedCell)
_Check = _of(live_types.Check, cells=_listed(_CheckedCell))
CheckList = create_model(
    "CheckList",
    __doc__="Checks of one interview's last notebook, newest first.",
    checks=(_listed(_Check), ...),
)


class TicketIn(Strict):
    """For whom and for what a ticket is wanted; no interview is the list."""

    hub_name: str
    interview: str | None


class TicketOut(BaseModel):
    """A ticket for the report."""

    ticket: str
    expires_at: datetime


class ArrivalOut(BaseModel):
    """A sign-in by a link."""

    hub_name: str
    role: Role
    at: str
    browser: str
    fresh: bool


class AnswerOut(BaseModel):
    """What the candidate said after the interview; null is about the whole."""

    episode_id: str | None
    text: str
    at: str


class DecisionOut(BaseModel):
    """What a reviewer made of a flag; of several the last one stands."""

    episode_id: str
    decision: Literal["upheld", "set_aside"]
    reason: str
    by: str = Field(description="A hub name.")
    by_name: str
    at: str


class Rate(BaseModel):
    """How often one finding was wrong on labelled recordings: `rates.Rate`."""

    rule: str
    false_episodes: int
    honest_hours: float
    found: int
    cheats: int
    subjects: int
    source: str
    engine_version: str


class RatesIn(Strict):
    """Error rates, as `nbinterview evaluate --json` writes them."""

    rates: Any = Field(description="`Rate`s by finding, or a list of them.")


class RatesOut(BaseModel):
    """The error rates that are kept, by finding; none is "not measured yet"."""

    rates: dict[str, Rate]
    imported_at: str | None


class ReportInterview(Summary):
    """One interview for the report."""

    policy: dict[str, Any]
    allows: list[Allowance]
    template: dict[str, Any]
    arrivals: list[ArrivalOut]
    answers: list[AnswerOut]
    decisions: list[DecisionOut]
    error_rates: dict[str, Rate] | None
