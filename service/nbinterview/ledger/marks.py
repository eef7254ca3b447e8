"""What is worth a mark on a film's time line."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Literal, TypeAlias

from nbinterview.gaps import UNHEARD, gaps
from nbinterview.ledger.timing import Timing
from nbinterview.plain import line, plain
from nbinterview.schemas.film_types import Mark
from nbinterview.wording import BECAUSE

KERNEL_STATES = frozenset(
    ("started", "restarted", "interrupted", "died", "refused", "stopped", "restored")
)
RUN_STATUS = frozenset(("ok", "error", "aborted"))
_Records: TypeAlias = Sequence[Mapping[str, Any]]
_Kind: TypeAlias = Literal[
    "flag",
    "warning",
    "nudge",
    "episode",
    "comment",
    "run",
    "paste",
    "kernel",
    "gap",
    "person",
    "check",
]
_RUNS = {"ok": "Run", "error": "Run with an error", "aborted": "Not run"}
_OTHER_CODE = ", of code that the cell did not hold"
_UNHEARD = "Nothing heard from the candidate's page"
_KERNEL = {
    "started": "Python started",
    "restarted": "Python restarted",
    "interrupted": "Python interrupted",
    "died": "Python died",
    "refused": "Python could not start",
    "stopped": "Python stopped",
    "restored": "Python was still there",
}


def marks_of(
    records: _Records,
    timing: Timing,
    brought: Mapping[int, int],
    other_code: Collection[str],
) -> list[Mark]:
    """Return all marks, in the order of their time.

    `brought` has the record of a paste's text by the record that told the paste:
    whoever goes to a paste wants to see the text, which may come later. `other_code`
    are the ids of runs of code that their cell did not hold.
    """
    wanted = set(brought.values())
    at_ms = {
        record["seq"]: timing.at_ms(record)
        for record in _of(records, "document")
        if record["seq"] in wanted
    }
    texts_at_ms = {told: at_ms[seq] for told, seq in brought.items() if seq in at_ms}
    makers: tuple[Callable[[_Records, Timing], Iterator[Mark]], ...] = (
        partial(_flags, texts_at_ms=texts_at_ms),
        _warnings,
        _nudges,
        _episodes,
        _comments,
        partial(_runs, other_code=other_code),
        partial(_pastes, texts_at_ms=texts_at_ms),
        _kernel,
        _gaps,
        _people,
        _checks,
    )
    found = [mark for make in makers for mark in make(records, timing)]
    return sorted(found, key=lambda mark: (mark["at_ms"], mark["seq"]))


def erased_mark(records: _Records, words: str) -> Mark:
    """Return the mark that says, at the beginning, what of the record was erased."""
    first = next(record for record in records if record["payload"] is None)
    said = {**first, "author": "room"}
    return _mark("gap", said, 0, "Parts of the record were erased", detail=words)


def _mark(
    kind: _Kind,
    record: Mapping[str, Any],
    at_ms: int,
    title: str,
    *,
    detail: str = "",
    end_ms: int | None = None,
) -> Mark:
    return {
        "at_ms": at_ms,
        "end_ms": None if end_ms is None else max(end_ms, at_ms),
        "seq": record["seq"],
        "kind": kind,
        "title": title,
        "detail": detail,
        "author": record["author"],
    }


def _of(records: _Records, kind: str) -> Iterator[Mapping[str, Any]]:
    return (record for record in records if record["kind"] == kind)


def _ends(records: _Records, kind: str, key: str) -> dict[str, list[Mapping[str, Any]]]:
    """Return the records of a kind, in their order, by what they belong to."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for record in _of(records, kind):
        found.setdefault(str(record["payload"].get(key)), []).append(record)
    return found


