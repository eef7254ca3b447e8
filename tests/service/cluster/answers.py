"""The recorded answers of a real API server, as the tests of words read them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_ANSWERS = Path(__file__).parents[2] / "kubernetes/answers"


def body(number: int) -> dict[str, Any]:
    """Return the body of an answer that is one object."""
    found: dict[str, Any] = json.loads(_answer(number))
    return found


def events(number: int) -> list[dict[str, Any]]:
    """Return the objects of a recorded watch, in order; bookmarks left out."""
    lines = [json.loads(line) for line in _answer(number).splitlines() if line.strip()]
    return [line["object"] for line in lines if line["type"] != "BOOKMARK"]


def _answer(number: int) -> str:
    (path,) = _ANSWERS.glob(f"{number:02d}-*.http")
    text = path.read_text().replace("\r\n", "\n")
    start = text.index("\nHTTP/1.1 ")
    return text[start + 1 :].split("\n\n", 1)[1]
