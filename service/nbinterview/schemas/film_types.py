"""Generated from film.schema.yaml by scripts/generate_types.py."""

from __future__ import annotations

from typing import Literal, NotRequired, TypeAlias, TypedDict


class FilmPerson(TypedDict):
    display_name: str
    initials: str
    color: str
    role: Literal["candidate", "interviewer", "reviewer"]


class RemoveCells(TypedDict):
    do: Literal["remove"]
    index: int
    count: int


class KernelChanged(TypedDict):
    do: Literal["kernel"]
    state: Literal[
        "started", "restarted", "interrupted", "died", "refused", "stopped", "restored"
    ]
    detail: str


Handle: TypeAlias = int


Origin: TypeAlias = Literal["template", "typed", "pasted", "interviewer", "unexplained"]


class Span(TypedDict):
    length: int
    origin: Origin
    seq: int
    moved: NotRequired[int]


class TextOutput(TypedDict):
    kind: Literal["text", "stderr", "error"]
    text: str
    note: str


class ImageOutput(TypedDict):
    kind: Literal["image"]
    image: str
    note: str


class Mark(TypedDict):
    at_ms: int
    end_ms: int | None
    seq: int
    kind: Literal[
        "flag",
        "warning",
        "nudge",
        "episode",
        "comment",
        "run",
        "paste",
        "kernel",
        "gap",
        "person",
        "check",
    ]
    title: str
    detail: str
    author: str


class EditText(TypedDict):
    do: Literal["edit"]
    cell: Handle
    index: int
    removed: int
    inserted: str
    spans: list[Span]


class SetCount(TypedDict):
    do: Literal["count"]
    cell: Handle
    count: int | None


class RunAsked(TypedDict):
    do: Literal["run"]
    cell: Handle | None
    execution_id: str


class RunEnded(TypedDict):
    do: Literal["ran"]
    cell: Handle | None
    execution_id: str
    status: Literal["ok", "error", "aborted"]
    duration_ms: int


FilmOutput: TypeAlias = TextOutput | ImageOutput


class SetOutputs(TypedDict):
    do: Literal["outputs"]
    cell: Handle
    keep: int
    outputs: list[FilmOutput]


class FilmCell(TypedDict):
    cell: Handle
    id: str
    type: Literal["code", "markdown", "raw"]
    source: str
    spans: list[Span]
    outputs: list[FilmOutput]
    count: int | None
    locked: bool


class InsertCells(TypedDict):
    do: Literal["insert"]
    index: int
    cells: list[FilmCell]


Step: TypeAlias = (
    InsertCells
    | RemoveCells
    | EditText
    | SetOutputs
    | SetCount
    | RunAsked
    | RunEnded
    | KernelChanged
)


class FilmFrame(TypedDict):
    at_ms: int
    seq: int
    author: str
    steps: list[Step]


class Film(TypedDict):
    format: Literal[1]
    interview: str
    title: str
    started_at: str
    duration_ms: int
    last_seq: int
    people: dict[str, FilmPerson]
    frames: list[FilmFrame]
    marks: list[Mark]
    images: dict[str, str]


class FilmSchema(TypedDict):
    film: NotRequired[Film]
