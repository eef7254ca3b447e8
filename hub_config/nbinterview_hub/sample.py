"""`nbinterview up --sample`: something to try at once, on a fresh computer."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from nbinterview.cli import Service
from nbinterview.errors import NBInterviewError

TITLE = "Sample interview"
PEOPLE = {
    "interviewer": "Grace Hopper",
    "candidate": "Ada Lovelace",
    "reviewer": "Mary Somerville",
}
HOW_TO_TRY_ALL = (
    "To try all three on one computer: the interviewer's link in this browser, the "
    "candidate's in a private window, the reviewer's in another browser."
)
POLICY = "standard"
_CHUNK_BYTES = 1024 * 1024


def lines(service: Service, public_url: str, kept: Path) -> list[str]:
    """Return what to print: the three links of a sample interview that can be used.

    It is made when there is none, and remembered in the file `kept`, since nobody can
    ask the service for a reviewer's link again. The shipped recording is taken in once.
    """
    known = service.call("GET", "/interviews")["interviews"]
    if not any(item["sample"] for item in known):
        _import_recordings(service)
    paths = _usable(service, kept) or _remember(_create(service), kept)
    return [
        *(
            f"  {role:<12} {name:<16} {public_url}{paths[role]}"
            for role, name in PEOPLE.items()
        ),
        HOW_TO_TRY_ALL,
    ]


def _usable(service: Service, kept: Path) -> dict[str, str]:
    """Return the links' paths of an earlier sample that is not over, or nothing."""
    try:
        found: dict[str, Any] = json.loads(kept.read_text("utf-8"))
        shown = service.call("GET", f"/interviews/{found['id']}")
    except (FileNotFoundError, ValueError, KeyError, NBInterviewError):
        return {}
    states = {item["state"] for item in shown["invitations"]}
    return found["paths"] if states == {"valid"} else {}


def _remember(made: dict[str, Any], kept: Path) -> dict[str, str]:
    paths = {
        item["role"]: urlsplit(item["url"])._replace(scheme="", netloc="").geturl()
        for item in made["invitations"]
    }
    # Links let people in: for nobody else's eyes.
    kept.touch(mode=0o600)
    kept.write_text(
        json.dumps({"id": made["interview"]["id"], "paths": paths}), "utf-8"
    )
    return paths


def _create(service: Service) -> dict[str, Any]:
    template = samples() / "interview.ipynb"
    made: dict[str, Any] = service.call(
        "POST",
        "/interviews",
        body={
            "title": TITLE,
            "template": json.loads(template.read_text("utf-8")),
            "candidate": PEOPLE["candidate"],
            "interviewers": [PEOPLE["interviewer"]],
            "reviewer": PEOPLE["reviewer"],
            "policy": POLICY,
        },
    )
    # The room starts in the background and is warm when the first link is opened.
    service.call("POST", f"/interviews/{made['interview']['id']}/start")
    return made


def _import_recordings(service: Service) -> None:
    for each in sorted(samples().iterdir(), key=lambda entry: entry.name):
        if each.name.endswith(".jsonl.gz"):
            service.call("POST", "/records/import?sample=true", content=_unpacked(each))


def samples() -> Traversable:
    """Return the folder of what is shipped to try."""
    return resources.files("nbinterview") / "samples"


def _unpacked(packed: Traversable) -> Iterator[bytes]:
    with packed.open("rb") as raw, gzip.open(raw) as unpacked:
        while chunk := unpacked.read(_CHUNK_BYTES):
            yield chunk
