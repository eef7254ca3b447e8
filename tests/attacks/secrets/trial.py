"""Replay what was harvested; return what was taken that may not be."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from tests.attacks.reach import Reach
from tests.attacks.secrets import routes
from tests.attacks.secrets.allowed import is_allowed
from tests.attacks.secrets.harvest import tokens_of
from tests.attacks.secrets.replay import Replay, Route

SEED = 20261122


class Trial:
    """One harvest against one platform."""

    def __init__(self, reach: Reach) -> None:
        """Sort out what there is to try, and where."""
        self.reach = reach
        self.found = tokens_of(reach.blobs)
        self.routes = routes.all_routes(reach)
        self.guards = routes.guards(self.routes)
        self.replay = Replay(reach.addresses.port)

    def beyond(self, everywhere: int, at_guards: int) -> list[str]:
        """Return what was accepted beyond the allowed set, a line for each.

        The likeliest `everywhere` strings are tried at every route, the next
        `at_guards`, half likely and half by chance, at one route for each way in.
        """
        texts = list(self.found)
        random = Random(SEED)
        half = texts[everywhere : everywhere + at_guards // 2]
        rest = texts[everywhere + len(half) :]
        chance = random.sample(rest, min(len(rest), at_guards - len(half)))
        return [
            *self._tried(texts[:everywhere], self.routes),
            *self._tried([*half, *chance], self.guards),
            *self._whole_session(),
        ]

    def _tried(self, texts: Sequence[str], at: Sequence[Route]) -> list[str]:
        return [
            f"{text[:12]}… from {self.found[text][:60]}: {way} at {name} is {status}"
            for text, name, way, status in self.replay.accepted(texts, at)
            if not is_allowed(name, way, self.found[text])
        ]

    def _whole_session(self) -> list[str]:
        jars: dict[str, dict[str, str]] = {}
        for cookie in self.reach.cookies:
            jar = jars.setdefault(str(cookie["domain"]), {})
            jar[str(cookie["name"])] = str(cookie["value"])
        return [
            f"the candidate's session: {name} is {status}"
            for name, status in self.replay.session(jars, self.routes)
            if not is_allowed(name, "session", "")
        ]
