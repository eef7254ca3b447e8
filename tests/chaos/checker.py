"""Decides from a trial's history and the record whether the six invariants held.

Shares no code with the platform: hashes and trees are worked out here from RFC 8785,
RFC 6962 and the documented form of a record.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.chaos import history as told
from tests.chaos.history import Fact, History

Wire = Mapping[str, Any]
INVARIANTS = ("I1", "I2", "I3", "I4", "I5", "I6")
TOKEN = re.compile(r"(?:ev|dc|no)-[0-9a-f]{12}")
BEAT_S, LATE_S = 1.0, 3.0
HOUR_S = 3600.0
SHOWN_WITHIN_S = LATE_S + 0.5
"""After a beat was due: the room looks a few times a second, and messages travel."""
ROUNDING_S = 1.6
"""A gap begins with the last beat that came, which is not known to the page."""


@dataclass
class Verdict:
    """What was found wrong, by invariant."""

    wrong: dict[str, list[str]] = field(default_factory=dict)

    def add(self, invariant: str, words: str) -> None:
        """Note a violation."""
        self.wrong.setdefault(invariant, []).append(words)

    @property
    def holds(self) -> bool:
        """Say whether all invariants held."""
        return not self.wrong

    def __str__(self) -> str:
        return "; ".join(
            f"{name}: {', '.join(words[:3])}"
            + (f" (+{len(words) - 3})" * (len(words) > 3))
            for name, words in sorted(self.wrong.items())
        )


def judge(history: History, wires: Sequence[Wire], *, after_seq: int = 0) -> Verdict:
    """Judge a trial; its records are those after a number, the tree is of all."""
    verdict = Verdict()
    own = [wire for wire in wires if wire["seq"] > after_seq]
    _events(history, own, verdict)
    _strangers(history, own, verdict)
    _silences(history, own, verdict)
    _document(history, verdict)
    _tree(history, wires, verdict)
    _secrets(history, verdict)
    return verdict


def tested(history: History) -> list[str]:
    """Return the invariants that a trial has put to the test: what could have failed.

    Without a beat no silence is missed, without a checkpoint no record denies one.
    """
    there = {fact.kind for fact in history.facts}
    wanted = {
        "I1": {told.SENT, told.ACKNOWLEDGED},
        "I2": {told.SENT},
        "I3": {told.WATCHED, told.BEAT},
        "I4": {told.TYPED, told.SAVED, told.SHOWN},
        "I6": {told.SECRET, told.PLANTED},
    }
    found = {name for name, kinds in wanted.items() if kinds <= there}
    if any(True for _ in _witnessed(history)):
        found.add("I5")
    return sorted(found)


# ------------------------------------------------------------ I1 and I2: events


def _stored(wires: Sequence[Wire]) -> Iterator[tuple[str, int, str]]:
    """Yield (boot id, client seq, token) of every page's event, as recorded."""
    for wire in wires:
        payload = wire["payload"]
        if wire["kind"] != "event" or payload is None:
            continue
        for token in TOKEN.findall(str(payload["event"])):
            yield payload["boot_id"], payload["client_seq"], token


def _events(history: History, wires: Sequence[Wire], verdict: Verdict) -> None:
    stored = list(_stored(wires))
    counts = Counter(token for _, _, token in stored)
    until: dict[str, int] = {}
    for fact in history.of(told.ACKNOWLEDGED):
        boot = fact.what["boot_id"]
        until[boot] = max(until.get(boot, 0), fact.what["client_seq"])
    for fact in history.of(told.SENT):
        if fact.what["client_seq"] > until.get(fact.what["boot_id"], 0):
            continue
        count = counts[fact.what["token"]]
        if count != 1:
            verdict.add(
                "I1", f"{fact.what['token']} was acknowledged, is there {count}x"
            )
    for token, count in counts.items():
        if count > 1:
            verdict.add("I1", f"{token} is there {count} times")
    newest: dict[str, int] = {}
    for boot, number, token in stored:
        if number <= newest.get(boot, 0):
            verdict.add("I1", f"{token} is out of its page's order")
        newest[boot] = number


