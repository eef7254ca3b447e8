"""The recorded exchanges with a real API server, and what of them can be compared."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ANSWERS = Path(__file__).with_name("answers")
_REQUEST = re.compile(r"^(GET|POST|PUT|PATCH|DELETE) (\S+) HTTP/1\.1$", re.MULTILINE)
_PLAIN = (
    (
        re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
        "<uid>",
    ),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "<time>"),
    (re.compile(r"containerd://[0-9a-f]+"), "<container>"),
    (re.compile(r"sha256:[0-9a-f]+"), "<image>"),
    (re.compile(r"\b10\.244\.\d+\.\d+"), "<pod ip>"),
    (re.compile(r"(minimal-|kube-api-access-)[a-z0-9]{5}$"), r"\1<suffix>"),
    (re.compile(r"\.[0-9a-f]{16}$"), ".<event>"),
    (re.compile(r"too old resource version: \d+ \(\d+\)"), "too old: <versions>"),
    (re.compile(r"current: \d+"), "current: <version>"),
    (re.compile(r"\n@@ -.*", re.DOTALL), "\n"),
)
_HIDDEN = {"resourceVersion", "continue", "token", "serverAddress"}


@dataclass(frozen=True)
class Exchange:
    """One request and the server's answer to it."""

    name: str
    remarks: str
    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    code: int
    answer_headers: list[tuple[str, str]]
    answer: str

    @property
    def events(self) -> list[Any]:
        """Return a watch's lines."""
        return [json.loads(line) for line in self.answer.splitlines() if line]

    @property
    def shortened(self) -> bool:
        return "left out of" in self.remarks


def exchange(name: str) -> Exchange:
    """Read the exchange whose file's name begins so."""
    (path,) = ANSWERS.glob(f"{name}-*.http")
    text = path.read_text()
    request, _, answer = text.partition("\nHTTP/1.1 ")
    match = _REQUEST.search(request)
    assert match is not None
    head, _, body = request[match.end() :].strip("\n").partition("\n\n")
    answer_head, _, answer_body = answer.partition("\n\n")
    status, *lines = answer_head.splitlines()
    return Exchange(
        name=path.stem,
        remarks=request[: match.start()],
        method=match[1],
        target=match[2],
        headers=dict(line.split(": ", 1) for line in head.splitlines()),
        body=body.encode(),
        code=int(status.split()[0]),
        answer_headers=[(k, v) for k, v in (line.split(": ", 1) for line in lines)],
        answer=answer_body,
    )


def names() -> list[str]:
    """Return the numbers of all exchanges."""
    return sorted(path.name[:2] for path in ANSWERS.glob("*.http"))


def comparable(value: Any, key: str = "") -> Any:
    """Return an answer without what is different each time: ids, times, versions."""
    if key in _HIDDEN and isinstance(value, str):
        return f"<{key}>"
    if isinstance(value, dict):
        return {name: comparable(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [comparable(inner) for inner in value]
    if isinstance(value, str):
        for pattern, put in _PLAIN:
            value = pattern.sub(put, value)
    return value


def as_far_as(value: Any, recorded: Any) -> Any:
    """Return only that of an object which a shortened record shows of it."""
    if isinstance(value, dict) and isinstance(recorded, dict):
        return {k: as_far_as(v, recorded[k]) for k, v in value.items() if k in recorded}
    if isinstance(value, list) and isinstance(recorded, list):
        if len(value) != len(recorded):
            return value
        return [as_far_as(v, r) for v, r in zip(value, recorded, strict=True)]
    return value
