"""What a fuzz counts, and which answers are faults."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

SHOWN = 5


@dataclass
class Outcome:
    """Counts, with the first few faults in words."""

    secrets: tuple[str, ...]
    """What no refusal may say: tokens, paths, names of other people."""
    inputs: int = 0
    answers: dict[int, int] = field(default_factory=dict)
    server_errors: list[str] = field(default_factory=list)
    unhandled: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def answered(self, what: str, status: int, body: str) -> None:
        """Note an answer."""
        self.inputs += 1
        self.answers[status] = self.answers.get(status, 0) + 1
        if status >= 500:
            self.server_errors.append(f"{what}: {status} {body[:300]}")
        if status >= 400:
            hits = [secret for secret in self.secrets if secret in body]
            self.told.extend(f"{what}: {status} tells {hit!r}" for hit in hits)

    def failed(self, what: str, error: BaseException) -> None:
        """Note an exception that nobody caught."""
        self.inputs += 1
        self.unhandled.append(f"{what}: {error!r}"[:600])

    def faults(self) -> list[str]:
        """Return the first faults of each kind."""
        kinds = (self.server_errors, self.unhandled, self.told)
        return [fault for kind in kinds for fault in kind[:SHOWN]]

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Return the lines of the attack table."""
        counts: Iterable[tuple[str, int]] = (
            ("5xx", len(self.server_errors)),
            ("unhandled exceptions", len(self.unhandled)),
            ("refusals that tell a secret, a path or a name", len(self.told)),
        )
        return [
            {
                "measure": f"fuzz {name}: {what}",
                "ours": count,
                "bar": 0,
                "holds": count == 0 and self.inputs > 0,
                "n": self.inputs,
            }
            for what, count in counts
        ]
