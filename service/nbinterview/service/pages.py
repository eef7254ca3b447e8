"""Rendering of the pages: Jinja2, with escaping always on."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

import nbinterview
from nbinterview import __version__
from nbinterview.findings import OUTCOMES
from nbinterview.home import SERVICE_PREFIX
from nbinterview.ledger.records import parse_time
from nbinterview.service.policies import ALLOWANCES, accommodated
from nbinterview.wording import (
    CHECK_RESULTS,
    CHECK_TITLE,
    INTERVIEW_STATES,
    check_verdict,
)

STATIC = Path(__file__).parent / "static"
PLAYER = Path(nbinterview.__file__).parent / "replay_static"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("nbinterview.service", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        prefix=SERVICE_PREFIX,
        version=__version__,
        states=INTERVIEW_STATES,
        check_title=CHECK_TITLE,
        check_results=CHECK_RESULTS,
        outcomes=OUTCOMES,
    )
    environment.filters["verdict"] = check_verdict
    environment.filters["moment"] = moment
    environment.filters["iso"] = iso
    environment.filters["anchor"] = anchor
    environment.filters["allowance"] = lambda name: ALLOWANCES[name]
    environment.filters["accommodated"] = accommodated
    return environment


def render(name: str, **values: Any) -> str:
    """Return the HTML of one page; `person` None means that nobody is signed in."""
    return _environment().get_template(name).render(**{"person": None, **values})


def anchor(episode_id: str) -> str:
    """Return an id as a part of a page's address: what a room writes is kept whole."""
    return "".join(char for char in episode_id if char.isalnum() or char in "-_.:")


def moment(value: datetime | str | None) -> str:
    """Return a time in words; the page's script turns it into the reader's zone."""
    if value is None:
        return "not yet"
    found = parse_time(value) if isinstance(value, str) else value
    return found.astimezone(UTC).strftime("%-d %B %Y, %H:%M UTC")


def iso(value: datetime | str) -> str:
    """Return a time for a `datetime` attribute."""
    return value if isinstance(value, str) else value.astimezone(UTC).isoformat()
