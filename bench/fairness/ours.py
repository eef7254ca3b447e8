"""Our policies on a session: the engine that runs in the room, on the same records."""

from __future__ import annotations

from collections.abc import Iterable

from bench.fairness.peers import Flag
from bench.fairness.records import START_S
from nbinterview_proctor import engine
from nbinterview_proctor.policy import Policy, load

POLICIES = ("standard", "strict", "no-camera")


def flagged(policy: str, records: Iterable[engine.Fact]) -> list[Flag]:
    """Return the flags that a policy raises, from their first moment to their last."""
    state = engine.initial(Policy.from_dict(load(policy)))
    rules: dict[str, str] = {}
    spans: dict[str, tuple[float, float]] = {}
    for record in records:
        state, found = engine.step(state, record)
        for outcome in found:
            name = str(outcome.details.get("episode_id", ""))
            if outcome.kind == "flag" and outcome.started_s is not None:
                rules[name] = str(outcome.details["rule"])
                spans[name] = (outcome.started_s - START_S, record.at_s - START_S)
            elif outcome.kind == "flag.closed" and outcome.ended_s is not None:
                begun_s, flagged_s = spans[name]
                spans[name] = (begun_s, max(flagged_s, outcome.ended_s - START_S))
    return [Flag(rules[name], (spans[name],)) for name in spans]