def _strangers(history: History, wires: Sequence[Wire], verdict: Verdict) -> None:
    sent = {
        (fact.what["boot_id"], fact.what["client_seq"], fact.what["token"])
        for fact in history.of(told.SENT)
    }
    for one in _stored(wires):
        if one not in sent:
            verdict.add("I2", f"{one[2]} was never sent like this")
    kept = str([wire["payload"] for wire in wires if wire["kind"] != "refused"])
    for fact in history.of(told.FORGED):
        if fact.what["token"] in kept:
            verdict.add("I2", f"{fact.what['token']} was forged, and taken")


# ------------------------------------------------------------ I3: silences


@dataclass(frozen=True)
class Silence:
    """A stretch in which no good beat reached the room."""

    began_s: float
    ended_s: float
    causes: tuple[str, ...]


def silences(history: History) -> list[Silence]:
    """Return where beats were due and none came for longer than may pass unseen."""
    found: list[Silence] = []
    last_s: float | None = None
    is_cut = False
    causes: tuple[str, ...] = ()

    def ends(at_s: float) -> None:
        if last_s is not None and at_s - last_s > BEAT_S + LATE_S:
            found.append(Silence(last_s, at_s, causes))

    for fact in history.facts:
        if fact.kind == told.WATCHED and last_s is None:
            last_s = fact.at_s
        elif fact.kind == told.CAUSE:
            causes = tuple(fact.what["causes"])
        elif fact.kind in {told.CUT, told.MENDED}:
            is_cut = fact.kind == told.CUT
        elif fact.kind == told.BEAT and not is_cut and last_s is not None:
            ends(fact.at_s)
            last_s = fact.at_s
        elif fact.kind == told.UNWATCHED and last_s is not None:
            ends(fact.at_s)
            last_s = None
    return found


@dataclass(frozen=True)
class Gap:
    """A gap as the record tells it, with what it said in the end."""

    began_s: float
    ended_s: float
    cause: str


def steady(history: History) -> Callable[[str], float]:
    """Return how a record's times are read, in s of this machine's clock.

    A room whose wall clock jumps by hours is judged by the rest: its steps are true.
    """
    if not any(True for _ in history.of(told.SKEWED)):
        return seconds
    near_s = history.facts[0].at_s

    def read(text: str) -> float:
        at_s = seconds(text)
        return at_s - HOUR_S * round((at_s - near_s) / HOUR_S)

    return read


def gaps(
    wires: Sequence[Wire], read: Callable[[str], float] | None = None
) -> list[Gap]:
    """Return the gaps of a record; one that has not ended is open for ever."""
    read = read or seconds
    found: dict[str, Gap] = {}
    for wire in wires:
        payload = wire["payload"]
        if wire["kind"] == "gap" and payload and payload["what"] == "watching":
            ended = payload["ended_at"]
            found[payload["gap_id"]] = Gap(
                read(payload["started_at"]),
                read(ended) if ended else float("inf"),
                payload["cause"],
            )
    return list(found.values())


