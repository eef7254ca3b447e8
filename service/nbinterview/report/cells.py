"""The final notebook, reduced to what may be shown: text and checked pictures. Pure.

A candidate wrote all of it, outputs included. Nothing of it is ever HTML, SVG,
JavaScript or a link here: sources are highlighted text, Markdown keeps its
structure only, outputs are text, PNG or JPEG.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mistune import HTMLRenderer, Markdown
from mistune.plugins.table import table
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from nbinterview.outputs import (
    MAX_ALL_IMAGES_BYTES,
    ImageBudget,
    Output,
    data_url,
    joined,
    reduced,
)
from nbinterview.report.origins import LineOrigin, in_words, lines_of
from nbinterview.report.text import line, number, plain

MAX_CELLS = 500
MAX_SOURCE_CHARS = 100_000
MAX_MARKDOWN_CHARS = 20_000

# Nesting makes parsers slow; no honest text comes near this.
_MAX_NESTING = 20


@dataclass(frozen=True)
class Cell:
    """One cell. `html` was made by `highlighted` or `markdown`, from escaped text."""

    number: int
    anchor: str
    kind: str
    html: str
    count: str
    locked: bool
    outputs: tuple[Output, ...] = ()
    margin: tuple[LineOrigin | None, ...] = ()
    """Where each line comes from; empty when that is not known."""
    origins: tuple[str, ...] = ()
    """The margin in words."""


def notebook_cells(notebook: Mapping[str, Any] | None) -> list[Cell]:
    """Return the cells of an nbformat 4 notebook, safe to show."""
    cells = notebook.get("cells") if notebook else None
    if not isinstance(cells, list):
        return []
    budget = ImageBudget(MAX_ALL_IMAGES_BYTES)
    return [
        _cell(place, cell, budget)
        for place, cell in enumerate(cells[:MAX_CELLS], start=1)
        if isinstance(cell, Mapping)
    ]


def cell_numbers(notebook: Mapping[str, Any] | None) -> dict[str, int]:
    """Return the place of each cell by its id."""
    cells = notebook.get("cells") if notebook else None
    if not isinstance(cells, list):
        return {}
    return {
        str(cell.get("id")): place
        for place, cell in enumerate(cells, start=1)
        if isinstance(cell, Mapping)
    }


def _cell(place: int, cell: Mapping[str, Any], budget: ImageBudget) -> Cell:
    kind = cell.get("cell_type")
    source = joined(cell.get("source"))
    count = number(cell.get("execution_count"))
    outputs = cell.get("outputs") if kind == "code" else None
    metadata = cell.get("metadata")
    margin = lines_of(cell)
    return Cell(
        number=place,
        anchor=f"cell-{place}",
        kind="code" if kind == "code" else "text",
        html=highlighted(source, margin) if kind == "code" else markdown(source),
        count="" if count is None else f"{count:.0f}",
        locked=isinstance(metadata, Mapping) and metadata.get("editable") is False,
        outputs=_outputs(outputs, budget) if isinstance(outputs, list) else (),
        margin=tuple(margin),
        origins=tuple(in_words(margin)),
    )


def highlighted(source: str, margin: Sequence[LineOrigin | None] = ()) -> str:
    """Return Python source as HTML: escaped, coloured by classes, with its margin."""
    formatter = HtmlFormatter(nowrap=True, classprefix="p-")
    lexer = PythonLexer(stripnl=False, ensurenl=False)
    found = str(highlight(plain(source, MAX_SOURCE_CHARS), lexer, formatter))
    if not margin:
        return found
    # Pygments closes at the end of each line whatever it opened there.
    lines = found.removesuffix("\n").split("\n")
    return "".join(map(_line, lines, [*margin, *[None] * len(lines)]))


def _line(html: str, origin: LineOrigin | None) -> str:
    if origin is None:
        return f'<span class="line">{html}\n</span>'
    about = f'class="line {origin.classes}" data-sign="{origin.sign}"'
    return f"<span {about}>{html}\n</span>"


class _Structure(HTMLRenderer):
    """Headings, lists, emphasis, code and tables; no raw HTML, picture or link."""

    def __init__(self) -> None:
        super().__init__(escape=True)

    def heading(self, text: str, level: int, **_: object) -> str:
        return f'<p class="h{min(level, 4)}">{text}</p>\n'

    def link(self, text: str, url: str, *_: object, **__: object) -> str:
        return f'{text} <span class="url">({_escaped(line(url))})</span>'

    def image(self, text: str, *_: object, **__: object) -> str:
        return f'<span class="url">[picture: {_escaped(line(text))}]</span>'

    def table_cell(
        self, text: str, *_: object, head: bool = False, **__: object
    ) -> str:
        name = "th" if head else "td"
        return f"<{name}>{text}</{name}>\n"

    def block_code(self, code: str, *_: object, **__: object) -> str:
        return f"<pre>{_escaped(code)}</pre>\n"


_markdown = Markdown(renderer=_Structure(), plugins=[table])
_markdown.block.max_nested_level = _MAX_NESTING


def markdown(source: str) -> str:
    """Return Markdown as HTML of a fixed set of elements, none of which acts."""
    text = plain(source, MAX_MARKDOWN_CHARS)
    try:
        found = _markdown(text)
    except RecursionError:
        found = f"<pre>{_escaped(text)}</pre>"
    assert isinstance(found, str)
    return found


def _escaped(text: str) -> str:
    return (
        text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace('"', "&quot;")
        .replace("'", "&#39;")
    )


def _outputs(outputs: list[Any], budget: ImageBudget) -> tuple[Output, ...]:
    def keep(kind: str, content: bytes) -> str | None:
        return data_url(kind, content) if budget.take(len(content)) else None

    # What was written to stderr is text like any other here.
    return tuple(
        replace(output, kind="text") if output.kind == "stderr" else output
        for output in reduced(outputs, keep)
    )
