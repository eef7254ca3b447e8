"""The replay in the report: the film as a part of the page, links to its moments. Pure.

The film is data in the page, never code: JSON in a script element that no browser
runs, written so that nothing in it can end that element.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nbinterview.errors import Unavailable
from nbinterview.report.text import line, moment

# Above this the page would be slow to come; the service's page shows the film.
MAX_FILM_BYTES = 30_000_000
TOO_LARGE = (
    "This film is too large to be a part of this page. Its own page shows it, and "
    "every time in this report leads there."
)
NOT_MADE = (
    "The film could not be made for this page just now. Its own page makes it anew, "
    "and every time in this report leads there."
)

# What could end a script element or, in old readers of JSON, a line of script.
_ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"} | {
    separator: f"\\u{ord(separator):04x}" for separator in "\u2028\u2029"
}


@dataclass(frozen=True)
class Replay:
    """Where the film is seen, and how to link to a moment of it."""

    url: str
    """The service's page of it."""
    film: str = ""
    """JSON for a script element of this page; empty when it is not in the page."""
    start_s: float | None = None
    """The film's moment 0, in seconds since 1970; None when that is not known."""
    note: str = ""
    """Why the film is not in this page."""

    def link(self, at_s: float, window_start_s: float) -> str:
        """Return the address of a moment, given as the report counts its time."""
        ahead_s = 0.0 if self.start_s is None else window_start_s - self.start_s
        moment_s = max(0, int(at_s + ahead_s))
        minutes, seconds = divmod(moment_s, 60)
        hours, minutes = divmod(minutes, 60)
        place = f"#t={hours}:{minutes:02}:{seconds:02}"
        return place if self.film else f"{self.url}{place}"


def in_page(url: str, text: str) -> Replay:
    """Return the replay of a film that the service answered with."""
    if len(text.encode()) > MAX_FILM_BYTES:
        return elsewhere(url, TOO_LARGE)
    try:
        film = json.loads(text)
    except ValueError as error:
        raise Unavailable("The service answered with no film.") from error
    return Replay(url, embedded(text), _start_s(film))


def elsewhere(url: str, note: str) -> Replay:
    """Return the replay of a film that only the service's page shows."""
    return Replay(url, note=note)


def embedded(text: str) -> str:
    """Return JSON as it may stand in a script element. In JSON these are in strings."""
    for character, escaped in _ESCAPED.items():
        text = text.replace(character, escaped)
    return text


def _start_s(film: object) -> float | None:
    began: Any = film.get("started_at") if isinstance(film, Mapping) else None
    at = moment(line(began, 40))
    return at.timestamp() if at else None
