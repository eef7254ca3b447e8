"""A room and a runner keep the same of a kernel's outputs, however large.

Else a run would differ from its record where nothing but a limit was met.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from nbinterview_kernels.outputs import (
    MAX_ITEM_BYTES,
    MAX_MESSAGE_BYTES,
    MAX_RUN_BYTES,
    Collector,
)
from nbinterview_server.execution.conversation import beginning
from nbinterview_server.execution.outputs import Outputs

Message = tuple[str, dict[str, Any]]


def stream(text: str, name: str = "stdout") -> Message:
    return "stream", {"name": name, "text": text}


def shown(data: dict[str, Any]) -> Message:
    return "display_data", {"data": data, "metadata": {}}


def failed(value: str) -> Message:
    return "error", {"ename": "ValueError", "evalue": value, "traceback": [value]}


def in_room(said: list[Message]) -> list[dict[str, Any]]:
    """Return what a room writes; large messages are not read, as from the wire."""
    kept: list[dict[str, Any]] = []

    def write(message: dict[str, Any]) -> None:
        kind, content = message["header"]["msg_type"], message["content"]
        last = kept[-1] if kept else {}
        if kind == "clear_output":
            kept.clear()
        elif kind == "stream" and last.get("name") == content["name"]:
            last["text"] += content["text"]
        else:
            kept.append({"output_type": kind, **content})

    outputs = Outputs(write)
    for kind, content in said:
        wire = json.dumps(content, ensure_ascii=False).encode()
        message: dict[str, Any] = {"header": {"msg_type": kind}, "content": content}
        if len(wire) > MAX_MESSAGE_BYTES:
            message |= {"content": beginning(kind, memoryview(wire)), "cut": True}
        outputs.take(message)
    return kept


def in_runner(said: list[Message]) -> list[dict[str, Any]]:
    """Return what a runner says of the same."""
    collector = Collector()
    for kind, content in said:
        collector.take(kind, content)
    return collector.outputs()


SAID = {
    "short": [stream("a"), stream("b"), stream("c", "stderr")],
    "text cut": [stream("x" * (MAX_ITEM_BYTES + 1)), stream("after")],
    "text not read": [stream("x" * (5 * MAX_ITEM_BYTES)), stream("after")],
    "lines not read": [stream("line\n" * MAX_ITEM_BYTES)],
    "letters not read": [stream("é\n" * (2 * MAX_ITEM_BYTES))],
    "escapes that fit": [stream("\x07" * (MAX_ITEM_BYTES - 5)), stream("after")],
    "part cut": [shown({"text/plain": "p" * 2 * MAX_ITEM_BYTES, "image/png": "A"})],
    "parts not read": [shown({"text/html": "h" * 5 * MAX_ITEM_BYTES, "a/b": "c"})],
    "error": [failed("short")],
    "error not read": [failed("long" * 2 * MAX_ITEM_BYTES)],
    "run cut": [shown({"text/html": "é\n" * 300_000})] * 12,
    "cleared": [stream("\n" * 700_000), ("clear_output", {}), stream("\n")] * 15,
}


@pytest.mark.parametrize("name", SAID)
def test_the_same_is_kept(name: str) -> None:
    assert in_room(SAID[name]) == in_runner(SAID[name])


def test_lines_that_are_cut_are_as_many_as_fit_and_say_so() -> None:
    [kept] = in_room([stream("line\n" * MAX_ITEM_BYTES)])
    text, note = kept["text"].split("[This output was cut")
    assert len(text) == MAX_ITEM_BYTES + 1
    assert "1 MiB" in note


def test_a_run_keeps_no_more_than_its_limit() -> None:
    kept = in_runner([shown({"text/html": "A" * 1_000_000})] * 20)
    assert len(json.dumps(kept)) < MAX_RUN_BYTES + 1000
    assert "8 MiB" in kept[-1]["text"]
