"""What everybody did and saw during a trial, in the order of one clock.

People's pages write down what they do as they do it, and what they are told; they
judge nothing. `checker` decides afterwards, from this and from the record alone.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SENT = "sent"
"""A message with a token left the page: {boot_id, client_seq, token}."""
ACKNOWLEDGED = "acknowledged"
"""The room has all of a page's messages up to one: {boot_id, client_seq}."""
FORGED = "forged"
"""Something was sent that must never count: {token}."""
BEAT = "beat"
"""A good beat of the page that counts left it: {boot_id, beat}."""
WATCHED = "watched"
"""From now on beats are due."""
UNWATCHED = "unwatched"
"""From now on none are."""
SKEWED = "skewed"
"""From now on the room's wall clock may be whole hours off."""
CUT, MENDED = "cut", "mended"
"""What is sent between these two is lost."""
CAUSE = "cause"
"""Why the silence that comes now is one: {causes: any of these is right}."""
HEARD = "heard"
"""A message of the room came to somebody: {message}."""
TYPED = "typed"
"""A token went into the document: {token, cell_id, page, write}."""
SAVED = "saved"
"""The room called so many writes of a page saved: {page, count}."""
SEEN = "seen"
"""A token was shown in a page that did not write it, for a while: {token}."""
SHOWN = "shown"
"""What a page shows in the end: {cells: [[id, source], …], refused: [detail, …]}."""
DROPPED = "dropped"
"""A socket ended without its page wanting it: {page}."""
BACK = "back"
"""A page is connected again: {page, after_s}."""
SECRET = "secret"
"""A word that some must never get: {word, from_who: how their names begin}."""
PLANTED = "planted"
"""A secret word is where it belongs, and was seen there: {word}."""
GOT = "got"
"""A secret word was in what a page received, in whatever form: {word}."""
TOOK = "took"
"""The fault measured something: {what, seconds}."""


@dataclass(frozen=True)
class Fact:
    """One thing that happened; `at_s` is this machine's wall clock, as the room's."""

    at_s: float
    who: str
    kind: str
    what: dict[str, Any]


@dataclass
class History:
    """All facts of one trial."""

    clock: Callable[[], float] = time.time
    facts: list[Fact] = field(default_factory=list)
    _words: list[str] = field(default_factory=list)

    def add(self, who: str, kind: str, **what: Any) -> None:
        """Write down what happens now."""
        self.facts.append(Fact(self.clock(), who, kind, what))
        if kind == SECRET:
            self._words.append(what["word"])

    def receive(self, who: str, data: bytes) -> None:
        """Write down which secret words are in the bytes that came to a page."""
        for word in self._words:
            if word.encode() in data:
                self.add(who, GOT, word=word)

    def of(self, *kinds: str, who: str | None = None) -> Iterator[Fact]:
        """Yield facts of these kinds, of one person's page if named."""
        for fact in self.facts:
            if fact.kind in kinds and who in {None, fact.who}:
                yield fact

    def took(self, what: str, seconds: float) -> None:
        """Write down a measured time."""
        self.add("fault", TOOK, what=what, seconds=seconds)

    def times(self) -> dict[str, list[float]]:
        """Return what the fault measured, in s."""
        found: dict[str, list[float]] = {}
        for fact in self.of(TOOK):
            found.setdefault(fact.what["what"], []).append(fact.what["seconds"])
        return found

    def write(self, path: Path) -> None:
        """Keep all of it for whoever wants to know why a trial failed."""
        with path.open("w", encoding="utf-8") as lines:
            for fact in self.facts:
                lines.write(json.dumps([fact.at_s, fact.who, fact.kind, fact.what]))
                lines.write("\n")
