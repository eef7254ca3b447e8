"""The policies that an interview can be held under, from `nbinterview_proctor`."""

from __future__ import annotations

from typing import Any

from nbinterview.errors import Invalid

STANDARD = "standard"
# Of branches: it watches nobody, so no form offers it.
UNWATCHED = "unwatched"

# What the form calls them.
TITLES = {
    STANDARD: "Standard",
    "fullscreen": "Standard, and the room fills the screen",
}


def load_policy(name: str) -> dict[str, Any]:
    """Return the policy of this name, to be copied into an interview.

    Raises `Invalid` when there is none of that name.
    """
    from nbinterview_proctor import policy

    try:
        found: dict[str, Any] = policy.load(name)
    except ValueError as error:
        raise Invalid(f"There is {error}.", field="policy") from error
    return found
