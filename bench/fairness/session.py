"""One session through every rule: the honest hour, and its twin with a cheat in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bench.fairness import honest
from bench.fairness.camera import observe
from bench.fairness.cheats import KINDS, cheating
from bench.fairness.ours import flagged
from bench.fairness.peers import PEERS, Flag, view
from bench.fairness.people import chance, person
from bench.fairness.records import journal
from bench.fairness.scene import Scene, Span

#: A flag this near to a cheating stretch counts as finding it.
SLACK_S = 10.0
Flags = dict[str, list[Flag]]


def tried(
    seed: int, number: int, session: int, minutes: float, policies: Iterable[str]
) -> dict[str, Any]:
    """Return what every rule says about one person's session, as plain JSON."""
    policies = tuple(policies)
    seconds = round(honest.BEGIN_S + 60 * minutes)
    who = person(seed, number)
    kinds = list(KINDS)
    kind = kinds[(3 * number + session) % len(kinds)]
    plain = honest.session(seed, who, session, seconds)
    fair = judged(seed, plain, number, session, policies)
    scene, spans = cheating(seed, who, session, seconds, kind)
    foul = judged(seed, scene, number, session, policies)
    return {
        "person": number,
        "session": session,
        "kind": kind,
        "hours": minutes / 60,
        "cheated": spans,
        "rules": {
            name: {
                "false": [[flag.rule, *flag.spans[0]] for flag in fair[name]],
                "found": _touching(foul[name], spans),
                "chance": _touching(fair[name], spans),
            }
            for name in fair
        },
    }


def judged(
    seed: int, scene: Scene, number: int, session: int, policies: Iterable[str]
) -> Flags:
    """Return every policy's and every peer's flags of a scene."""
    # The same noise for a session and its twin: they differ by the cheat alone.
    seen = observe(scene, chance(seed, number, session, "camera"))
    records = journal(scene, seen, chance(seed, number, session, "journal"))
    peers_view = view(scene, seen)
    ours = {name: flagged(name, records) for name in policies}
    return ours | {name: rule(peers_view) for name, rule in PEERS.items()}


def _touching(flags: list[Flag], spans: list[Span]) -> list[str]:
    return sorted({flag.rule for flag in flags if flag.touches(spans, SLACK_S)})
