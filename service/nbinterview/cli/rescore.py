"""`nbinterview rescore`: an interview's record under another policy."""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbinterview.cli.client import Service
from nbinterview.errors import Invalid
from nbinterview.home import Home
from nbinterview.ledger.erased import erased_words, with_payload

if TYPE_CHECKING:
    from nbinterview_proctor.policy import Policy
    from nbinterview_proctor.rescoring import Difference, Finding, Rescored

RECORDED = "recorded"
_SIGNS = {"added": "+", "gone": "-", "changed": "~", "same": "="}
_FILE_ENDINGS = (".gz", ".jsonl")


def add_command(commands: Any) -> None:
    """Add `nbinterview rescore`."""
    parser = commands.add_parser(
        "rescore",
        help="what another policy would have found in an interview",
        description=(
            "Fold an interview's record once more under a policy, and say what it "
            "finds. Nothing is changed: what was recorded is what the candidate was "
            "told. A candidate's accommodations hold under every policy. Files and "
            "imported records do not name them; they are read off the policy that was "
            "in force, where it was a shipped one, and where they cannot be told that "
            "is said."
        ),
    )
    parser.add_argument(
        "id",
        metavar="ID|FILE",
        help="an interview, or a file that `nbinterview record export` wrote",
    )
    parser.add_argument(
        "--policy",
        required=True,
        metavar="NAME|FILE.yaml",
        help=(
            "a policy's name, a file with one, or `recorded` for the one that the "
            "interview was held under"
        ),
    )
    parser.add_argument(
        "--diff",
        action="store_true",
        help="say what would be added (+), gone (-), changed (~) or the same (=)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=None)


@dataclass(frozen=True)
class _Interview:
    """What there is of an interview."""

    id: str
    title: str
    opened_at: str | None
    policy: Mapping[str, Any]
    records: list[dict[str, Any]]
    accommodations: Mapping[str, Any] | None = None
    """What was given to the candidate; None where only the policy can tell it."""
    rates: Mapping[str, Any] = field(default_factory=dict)


def main(given: argparse.Namespace) -> int:
    """Rescore and print; a file needs no running platform."""
    from nbinterview_proctor import rates, rescoring

    if given.id.endswith(_FILE_ENDINGS):
        interview = _from_file(Path(given.id))
    else:
        interview = _from_service(Service.find(Home.from_env()), given.id)
    recorded, engine = _recorded(interview)
    chosen = _choose(given.policy, recorded, interview)
    held = rescoring.comparable(recorded, chosen.policy)
    found = rescoring.rescored(
        interview.records, held, rates.read(interview.rates), whole=chosen.whole
    )
    before = rescoring.findings(interview.records)
    report = _Report(
        interview,
        recorded,
        engine,
        chosen.policy,
        found,
        rescoring.differences(before, found.findings) if given.diff else None,
        [
            *filter(None, [erased_words(interview.records)]),
            *rescoring.notes(
                recorded,
                chosen.policy,
                accommodations_known=chosen.accommodations_known,
            ),
        ],
    )
    if given.json:
        print(json.dumps(report.to_dict(), ensure_ascii=False, indent=2))
    else:
        print(report.text())
    return 0


# -------------------------------------------------------------------- reading


def _from_service(service: Service, interview_id: str) -> _Interview:
    shown = service.call("GET", f"/interviews/{interview_id}")
    interview = shown["interview"]
    return _Interview(
        id=interview["id"],
        title=interview["title"],
        opened_at=interview.get("opened_at"),
        policy=interview.get("policy") or {},
        records=service.records(interview_id),
        accommodations=_given(shown),
        rates=service.call("GET", "/error-rates")["rates"] or {},
    )


def _given(shown: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return what was given here; one that was imported has no invitations here."""
    return (shown["accommodations"] or {}) if shown["invitations"] else None


def _from_file(path: Path) -> _Interview:
    try:
        packed = path.read_bytes()
        text = gzip.decompress(packed) if path.suffix == ".gz" else packed
        header, *records = map(json.loads, text.splitlines())
        about = header["interview"]
        return _Interview(
            id=about["id"],
            title=about["title"],
            opened_at=about["opened_at"],
            policy=about["policy"],
            records=records,
        )
    except OSError as error:
        raise Invalid(f"{path}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, EOFError) as error:
        raise Invalid(f"{path} is not an exported record.") from error


def _starts(record: Mapping[str, Any]) -> bool:
    return bool(record["kind"] == "room.started")


def _recorded(interview: _Interview) -> tuple[Policy | None, str]:
    """Return the policy and the engine's version that the room recorded."""
    from nbinterview_proctor.policy import Policy

    started: Mapping[str, Any] = next(
        (r["payload"] for r in with_payload(interview.records) if _starts(r)), {}
    )
    data = started.get("policy") or interview.policy
    versions = started.get("versions") or {}
    engine = str(versions.get("engine") or "before 2.0")
    try:
        return Policy.from_dict(data), engine
    except (ValueError, TypeError, KeyError):
        return None, engine


@dataclass(frozen=True)
class _Chosen:
    """What to fold under, and what the score has lines for."""

    policy: Policy
    whole: Policy | None
    accommodations_known: bool = True


def _choose(name: str, recorded: Policy | None, interview: _Interview) -> _Chosen:
    from nbinterview_proctor import policyfile, rescoring
    from nbinterview_proctor.policy import Policy, accommodate

    if name == RECORDED:
        if recorded is None:
            raise Invalid("The record's own policy cannot be read.", field="policy")
        return _Chosen(recorded, None)  # accommodations are in it already
    given = interview.accommodations
    held = rescoring.accommodations(recorded) if given is None else given
    try:
        whole = Policy.from_dict(policyfile.find(name))
        return _Chosen(accommodate(whole, held), whole, held is not None)
    except ValueError as error:
        raise Invalid(f"{error}.", field="policy") from error


# -------------------------------------------------------------------- telling


@dataclass(frozen=True)
class _Report:
    """What to print, as text or as JSON."""

    interview: _Interview
    recorded: Policy | None
    engine: str
    policy: Policy
    found: Rescored
    differences: list[Difference] | None
    notes: list[str]

    def to_dict(self) -> dict[str, Any]:
        from nbinterview_proctor.engine import ENGINE_VERSION
        from nbinterview_proctor.score import total

        made = {
            "id": self.interview.id,
            "recorded": {**_named(self.recorded), "engine": self.engine},
            "under": {**_named(self.policy), "engine": ENGINE_VERSION},
            "notes": self.notes,
            "flags": [one.to_dict() for one in self.found.findings if one.flagged],
            "episodes": [
                one.to_dict() for one in self.found.findings if not one.flagged
            ],
            "score": self.found.score,
            "total": total(self.found.score),
        }
        if self.differences is not None:
            made["diff"] = [one.to_dict() for one in self.differences]
        return made

    def text(self) -> str:
        from nbinterview_proctor.engine import ENGINE_VERSION

        lines = [
            f"{self.interview.id}  {self.interview.title}",
            f"recorded under {_words(self.recorded)}, engine {self.engine}",
            f"now under      {_words(self.policy)}, engine {ENGINE_VERSION}",
            *(f"Note: {note}" for note in self.notes),
            "",
        ]
        if self.differences is None:
            lines += [self._line(one) for one in self.found.findings]
        else:
            lines += [self._changed(one) for one in self.differences]
        return "\n".join([*lines, *self._sums()])

    def _line(self, one: Finding) -> str:
        from nbinterview.report.text import duration

        what = "flag" if one.flagged else "not counted"
        lasted = duration(one.duration_s) if one.duration_s else ""
        because = f"  ({_because(one)})" if one.because else ""
        head = f"{self._clock(one):>8}  {what:<11}  {lasted:>12}"
        return f"{head}  {one.title}{because}"

    def _changed(self, one: Difference) -> str:
        line = f"{_SIGNS[one.change]} {self._line(one.one)}"
        if one.change != "changed" or one.before is None:
            return line
        was = "flag" if one.before.flagged else "not counted"
        return f"{line}  [was: {was}, {one.before.duration_s:.1f} s]"

    def _sums(self) -> list[str]:
        from nbinterview_proctor.score import total

        flags = sum(one.flagged for one in self.found.findings)
        others = len(self.found.findings) - flags
        lines = ["", f"{flags} flags, {others} not counted."]
        if self.differences is not None:
            changes = [one.change for one in self.differences]
            told = ", ".join(f"{changes.count(c)} {c}" for c in _SIGNS)  # type: ignore[arg-type]
            lines.append(f"Against what was recorded: {told}.")
        blind = [one["title"] for one in self.found.score if not one["measured_s"]]
        if blind:
            lines.append(f"Not measurable: {'; '.join(blind)}.")
        points = total(self.found.score)
        if points["points_low"] is None:
            known = "how many of its flags are false was not measured on people yet"
        else:
            known = (
                f"{points['points_low']:.2f} to {points['points_high']:.2f} without "
                "the false flags to be expected, 95 %"
            )
        lines.append(f"Points: {points['points']:.2f} ({known}). A person decides.")
        return lines

    def _clock(self, one: Finding) -> str:
        from nbinterview.report.text import clock, moment

        opened = moment(self.interview.opened_at) or moment(
            self.interview.records[0]["time"]
        )
        return clock(one.start_s - opened.timestamp() if opened else 0.0)


def _because(one: Finding) -> str:
    from nbinterview.wording import BECAUSE

    return BECAUSE.get(one.because, one.because)


def _named(policy: Policy | None) -> dict[str, Any]:
    if policy is None:
        return {"policy": None, "version": None}
    return {"policy": policy.name, "version": policy.version}


def _words(policy: Policy | None) -> str:
    return "an unknown policy" if policy is None else f"{policy.name} {policy.version}"
