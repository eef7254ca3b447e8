"""Observations and events become episodes, warnings and flags: a pure fold.

    state = initial(policy)
    state, outcomes = step(state, kind, payload, at_s, monotonic_ms)
    for outcome in outcomes:
        write(outcome.kind, payload(outcome))

No clock, no randomness, no input or output. numpy and the standard library only.
"""

from nbinterview_proctor.engine.fold import State, initial, step
from nbinterview_proctor.engine.outcome import Outcome, iso, payload

__all__ = ["Outcome", "State", "initial", "iso", "payload", "step"]
