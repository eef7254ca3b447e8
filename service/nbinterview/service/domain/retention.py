"""What is erased of an interview's record, and when: pure, the clock passed in.

An erasure is a rule over numbers and kinds of records. It stands for ever: what a
room, a file or a backup brings later is erased by it as it comes. Payloads and salts
go and hashes stay, so the tree still verifies and nothing can be guessed back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from nbinterview.errors import Invalid
from nbinterview.ids import INTERVIEW_ID
from nbinterview.ledger.records import format_time, parse_time
from nbinterview.schemas import check
from nbinterview_proctor.policy import Retention
from nbinterview_proctor.policyread import read_retention

#: Of the last record there can ever be: any number that JSON says exactly.
LAST_SEQ = 2**53 - 1
#: No kind of a record: what is written about an interview beside its record.
NOTES = "notes"

#: The kinds of records by the time that a policy gives them.
PARTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "camera_days": ("observations", "calibration"),
        "events_days": (
            *("event", "sensor", "watching", "beats", "gap", "lease", "refused"),
            *("nudge", "episode", "warning", "warning.cleared", "flag", "flag.closed"),
            *("person.joined", "person.left"),
        ),
        "document_days": (
            *("document", "widget", "kernel", "check"),
            *("execution.requested", "execution.input", "execution.finished"),
        ),
        "notes_days": (NOTES,),
    }
)
#: What says that there was an interview and under which rules; never erased.
STRUCTURE = ("room.started", "room.stopped", "interview.state", "key", "witness")
#: All that can be erased. Named kind by kind: no kinds would be the structure too.
ERASABLE = tuple(kind for kinds in PARTS.values() for kind in kinds)

WHOLE = "whole"
DELETION = "deletion"
WORDS = {
    "camera_days": "The numbers from the camera",
    "events_days": "What the page noted and the findings made of it",
    "document_days": "The notebook with what was typed and run",
    "notes_days": "What was written about it afterwards",
    WHOLE: "Everything",
    DELETION: "Everything",
}
_COPY = "It is a copy of an interview whose notebook was erased."


@dataclass(frozen=True)
class Erasure:
    """One rule: of these records, the payloads of these kinds."""

    id: str
    interview: str
    from_seq: int
    to_seq: int
    kinds: tuple[str, ...]
    reason: str
    """In words: why."""
    rule: str
    """`camera_days=30`, `whole` or `deletion`."""
    at: str

    @property
    def part(self) -> str:
        """Which part of `WORDS` it erased."""
        return self.rule.partition("=")[0]

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the interview is left but its structure and hashes."""
        return self.part in (WHOLE, DELETION)

    @property
    def takes_notes(self) -> bool:
        """Whether it erases what was written beside the record."""
        return NOTES in self.kinds

    @property
    def takes_document(self) -> bool:
        """Whether it erases the notebook."""
        return "document" in self.kinds

    def covers(self, seq: int, kind: str) -> bool:
        """Say whether a record falls under it."""
        return self.from_seq <= seq <= self.to_seq and kind in self.kinds

    def wire(self) -> dict[str, Any]:
        """Return `Erasure` of ledger.schema.yaml."""
        return {**asdict(self), "kinds": list(self.kinds)}

    @classmethod
    def from_wire(cls, wire: Any) -> Erasure:
        """Return the rule; raise `Invalid` for anything that is none.

        The id of the interview becomes a path: nothing else than an id passes.
        """
        if not isinstance(wire, dict):
            raise Invalid("This is no erasure.")
        check(wire, "ledger", "Erasure")
        if not set(wire["kinds"]) <= set(ERASABLE):
            raise Invalid("Of these kinds nothing is erased.", field="kinds")
        if not INTERVIEW_ID.fullmatch(wire["interview"]):
            raise Invalid("This is no interview's id.", field="interview")
        parse_time(wire["at"])
        return cls(**{**wire, "kinds": tuple(wire["kinds"])})


@dataclass(frozen=True)
class Held:
    """What is known of an interview before it is decided what of it is due."""

    interview: str
    state: str
    ended_at: datetime | None
    retention: Retention
    sample: bool = False
    branch_of: str | None = None
    done: tuple[str, ...] = ()
    """The `part` of every erasure that stands already."""


def retention_of(section: Any) -> Retention:
    """Return the times in a kept policy's `retention`; the default where it has none.

    An imported file may hold anything as a policy.
    """
    try:
        return read_retention(section)
    except ValueError:
        return Retention()


def due(held: Held, now: datetime) -> list[tuple[str, int]]:
    """Return the parts of an interview whose time is over, with their days.

    Days count from the end. What has not ended is not due, and a sample is nobody's.
    """
    if held.ended_at is None or held.state != "ended" or held.sample:
        return []
    times = asdict(held.retention)
    over = [
        (part, days)
        for part, days in times.items()
        if days is not None and now >= held.ended_at + timedelta(days=days)
    ]
    if len(over) == len(PARTS):
        # Nothing is left that anybody keeps a title and names for.
        return [(WHOLE, max(days for _, days in over))]
    return [(part, days) for part, days in over if part not in held.done]


def plan(
    interviews: Sequence[Held],
    now: datetime,
    new_id: Callable[[], str],
    *,
    purged: Collection[str] = (),
) -> list[Erasure]:
    """Return what is to be erased now, an interview's own before its branches'.

    A branch is a copy of the notebook and goes with it; `purged` are the interviews
    of which nothing is left.
    """
    own = [one for one in interviews if one.branch_of is None]
    found = [
        _erasure(
            held.interview, part, _kept_for(part, days), f"{part}={days}", now, new_id
        )
        for held in own
        for part, days in due(held, now)
    ]
    gone = {one.interview for one in found if one.takes_document}
    gone |= {one.interview for one in own if "document_days" in one.done}
    gone |= set(purged)
    found += [
        _erasure(held.interview, WHOLE, _COPY, WHOLE, now, new_id)
        for held in interviews
        if held.branch_of in gone
    ]
    return found


def deletion(
    interviews: Iterable[str], reason: str, now: datetime, new_id: Callable[[], str]
) -> list[Erasure]:
    """Return the rules by which nothing but hashes is left of these interviews."""
    return [
        _erasure(one, DELETION, reason, DELETION, now, new_id) for one in interviews
    ]


def _kept_for(part: str, days: int) -> str:
    kept = f"{days} day{'' if days == 1 else 's'} after the interview's end"
    verb = (
        "is" if part in ("events_days", "document_days", "notes_days", WHOLE) else "are"
    )
    return f"{WORDS[part]} {verb} kept for {kept}, as its policy says."


def _erasure(
    interview: str,
    part: str,
    reason: str,
    rule: str,
    now: datetime,
    new_id: Callable[[], str],
) -> Erasure:
    return Erasure(
        id=new_id(),
        interview=interview,
        from_seq=1,
        to_seq=LAST_SEQ,
        kinds=PARTS.get(part, ERASABLE),
        reason=reason,
        rule=rule,
        at=format_time(now),
    )
