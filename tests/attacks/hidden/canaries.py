"""Words that stand nowhere else, one for each thing that has to stay hidden."""

from __future__ import annotations

import secrets


class Canaries:
    """Makes a word when it is first asked for what it stands for."""

    def __init__(self) -> None:
        """Know none yet."""
        self.words: dict[str, str] = {}

    def __call__(self, what: str) -> str:
        """Return the word for this; letters only, so that no form changes it."""
        if what not in self.words:
            letters = "".join(secrets.choice("bcdfghjklmnpqrstvwxz") for _ in range(16))
            self.words[what] = f"Canary{letters}"
        return self.words[what]
