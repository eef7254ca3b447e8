"""What passes between a page and the kernel: the pure rules, and arbitrary bytes."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbinterview.errors import Forbidden, Invalid, NBInterviewError, TooLarge
from nbinterview_kernels.mime import MIME_TYPES
from nbinterview_kernels.outputs import Collector
from nbinterview_server.execution.channel_rules import (
    KERNEL_MESSAGES,
    PAGE_MESSAGES,
    kernel_says,
    page_asks,
)
from nbinterview_server.execution.channel_wire import read, written
from nbinterview_server.execution.output_widgets import Capture, OutputWidgets
from nbinterview_server.execution.widget_record import is_reading

COMM = {"comm_id": "a1", "data": {"x": 1}}
JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
NAMES = (
    "status comm_id data target_name code cursor_pos matches metadata found "
    "execution_state comms language_info text name traceback ename"
)
FIELDS = st.dictionaries(st.sampled_from(NAMES.split()), JSON)


def asks(kind: str, content: Any, channel: str = "shell") -> dict[str, Any]:
    return page_asks(channel, kind, content, {}).content


def test_only_known_fields_reach_the_kernel() -> None:
    content = {"code": "x.y", "cursor_pos": 99, "silent": True, "user_expressions": {}}
    assert asks("complete_request", content) == {"code": "x.y", "cursor_pos": 3}
    opened = {**COMM, "target_name": "jupyter.widget.control", "target_module": "os"}
    assert set(asks("comm_open", opened)) == {"comm_id", "target_name", "data"}


@pytest.mark.parametrize("kind", ["execute_request", "input_reply", "x", "", None, 1])
def test_what_runs_code_does_not_pass(kind: Any) -> None:
    with pytest.raises(Forbidden):
        page_asks("shell", kind, {}, {})


@pytest.mark.parametrize("channel", ["control", "stdin", "iopub", None, 1])
def test_nothing_passes_but_by_the_shell(channel: Any) -> None:
    with pytest.raises(Forbidden):
        page_asks(channel, "kernel_info_request", {}, {})


def test_a_widgets_message_has_limits() -> None:
    with pytest.raises(TooLarge):
        page_asks("shell", "comm_msg", COMM, {}, [memoryview(b"x" * (2 << 20))])
    with pytest.raises(Invalid):
        page_asks("shell", "comm_msg", COMM, {}, [memoryview(b"")] * 65)
    assert kernel_says("comm_msg", COMM, [memoryview(b"x" * (9 << 20))]) is None


@pytest.mark.parametrize(
    "kind", ["stream", "display_data", "update_display_data", "execute_reply", "x"]
)
def test_outputs_and_what_nobody_asks_do_not_reach_a_page(kind: str) -> None:
    assert kernel_says(kind, {"data": {}, "metadata": {}, "text": "x"}) is None


def test_a_kernel_brings_no_links_and_no_html() -> None:
    links = [{"text": "x", "url": "javascript:alert(1)"}]
    info = kernel_says("kernel_info_reply", {"status": "ok", "help_links": links})
    assert info is not None
    assert info["help_links"] == []
    data = {"text/html": "<b>", "text/plain": "plain"}
    shown = kernel_says("inspect_reply", {"status": "ok", "found": True, "data": data})
    assert shown is not None
    assert shown["data"] == {"text/plain": "plain"}


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(PAGE_MESSAGES)), FIELDS | JSON)
def test_any_content_is_passed_clean_or_refused(kind: str, content: Any) -> None:
    with suppress(NBInterviewError):
        json.dumps(page_asks("shell", kind, content, content).content).encode()


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(KERNEL_MESSAGES)), FIELDS | JSON)
def test_anything_that_a_kernel_says_is_heard_without_harm(
    kind: str, content: Any
) -> None:
    json.dumps(kernel_says(kind, content))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=200), st.booleans())
def test_any_bytes_are_a_message_or_refused(message: bytes | str, v1: bool) -> None:
    with suppress(NBInterviewError):
        read(message, v1=v1)


def test_what_is_written_is_read_again() -> None:
    header = {"msg_type": "comm_msg", "msg_id": "1"}
    said = written("shell", header, {}, {}, COMM, [b"one", b""], v1=True)
    assert said is not None
    found = read(said, v1=True)
    assert (found.channel, found.header, found.content) == ("shell", header, COMM)
    assert found.buffers == (b"one", b"")


def test_half_of_a_character_is_no_harm() -> None:
    code = {"code": "\ud800", "cursor_pos": 1}
    assert asks("complete_request", code)["code"] == "?"


@pytest.mark.parametrize(
    ("kind", "is_kept"), [("comm_open", False), ("comm_close", True)]
)
def test_closing_a_widget_is_kept_and_asking_for_states_is_not(
    kind: str, is_kept: bool
) -> None:
    told = {"comm_id": "a1", "target_name": "jupyter.widget.control"}
    asked = page_asks("shell", kind, told, {})
    assert is_reading(asked) is not is_kept


# ------------------------------------------------------------ Output widgets


def captured() -> tuple[OutputWidgets, Capture, list[dict[str, Any]]]:
    told: list[dict[str, Any]] = []
    widgets = OutputWidgets(told.append, lambda _, tell: tell())
    return widgets, Capture(widgets, "r1"), told


def update(comm: str, **state: Any) -> tuple[str, dict[str, Any]]:
    return "comm_msg", {"comm_id": comm, "data": {"method": "update", "state": state}}


def shown(widgets: OutputWidgets, comm: str) -> str:
    outputs = widgets.update(comm)["data"]["state"]["outputs"]
    return "".join(one.get("text", "") for one in outputs)


def out(text: str) -> tuple[str, dict[str, Any]]:
    return "stream", {"name": "stdout", "text": text}


def test_a_widget_takes_what_is_printed_while_it_asks() -> None:
    widgets, capture, _ = captured()
    assert not capture.take(*out("before"))
    capture.hear(*update("w", msg_id="r1"))
    assert capture.take(*out("within"))
    capture.hear(*update("w", msg_id=""))
    assert not capture.take(*out("after"))
    assert shown(widgets, "w") == "within"
    assert [one["comm_id"] for one in capture.updates()] == ["w"]
    assert capture.updates() == []


def test_the_inner_of_two_widgets_takes_it_and_others_requests_do_not() -> None:
    widgets, capture, _ = captured()
    capture.hear(*update("w", msg_id="r1"))
    capture.hear(*update("v", msg_id="r1"))
    capture.take(*out("inner"))
    capture.hear(*update("v", msg_id=""))
    capture.take(*out("outer"))
    capture.hear(*update("w", msg_id="another"))
    assert not capture.take(*out("nobody's"))
    assert (shown(widgets, "w"), shown(widgets, "v")) == ("outer", "inner")


def test_clearing_may_wait_for_what_comes() -> None:
    widgets, capture, _ = captured()
    capture.hear(*update("w", msg_id="r1"))
    capture.take(*out("old"))
    capture.take("clear_output", {"wait": True})
    assert shown(widgets, "w") == "old"
    capture.take(*out("new"))
    assert shown(widgets, "w") == "new"


# ------------------------------------------------------------ kinds of output


def kept(data: Any, metadata: Any = None) -> list[dict[str, Any]]:
    collector = Collector()
    content = {"data": data, "metadata": metadata or {}, "transient": {"x": 1}}
    collector.take("display_data", content)
    return collector.outputs()


def test_unknown_kinds_are_left_out_and_said_only_when_nothing_is_left() -> None:
    both = {"application/javascript": "alert(1)", "text/plain": "p"}
    [one] = kept(both)
    assert one["data"] == {"text/plain": "p"}
    [words] = kept({"application/javascript": "alert(1)", "text/x<script>": "y"})
    assert words["name"] == "stderr"
    assert "application/javascript" in words["text"]
    assert "<" not in words["text"]


@pytest.mark.parametrize(
    "data",
    [
        {"image/png": '"><script>alert(1)</script>'},
        {"image/png": 1},
        {"text/html": ["a"]},
        {"application/vnd.plotly.v1+json": "text"},
        {"application/vnd.jupyter.widget-view+json": {}},
        {"text/html;charset=utf-7": "x"},
        {"TEXT/HTML": "x"},
    ],
)
def test_a_part_has_the_form_of_its_kind(data: dict[str, Any]) -> None:
    assert all(one["output_type"] == "stream" for one in kept(data))


def test_metadata_is_known_and_belongs_to_a_part() -> None:
    about = {"width": 10, "height": "1px", "isolated": True, "needs_background": "dark"}
    metadata = {"image/png": about, "isolated": True, "text/html": {"isolated": True}}
    [one] = kept({"image/png": "AAAA", "text/html": "x"}, metadata)
    assert one["metadata"] == {
        "image/png": {"width": 10, "needs_background": "dark"},
    }


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(MIME_TYPES)) | st.text(), JSON), JSON)
def test_any_bundle_is_kept_clean(data: Any, metadata: Any) -> None:
    for one in kept(data, metadata):
        assert set(one.get("data", {})) <= set(MIME_TYPES)
        json.dumps(one).encode()
