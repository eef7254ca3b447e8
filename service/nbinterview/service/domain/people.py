"""People: opaque hub names; what is shown of them is data."""

from __future__ import annotations

import unicodedata
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from nbinterview.errors import Invalid
from nbinterview.ids import new_person
from nbinterview.service.db.models import Person

MAX_NAME_CHARS = 200

# Readable with white text on them, and apart from each other for colour-blind eyes
# (after Okabe and Ito, darkened to a contrast of at least 4.5).
COLORS = ("#00609c", "#a34700", "#00735a", "#8f3f7a", "#5c5500", "#4a4fb5")


def clean_name(name: str, *, field: str) -> str:
    """Return a name, or another line, fit to be shown, or raise `Invalid`."""
    shown = " ".join(unicodedata.normalize("NFC", name).split())
    if not shown:
        raise Invalid(f"The {field} is missing.", field=field)
    if len(shown) > MAX_NAME_CHARS:
        raise Invalid(
            f"The {field} has more than {MAX_NAME_CHARS} characters.", field=field
        )
    if any(_invisible(char) for char in shown):
        raise Invalid(f"The {field} has characters that cannot be seen.", field=field)
    return shown


def _invisible(char: str) -> bool:
    # Direction overrides and the like make one name look like another; the two
    # joiners are part of how some languages are written.
    joiners = "\u200c\u200d"
    return unicodedata.category(char) in {"Cc", "Cf", "Cs"} and char not in joiners


def initials(name: str) -> str:
    """Return one or two letters for a name; a question mark where it has none."""
    letters = [
        first
        for word in name.split()
        if (first := next(filter(str.isalpha, word), None)) is not None
    ]
    # In capitals some letters become two, as ß: one is enough.
    return "".join(each.upper()[0] for each in letters[:1] + letters[1:][-1:]) or "?"


def add_person(
    session: AsyncSession, name: str, *, color: str, now: datetime
) -> Person:
    """Add somebody new; two people of one name are two people."""
    person = Person(
        hub_name=new_person(),
        display_name=name,
        initials=initials(name),
        color=color,
        created_at=now,
    )
    session.add(person)
    return person


def person_model(person: Person, role: str | None = None) -> dict[str, str]:
    """Return the JSON of a person, with the role where one is meant."""
    found = {
        "hub_name": person.hub_name,
        "display_name": person.display_name,
        "initials": person.initials,
        "color": person.color,
    }
    return found if role is None else {**found, "role": role}
