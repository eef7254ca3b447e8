"""Generated from room.schema.yaml by scripts/generate_types.py."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


class Interview(TypedDict):
    id: str
    title: str
    state: Literal["scheduled", "open", "ended"]
    page_url: str


class Person(TypedDict):
    hub_name: str
    display_name: str
    initials: str
    color: str
    role: Literal["candidate", "interviewer", "reviewer"]


class Run(TypedDict):
    code: str
    inputs: list[str]


class Branch(TypedDict):
    interview: str
    title: str
    at_ms: int
    seq: int
    runs: list[Run]


class RoomConfig(TypedDict):
    interview: Interview
    template: dict[str, Any]
    policy: dict[str, Any]
    allows: list[Literal["documentation", "ai"]]
    people: list[Person]
    branch: NotRequired[Branch | None]
