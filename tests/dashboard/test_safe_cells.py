"""The final notebook: what is shown of it, and what never is."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbinterview import outputs
from nbinterview.report import cells
from tests.dashboard.recording import PNG, hostile_notebook, template
from tests.dashboard.safe_html import CELL_TAGS, assert_harmless


def one_output(**data: str) -> outputs.Output:
    """Return what becomes of one rich output; `image__png` is `image/png`."""
    bundle = {kind.replace("__", "/"): value for kind, value in data.items()}
    output = {"output_type": "display_data", "metadata": {}, "data": bundle}
    notebook = template()
    notebook["cells"][1]["outputs"] = [output]
    [shown] = cells.notebook_cells(notebook)[1].outputs
    return shown


def jpeg(width: int, height: int) -> bytes:
    """Return the head of a JPEG: start, a comment, a frame header."""
    comment = b"\xff\xfe\x00\x06abcd"
    frame = b"\xff\xc0\x00\x11\x08" + height.to_bytes(2) + width.to_bytes(2) + b"\x03"
    return b"\xff\xd8" + comment + frame + bytes(9)


def png(width: int, height: int) -> bytes:
    """Return the head of a PNG."""
    head = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
    return head + width.to_bytes(4) + height.to_bytes(4)


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def test_a_png_is_shown_as_the_bytes_that_were_checked() -> None:
    shown = one_output(image__png=PNG[:40] + "\n" + PNG[40:], text__plain="a plot")
    assert shown == outputs.Output("image", f"data:image/png;base64,{PNG}")


def test_a_jpeg_is_shown() -> None:
    content = encoded(jpeg(640, 480))
    shown = one_output(image__jpeg=content)
    assert shown.content == f"data:image/jpeg;base64,{content}"


@pytest.mark.parametrize(
    ("kind", "content", "note"),
    [
        ("image__png", 'not base64 "onerror=x', "could not be read"),
        ("image__png", encoded(b"<svg onload=x>"), "could not be read"),
        ("image__png", encoded(jpeg(1, 1)), "could not be read"),
        ("image__jpeg", encoded(b"\xff\xd8\xff\xff"), "could not be read"),
        ("image__png", encoded(png(50_000, 50_000)), "too large"),
        ("image__jpeg", encoded(jpeg(60_000, 60_000)), "too large"),
        ("image__png", encoded(png(1, 1) + bytes(5_000_000)), "too large"),
    ],
)
def test_what_is_no_small_picture_is_only_mentioned(
    kind: str, content: str, note: str
) -> None:
    shown = one_output(**{kind: content})
    assert shown.kind == "text"
    assert shown.content == ""
    assert note in shown.note


def test_all_pictures_of_a_page_share_one_budget() -> None:
    budget = outputs.ImageBudget(10)
    assert [budget.take(6), budget.take(6), budget.take(4)] == [True, False, True]


@pytest.mark.parametrize(
    "kind", ["text__html", "image__svg+xml", "application__javascript", "text__latex"]
)
def test_what_could_act_is_shown_as_its_text(kind: str) -> None:
    shown = one_output(**{kind: "<b>rich</b>", "text__plain": "plain"})
    assert shown.content == "plain"
    assert kind.replace("__", "/") in shown.note


def test_a_traceback_loses_its_terminal_colours() -> None:
    notebook = template()
    notebook["cells"][1]["outputs"] = [
        {
            "output_type": "error",
            "ename": "E",
            "evalue": "v",
            "traceback": ["\x1b[31mE\x1b[0m: v"],
        }
    ]
    [shown] = cells.notebook_cells(notebook)[1].outputs
    assert shown == outputs.Output("error", "E: v")


def test_long_outputs_are_cut() -> None:
    shown = one_output(text__plain="x" * 50_000)
    assert len(shown.content) == outputs.MAX_OUTPUT_CHARS + 1
    assert shown.content.endswith("…")


def test_a_hostile_notebook_becomes_harmless_html() -> None:
    for cell in cells.notebook_cells(hostile_notebook()):
        assert_harmless(cell.html, CELL_TAGS)


def test_markdown_keeps_its_structure() -> None:
    html = cells.markdown("# Title\n\n- *one*\n- `two`\n\n[text](http://example.org)")
    assert '<p class="h1">Title</p>' in html
    assert "<em>one</em>" in html
    assert "<code>two</code>" in html
    assert 'text <span class="url">(http://example.org)</span>' in html


def test_source_is_highlighted_and_hidden_directions_are_shown() -> None:
    html = cells.highlighted("def f():\n    pass  # \u202eevil")
    assert '<span class="p-k">def</span>' in html
    assert "[U+202E]" in html


hostile_text = st.one_of(
    st.text(max_size=200),
    st.lists(
        st.sampled_from(
            [
                "<script>",
                "</pre>",
                "<img src=x onerror=y>",
                "[a](javascript:b)",
                "`",
                "```",
                "\n",
                "|",
                "-",
                "#",
                '"',
                "'",
                "&",
                "<",
                ">",
                "![",
                "](",
                "*",
                "_",
                " ",
                "x",
            ]
        ),
        max_size=40,
    ).map("".join),
)


@given(hostile_text)
def test_no_source_makes_harmful_html(source: str) -> None:
    assert_harmless(cells.markdown(source), CELL_TAGS)
    assert_harmless(cells.highlighted(source), CELL_TAGS)


json_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "cells",
                    "cell_type",
                    "source",
                    "outputs",
                    "data",
                    "text/plain",
                    "image/png",
                    "output_type",
                    "traceback",
                    "text",
                    "metadata",
                    "execution_count",
                    "id",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@given(json_value)
def test_any_json_as_notebook_is_survived(content: Any) -> None:
    for notebook in (content, {"cells": content}, {"cells": [content]}):
        if isinstance(notebook, dict):
            cells.notebook_cells(notebook)
            cells.cell_numbers(notebook)


@pytest.mark.parametrize(
    "unit",
    ["[", "![", "[a](", "*a ", "`", ">", "<", "- ", '"""', "f'{", "\\", "((", "|a"],
)
def test_no_source_takes_long(unit: str) -> None:
    began = time.process_time()
    cells.markdown(unit * (cells.MAX_MARKDOWN_CHARS // len(unit)))
    cells.highlighted(unit * (cells.MAX_SOURCE_CHARS // len(unit)))
    assert time.process_time() - began < 5
