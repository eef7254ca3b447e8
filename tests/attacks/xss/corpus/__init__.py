"""The payloads, as data."""

from __future__ import annotations

from dataclasses import replace

from tests.attacks.xss.corpus import (
    advisories,
    data,
    html,
    messages,
    people,
    shapes,
    text,
    widgets,
)
from tests.attacks.xss.payloads import Payload


def corpus() -> list[Payload]:
    """Return every payload."""
    found = [
        payload
        for part in (
            *(html, text, data, widgets, messages, shapes),
            *(advisories, people),
        )
        for payload in part.payloads()
    ]
    return [*found, *_in_reports(found)]


def _in_reports(payloads: list[Payload]) -> list[Payload]:
    """Return those again whose content a record can hold, for report and replay."""
    held = [
        one
        for one in payloads
        if one.way in ("document", "markdown") and one.mime != "text/latex"
    ]
    return [
        replace(one, id=f"report-{number:03}", way="report")
        for number, one in enumerate(held)
    ]
