"""The final notebook, reduced to what may be shown: text and checked pictures. Pure.

A candidate wrote all of it, outputs included. Nothing of it is ever HTML, SVG,
JavaScript or a link here: sources are highlighted text, Markdown keeps its
structure only, outputs are text, PNG or JPEG.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mistune import HTMLRenderer, Markdown
from mistune.plugins.table import table
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from nbinterview.report.text import line, number, plain

MAX_CELLS = 500
MAX_SOURCE_CHARS = 100_000
MAX_MARKDOWN_CHARS = 20_000
MAX_OUTPUT_CHARS = 20_000
MAX_OUTPUTS = 50
MAX_IMAGE_BYTES = 4_000_000
MAX_ALL_IMAGES_BYTES = 24_000_000
# A small file can unpack to a picture that stops the reader's browser.
MAX_IMAGE_PIXELS = 25_000_000

# Nesting makes parsers slow; no honest text comes near this.
_MAX_NESTING = 20


@dataclass(frozen=True)
class Output:
    """One output: `kind` is text, error or image; `content` text or a data: URL."""

    kind: str
    content: str
    note: str = ""


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


@dataclass
class ImageBudget:
    """How many bytes of pictures one page may still carry."""

    left: int

    def take(self, size: int) -> bool:
        """Return whether there is room for one more."""
        if size > self.left:
            return False
        self.left -= size
        return True


def _cell(place: int, cell: Mapping[str, Any], budget: ImageBudget) -> Cell:
    kind = cell.get("cell_type")
    source = joined(cell.get("source"))
    count = number(cell.get("execution_count"))
    outputs = cell.get("outputs") if kind == "code" else None
    metadata = cell.get("metadata")
    return Cell(
        number=place,
        anchor=f"cell-{place}",
        kind="code" if kind == "code" else "text",
        html=highlighted(source) if kind == "code" else markdown(source),
        count="" if count is None else f"{count:.0f}",
        locked=isinstance(metadata, Mapping) and metadata.get("editable") is False,
        outputs=_outputs(outputs, budget) if isinstance(outputs, list) else (),
    )


def joined(value: object) -> str:
    """Return nbformat's multi-line text: a string or a list of strings."""
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def highlighted(source: str) -> str:
    """Return Python source as HTML: escaped, coloured by classes."""
    formatter = HtmlFormatter(nowrap=True, classprefix="p-")
    lexer = PythonLexer(stripnl=False, ensurenl=False)
    return str(highlight(plain(source, MAX_SOURCE_CHARS), lexer, formatter))


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
    shown = [
        _output(output, budget)
        for output in outputs[:MAX_OUTPUTS]
        if isinstance(output, Mapping)
    ]
    if len(outputs) > MAX_OUTPUTS:
        left = len(outputs) - MAX_OUTPUTS
        shown.append(Output("text", "", f"{left} more outputs are not shown."))
    return tuple(shown)


def _output(output: Mapping[str, Any], budget: ImageBudget) -> Output:
    kind = output.get("output_type")
    if kind == "stream":
        return Output("text", plain(joined(output.get("text")), MAX_OUTPUT_CHARS))
    if kind == "error":
        traceback = output.get("traceback")
        parts = traceback if isinstance(traceback, list) else []
        text = "\n".join(part for part in parts if isinstance(part, str))
        name = f"{line(output.get('ename'))}: {line(output.get('evalue'))}"
        return Output("error", plain(text, MAX_OUTPUT_CHARS) or name)
    data = output.get("data")
    return _rich(data if isinstance(data, Mapping) else {}, budget)


def _rich(data: Mapping[str, Any], budget: ImageBudget) -> Output:
    for kind in ("image/png", "image/jpeg"):
        if kind in data:
            return _image(kind, joined(data[kind]), budget)
    text = plain(joined(data.get("text/plain")), MAX_OUTPUT_CHARS)
    other = sorted(line(kind, 60) for kind in data if kind != "text/plain")
    note = f"Not shown as {', '.join(other[:5])}; this is its text." if other else ""
    return Output("text", text, note)


def _image(kind: str, encoded: str, budget: ImageBudget) -> Output:
    # Looked at before decoding: base64 is a third longer than its content.
    if len(encoded) > MAX_IMAGE_BYTES * 3 // 2:
        return Output("text", "", "A picture too large to show.")
    try:
        content = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        return Output("text", "", "A picture that could not be read.")
    size = png_size(content) if kind == "image/png" else jpeg_size(content)
    if size is None:
        return Output("text", "", "A picture that could not be read.")
    if len(content) > MAX_IMAGE_BYTES or size[0] * size[1] > MAX_IMAGE_PIXELS:
        return Output("text", "", "A picture too large to show.")
    if not budget.take(len(content)):
        return Output("text", "", "Too many pictures; this one is not shown.")
    # Encoded anew: what is written are exactly the bytes that were checked.
    return Output("image", f"data:{kind};base64,{base64.b64encode(content).decode()}")


_PNG = re.compile(rb"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR(....)(....)", re.DOTALL)


def png_size(content: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels of a PNG, or None when it is none."""
    found = _PNG.match(content)
    if found is None:
        return None
    return int.from_bytes(found[1]), int.from_bytes(found[2])


def jpeg_size(content: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels of a JPEG, or None when it is none."""
    if not content.startswith(b"\xff\xd8\xff"):
        return None
    place = 2
    while place + 9 <= len(content) and content[place] == 0xFF:
        marker, length = (
            content[place + 1],
            int.from_bytes(content[place + 2 : place + 4]),
        )
        # A frame header; 0xC4, 0xC8 and 0xCC in its range are tables.
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height = int.from_bytes(content[place + 5 : place + 7])
            width = int.from_bytes(content[place + 7 : place + 9])
            return width, height
        place += 2 + max(length, 2)
    return None
