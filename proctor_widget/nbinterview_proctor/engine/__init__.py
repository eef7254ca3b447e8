"""Facts become episodes, nudges, warnings and flags: a pure fold.

    state = initial(policy)
    state, outcomes = step(state, fact)    # a journal record, or a `Fact`
    for outcome in outcomes:
        write(outcome.kind, payload(outcome))

No clock, no randomness, no input or output; the standard library only.
"""

from nbinterview_proctor.engine.fold import OWN_KINDS, State, initial, step
from nbinterview_proctor.engine.outcome import Fact, FactLike, Outcome, iso, payload

#: Of the rules' meaning; recorded with each room, compared when one is rescored.
ENGINE_VERSION = "2.1"

__all__ = [
    "ENGINE_VERSION",
    "OWN_KINDS",
    "Fact",
    "FactLike",
    "Outcome",
    "State",
    "initial",
    "iso",
    "payload",
    "step",
]