def _end(
    ends: Mapping[str, list[Mapping[str, Any]]], key: object, record: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    later = ends.get(str(key), [])
    return next((end for end in later if end["seq"] > record["seq"]), None)


def _flags(
    records: _Records, timing: Timing, texts_at_ms: Mapping[int, int]
) -> Iterator[Mark]:
    closed = _ends(records, "flag.closed", "episode_id")
    for record in _of(records, "flag"):
        payload = record["payload"]
        end = _end(closed, payload.get("episode_id"), record)
        at_ms = timing.ms_of(payload.get("started_at"), timing.at_ms(record))
        if payload.get("rule") == "external_paste":
            told = max((seq for seq in texts_at_ms if seq < record["seq"]), default=0)
            at_ms = max(at_ms, texts_at_ms.get(told, 0))
        yield _mark(
            "flag",
            record,
            at_ms,
            _title(payload),
            detail=_evidence(payload.get("evidence")),
            end_ms=timing.ms_of(end["payload"].get("ended_at"), timing.at_ms(end))
            if end
            else timing.duration_ms,
        )


_EVIDENCE = {
    "duration_s": "{:.1f} s",
    "faces": "{:.0f} faces",
    "chars": "{:.0f} characters",
    "yaw_deg": "head turned {:.0f}°",
}


def _evidence(evidence: object) -> str:
    if not isinstance(evidence, Mapping):
        return ""
    return ", ".join(
        words.format(evidence[name])
        for name, words in _EVIDENCE.items()
        if isinstance(evidence.get(name), int | float) and evidence[name]
    )


def _warnings(records: _Records, timing: Timing) -> Iterator[Mark]:
    cleared = _ends(records, "warning.cleared", "episode_id")
    for record in _of(records, "warning"):
        payload = record["payload"]
        end = _end(cleared, payload.get("episode_id"), record)
        yield _mark(
            "warning",
            record,
            timing.at_ms(record),
            "The candidate was told",
            detail=plain(payload.get("text")),
            end_ms=timing.at_ms(end) if end else None,
        )


def _nudges(records: _Records, timing: Timing) -> Iterator[Mark]:
    """Yield the private hints: the candidate's alone while the interview goes on."""
    states = (
        record["payload"].get("state") for record in _of(records, "interview.state")
    )
    if "ended" in states:
        for record in _of(records, "nudge"):
            text = plain(record["payload"].get("text"))
            at_ms = timing.at_ms(record)
            yield _mark("nudge", record, at_ms, "A private hint", detail=text)


def _episodes(records: _Records, timing: Timing) -> Iterator[Mark]:
    for record in _of(records, "episode"):
        payload = record["payload"]
        because = BECAUSE.get(str(payload.get("because")))
        words = f"did not count: {because}" if because else "did not count"
        evidence = _evidence(payload.get("evidence"))
        told_ms = timing.at_ms(record)
        yield _mark(
            "episode",
            record,
            timing.ms_of(payload.get("started_at"), told_ms),
            _title(payload),
            detail=f"{words}; {evidence}" if evidence else words,
            end_ms=timing.ms_of(payload.get("ended_at"), told_ms),
        )


def _comments(records: _Records, timing: Timing) -> Iterator[Mark]:
    """Yield the candidate's words, at the moment they were written."""
    titles = {
        str(record["payload"].get("episode_id")): _title(record["payload"])
        for record in records
        if record["kind"] in ("warning", "flag", "episode")
    }
    for record, event in _events(records):
        if event.get("name") == "comment":
            about = titles.get(str(event.get("episode_id")))
            yield _mark(
                "comment",
                record,
                timing.at_ms(record),
                f"Comment on “{about}”" if about else "Comment",
                detail=plain(event.get("text"), 2000),
            )


def _title(payload: Mapping[str, Any]) -> str:
    """Return what a finding is called; a warning has the rule's name alone."""
    return line(payload.get("title")) or line(payload.get("rule")).replace("_", " ")


def _events(
    records: _Records,
) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Yield (record, event) of what the candidate's page told."""
    for record in _of(records, "event"):
        event = record["payload"].get("event")
        if isinstance(event, Mapping):
            yield record, event


def _runs(
    records: _Records, timing: Timing, other_code: Collection[str]
) -> Iterator[Mark]:
    finished = _ends(records, "execution.finished", "execution_id")
    for record in _of(records, "execution.requested"):
        payload = record["payload"]
        end = _end(finished, payload.get("execution_id"), record)
        status = end["payload"].get("status") if end else None
        code = plain(payload.get("code"), 2000).strip()
        yield _mark(
            "run",
            record,
            timing.at_ms(record),
            _RUNS.get(str(status), "Run without an end")
            + (_OTHER_CODE if str(payload.get("execution_id")) in other_code else ""),
            detail=line(code.split("\n")[0], 80),
            end_ms=timing.at_ms(end) if end else None,
        )


def _pastes(
    records: _Records, timing: Timing, texts_at_ms: Mapping[int, int]
) -> Iterator[Mark]:
    wanted = ("clipboard", "paste", "external")
    for record, event in _events(records):
        if (event.get("name"), event.get("action"), event.get("origin")) == wanted:
            chars = event.get("chars")
            words = "1 character" if chars == 1 else f"{line(chars, 20)} characters"
            yield _mark(
                "paste",
                record,
                max(timing.at_ms(record), texts_at_ms.get(record["seq"], 0)),
                "Pasted from outside",
                detail=f"{words}, as the candidate's page tells",
            )


def _kernel(records: _Records, timing: Timing) -> Iterator[Mark]:
    for record in _of(records, "kernel"):
        title = _KERNEL.get(str(record["payload"].get("state")))
        if title is not None:
            detail = line(record["payload"].get("detail"))
            yield _mark("kernel", record, timing.at_ms(record), title, detail=detail)


def _gaps(records: _Records, timing: Timing) -> Iterator[Mark]:
    for gap in gaps(records):
        began_ms = timing.at_ms(gap.began)
        if gap.started_s is not None:
            began_ms = timing.ms(gap.started_s)
        end_ms = timing.duration_ms
        if gap.ended is not None:
            end_ms = timing.at_ms(gap.ended)
        known = gap.cause != UNHEARD
        yield _mark(
            "gap",
            gap.began,
            began_ms,
            f"Not watched: {gap.cause}" if known else _UNHEARD,
            detail=line(gap.detail),
            end_ms=end_ms,
        )


def _people(records: _Records, timing: Timing) -> Iterator[Mark]:
    for record in records:
        if record["kind"] in ("person.joined", "person.left"):
            payload = record["payload"]
            came = "came back" if payload.get("again") is True else "came"
            title = came if record["kind"] == "person.joined" else "left"
            role = line(payload.get("role"), 20)
            yield _mark("person", record, timing.at_ms(record), f"The {role} {title}")


def _checks(records: _Records, timing: Timing) -> Iterator[Mark]:
    ends = [r for r in _of(records, "check") if r["payload"].get("state") != "asked"]
    for record in _of(records, "check"):
        payload = record["payload"]
        if payload.get("state") != "asked":
            continue
        same = [
            end
            for end in ends
            if end["payload"].get("check_id") == payload.get("check_id")
        ]
        yield _mark(
            "check",
            record,
            timing.at_ms(record),
            "Restart and run all",
            detail=_result(same[0]["payload"]) if same else "",
            end_ms=timing.at_ms(same[0]) if same else None,
        )


def _result(check: Mapping[str, Any]) -> str:
    if check.get("state") == "failed":
        return line(check.get("detail"))
    clean = "runs clean" if check.get("clean") else "does not run clean"
    agree = "the outputs agree" if check.get("agree") else "outputs differ"
    return f"{clean}, {agree}"