def _silences(history: History, wires: Sequence[Wire], verdict: Verdict) -> None:
    read = steady(history)
    recorded, expected = gaps(wires, read), silences(history)
    shown = [
        (fact.at_s, read(fact.what["message"]["gap"]["started_at"]))
        for fact in history.of(told.HEARD)
        if fact.what["message"]["type"] == "gap"
    ]
    panel_away = _away(history)
    for silence in expected:
        where = f"the silence of {silence.ended_s - silence.began_s:.1f} s"
        within = [one for one in recorded if _covers(one, silence)]
        if not within:
            verdict.add("I3", f"{where} is no gap")
            continue
        if silence.causes and not {one.cause for one in within} & {*silence.causes}:
            verdict.add("I3", f"{where} is called {within[0].cause}")
        due_s = silence.began_s + BEAT_S
        if any(
            began_s <= due_s + LATE_S and ended_s >= due_s
            for began_s, ended_s in panel_away
        ):
            continue
        seen = [at_s for at_s, began_s in shown if abs(began_s - silence.began_s) < 4]
        late_s = min(seen, default=float("inf")) - due_s
        if late_s > SHOWN_WITHIN_S:
            verdict.add("I3", f"{where} was shown {late_s:.1f} s after the missed beat")
    for gap in recorded:
        if gap.cause == "room":
            continue  # the room was away: no page can know for how long
        # A page that comes anew is a gap however soon it does.
        least_s = BEAT_S if gap.cause in {"reloaded", "second_tab"} else LATE_S - 0.5
        if not any(_meets(gap, one) for one in _wide(history, least_s)):
            verdict.add("I3", f"a gap of {gap.ended_s - gap.began_s:.1f} s is false")


def _covers(gap: Gap, silence: Silence) -> bool:
    begins = gap.began_s <= silence.began_s + ROUNDING_S + BEAT_S
    return begins and gap.ended_s >= silence.ended_s - ROUNDING_S


def _meets(gap: Gap, silence: Silence) -> bool:
    return gap.began_s <= silence.ended_s and gap.ended_s >= silence.began_s


def _wide(history: History, least_s: float) -> list[Silence]:
    """Return every stretch without a beat that a room may take for silence.

    Also the time before and after: a page that does not watch may be a gap.
    """
    found: list[Silence] = []
    last_s, is_cut = float("-inf"), False
    for fact in history.facts:
        if fact.kind in {told.CUT, told.MENDED}:
            is_cut = fact.kind == told.CUT
        if fact.kind in {told.BEAT, told.WATCHED, told.UNWATCHED} and not is_cut:
            if fact.at_s - last_s > least_s:
                found.append(Silence(last_s, fact.at_s, ()))
            last_s = fact.at_s
    found.append(Silence(last_s, float("inf"), ()))
    return found


def _away(history: History) -> list[tuple[float, float]]:
    """Return when no interviewer's page was connected."""
    found, began_s = [], None
    for fact in history.of(told.DROPPED, told.BACK):
        if not fact.what["page"].startswith("panel"):
            continue
        if fact.kind == told.DROPPED:
            began_s = fact.at_s
        elif began_s is not None:
            found.append((began_s, fact.at_s))
            began_s = None
    if began_s is not None:
        found.append((began_s, float("inf")))
    return found


# ------------------------------------------------------------ I4: the document


def _document(history: History, verdict: Verdict) -> None:
    shown = list(history.of(told.SHOWN))
    if not shown:
        return
    texts = {str(fact.what["cells"]) for fact in shown}
    if len(texts) > 1:
        verdict.add("I4", f"{len(texts)} different documents are shown")
    seen = {fact.what["token"] for fact in history.of(told.SEEN)}
    saved = {fact.what["page"]: fact.what["count"] for fact in history.of(told.SAVED)}
    for fact in shown:
        ids = Counter(one for one, _ in fact.what["cells"])
        for cell_id, count in ids.items():
            if count > 1:
                verdict.add("I4", f"cell {cell_id} is there {count} times")
        words = Counter(
            token for _, source in fact.what["cells"] for token in TOKEN.findall(source)
        )
        for edit in history.of(told.TYPED):
            count = words[edit.what["token"]]
            promised = (
                saved.get(edit.what["page"], 0) > edit.what["write"]
                or edit.what["token"] in seen
            )
            if count > 1 or (promised and count == 0):
                verdict.add("I4", f"{edit.what['token']} is there {count} times")


# ------------------------------------------------------------ I5: the tree


