"""What a payload is, and the marks by which it is recognised when it runs.

A payload's content is data. In its strings stand marks, filled in when it is used:
`%JS%` a statement that tells the test's browser, `%URL%` an address of the test's own
server, `%ID%` the payload's id, `%B64{…}%` the base64 and `%ENT{…}%` the character
references of what is inside. The id is in whatever runs, so a hit names its payload.
"""

from __future__ import annotations

import base64
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Way = Literal[
    "kernel",  # the candidate runs a cell
    "document",  # a hostile page writes over the document's socket
    "markdown",  # a Markdown cell
    "widget",  # widgets and what they tell through their comm
    "awareness",  # a hostile page's awareness
    "room",  # names, initials, titles and the template of the room's config
    "file",  # files that the candidate's code leaves behind, opened by address
    "service",  # names and titles in the service's pages
    "report",  # a record as the report and the replay show it
]
WAYS: tuple[Way, ...] = (
    *("kernel", "document", "markdown", "widget", "awareness"),
    *("room", "file", "service", "report"),
)
IN_ROOM: tuple[Way, ...] = WAYS[:5]
"""The ways for which a room and a stock server are filled alike."""

_CODED = re.compile(r"%(B64|ENT){(.*?)}%", re.DOTALL)


@dataclass(frozen=True)
class Payload:
    """One attempt to run something in somebody else's page."""

    id: str
    way: Way
    mime: str
    """The MIME type, or what stands in its place: `cell`, `error`, `name`."""
    mechanism: str
    """What is expected to run it, in words."""
    content: Mapping[str, Any]

    def filled(self, canary: str) -> dict[str, Any]:
        """Return the content to use, its marks filled; `canary` is a base address."""
        found: dict[str, Any] = _filled(dict(self.content), self.id, canary)
        return found


def _filled(value: Any, payload_id: str, canary: str) -> Any:
    if isinstance(value, str):
        return fill(value, payload_id, canary)
    if isinstance(value, list):
        return [_filled(one, payload_id, canary) for one in value]
    if isinstance(value, dict):
        return {
            fill(key, payload_id, canary): _filled(one, payload_id, canary)
            for key, one in value.items()
        }
    return value


def script(payload_id: str) -> str:
    """Return a statement that tells the test's browser, and whether from the page.

    It holds no quote, space, `=` or `<`, so that it stands in any attribute, link and
    string; and it needs nothing of the test's in the frame where it runs.
    """
    return f"console.log(/xss-{payload_id}/.source,Object.is(self,top))"


def fill(text: str, payload_id: str, canary: str) -> str:
    """Return a text with its marks filled."""
    for mark, value in (
        ("%JS%", script(payload_id)),
        ("%URL%", f"{canary}/c/{payload_id}"),
        ("%ID%", payload_id),
    ):
        text = text.replace(mark, value)
    return _CODED.sub(_coded, text)


def _coded(found: re.Match[str]) -> str:
    kind, inside = found.groups()
    if kind == "B64":
        return base64.b64encode(inside.encode()).decode()
    return "".join(f"&#{ord(char)};" for char in inside)


Vector = tuple[str, str]
"""What is expected to run it, in words, and a text with marks."""


def numbered(
    prefix: str, way: Way, mime: str, found: Iterable[tuple[str, Mapping[str, Any]]]
) -> list[Payload]:
    """Return payloads of one kind, with ids that count."""
    return [
        Payload(f"{prefix}-{number:03}", way, mime, mechanism, content)
        for number, (mechanism, content) in enumerate(found)
    ]


def chosen(
    payloads: Sequence[Payload], count: int, *, seed: int, ways: Sequence[Way] = IN_ROOM
) -> list[Payload]:
    """Return so many payloads of these ways, each way in turn, by chance of a seed."""
    chance = random.Random(seed)
    heaps = {way: [one for one in payloads if one.way == way] for way in ways}
    for heap in heaps.values():
        chance.shuffle(heap)
    found: list[Payload] = []
    while len(found) < count and any(heaps.values()):
        found += [heap.pop() for heap in heaps.values() if heap]
    return found[:count]
