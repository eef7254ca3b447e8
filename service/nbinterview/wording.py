"""Words that more than one part shows, so that they stay the same."""

from __future__ import annotations

#: By an interview's state.
INTERVIEW_STATES = {"scheduled": "Scheduled", "open": "Open now", "ended": "Ended"}