def leaf(wire: Wire) -> bytes:
    """Return a record's leaf hash, from what it says; a format 1 record's as it was."""
    if wire["format"] == 1:
        body = {key: value for key, value in wire.items() if key != "hash"}
        return hashlib.sha256(b"\x00" + rfc8785.dumps(body)).digest()
    payload_hash = wire["payload_hash"]
    if wire["payload"] is not None:
        salted = bytes.fromhex(wire["salt"]) + rfc8785.dumps(dict(wire["payload"]))
        payload_hash = hashlib.sha256(salted).hexdigest()
    names = ("format", "interview", "seq", "time", "monotonic_ms", "kind", "author")
    body = {name: wire[name] for name in names} | {"payload_hash": payload_hash}
    return hashlib.sha256(b"\x00" + rfc8785.dumps(body)).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the RFC 6962 tree head, as its recursion says."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    level = list(leaves)
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        above = [hashlib.sha256(b"\x01" + one + two).digest() for one, two in pairs]
        level = above + level[len(level) & ~1 :]
    return level[0]


def _tree(history: History, wires: Sequence[Wire], verdict: Verdict) -> None:
    leaves = []
    for place, wire in enumerate(wires, start=1):
        if wire["seq"] != place:
            verdict.add("I5", f"record {wire['seq']} is at place {place}")
        leaves.append(leaf(wire))
        if leaves[-1].hex() != wire["hash"]:
            verdict.add("I5", f"record {wire['seq']} is not what its hash says")
    roots: dict[int, str] = {}
    for fact, checkpoint, certificate in _witnessed(history):
        size = checkpoint["size"]
        if size > len(leaves):
            verdict.add("I5", f"{fact.who} saw {size} records, there are {len(leaves)}")
            continue
        if size not in roots:
            roots[size] = root(leaves[:size]).hex()
        if checkpoint["root"] != roots[size]:
            verdict.add(
                "I5", f"the checkpoint of {size} that {fact.who} saw is another's"
            )
        if certificate is not None and not signed(
            checkpoint, certificate["public_key"]
        ):
            verdict.add("I5", f"the checkpoint of {size} is signed by another key")


def _witnessed(history: History) -> Iterator[tuple[Fact, Wire, Wire | None]]:
    for fact in history.of(told.HEARD):
        message = fact.what["message"]
        if message["type"] == "welcome":
            message = message.get("checkpoint") or {}
        if message.get("type") == "receipt":
            message = message["receipt"]
        if "checkpoint" in message:
            yield fact, message["checkpoint"], message.get("certificate")


def signed(checkpoint: Wire, public_key: str) -> bool:
    """Say whether this key signed this checkpoint, unless it names another key."""
    raw = bytes.fromhex(public_key)
    if hashlib.sha256(raw).hexdigest()[:16] != checkpoint["key_id"]:
        return True  # of the time before the key was replaced
    body = {key: value for key, value in checkpoint.items() if key != "signature"}
    text = b"nbinterview checkpoint\n" + rfc8785.dumps(body)
    try:
        Ed25519PublicKey.from_public_bytes(raw).verify(
            bytes.fromhex(checkpoint["signature"]), text
        )
    except InvalidSignature:
        return False
    return True


# ------------------------------------------------------------ I6: secrets


def _secrets(history: History, verdict: Verdict) -> None:
    planted = {fact.what["word"] for fact in history.of(told.PLANTED)}
    received = [
        (fact.who, str(fact.what))
        for fact in history.of(told.HEARD, told.SHOWN, told.GOT)
    ]
    for fact in history.of(told.SECRET):
        word, whose = fact.what["word"], fact.what["from_who"]
        if word not in planted:
            verdict.add("I6", f"{word} is nowhere: that nobody got it says nothing")
        got = {who for who, text in received if who.startswith(whose) and word in text}
        for who in sorted(got):
            verdict.add("I6", f"{who} got {word}")


def seconds(text: str) -> float:
    """Return a record's time in s."""
    return datetime.fromisoformat(text).timestamp()
