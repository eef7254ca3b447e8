"""What a browser says of itself, in words."""

from __future__ import annotations

import re

_BROWSERS = (
    ("Edge", re.compile(r"Edg(?:A|iOS)?/")),
    ("Opera", re.compile(r"OPR/")),
    ("Firefox", re.compile(r"(?:Firefox|FxiOS)/")),
    ("Chrome", re.compile(r"(?:Chrome|CriOS)/")),
    ("Safari", re.compile(r"Version/.*Safari/")),
)
_SYSTEMS = (
    ("Android", re.compile(r"Android")),
    ("iOS", re.compile(r"iPhone|iPad")),
    ("ChromeOS", re.compile(r"CrOS")),
    ("Windows", re.compile(r"Windows")),
    ("macOS", re.compile(r"Macintosh")),
    ("Linux", re.compile(r"Linux|X11")),
)


def describe_browser(user_agent: str) -> str:
    """Return words for a browser, as "Firefox on Linux"; a claim, never evidence."""

    def first(patterns: tuple[tuple[str, re.Pattern[str]], ...]) -> str | None:
        found = (name for name, pattern in patterns if pattern.search(user_agent))
        return next(found, None)

    browser, system = first(_BROWSERS), first(_SYSTEMS)
    return f"{browser or 'a browser'} on {system or 'an unknown system'}"
