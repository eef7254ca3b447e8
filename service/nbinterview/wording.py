"""Words that more than one part shows, so that they stay the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: By an interview's state.
INTERVIEW_STATES = {"scheduled": "Scheduled", "open": "Open now", "ended": "Ended"}

#: Why a finding did not count, by `Episode.because`, and `set_aside` by a reviewer.
BECAUSE = {
    "short": "it was over before it counted",
    "allowed": "the question allows it",
    "recorded_only": "it is only recorded under this policy",
    "too_little_measured": "too little of it could be measured",
    "paused": "watching was paused",
    "set_aside": "a reviewer set it aside",
}
#: What a question may allow, within a sentence.
ALLOWANCES = {"documentation": "documentation", "ai": "an AI assistant"}

CHECK_TITLE = "Does it run from the top?"

#: By what came of one cell in a check. The Lab's words are the same (`check/words.ts`).
CHECK_RESULTS = {
    "same": "Same",
    "differs": "Differs",
    "new": "Was not run",
    "error": "Error",
    "not_run": "Not reached",
}


def check_verdict(check: Mapping[str, Any]) -> str:
    """Return a check's result in a sentence (`Check`)."""
    if check["state"] == "running":
        return f"{check['done']} of {check['total']} cells"
    if check["state"] == "failed":
        return "It could not be checked."
    if not check["clean"]:
        return "No, it does not run to its end."
    if check["agree"]:
        return "Yes, and everything shows the same."
    return "It runs without an error, but not everything shows the same."
