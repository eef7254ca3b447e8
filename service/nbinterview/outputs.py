"""Outputs of cells, reduced to what may be shown: text and checked pictures. Pure.

A candidate wrote them. Nothing of them is ever HTML, SVG, JavaScript or a link:
they are text, or a PNG or JPEG whose head was read. The report and films use this.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from nbinterview.plain import line, plain

MAX_OUTPUT_CHARS = 20_000
MAX_OUTPUTS = 50
MAX_IMAGE_BYTES = 4_000_000
MAX_ALL_IMAGES_BYTES = 24_000_000
# A small file can unpack to a picture that stops the reader's browser.
MAX_IMAGE_PIXELS = 25_000_000

KeepImage: TypeAlias = Callable[[str, bytes], str | None]
"""Takes a checked picture's MIME type and bytes; returns what stands for it as an
output's content, or None when there is no room for it."""


@dataclass(frozen=True)
class Output:
    """One output: `kind` is text, stderr, error or image.

    `content` is text, or what stands for a picture. `note` says what is not shown.
    """

    kind: str
    content: str
    note: str = ""


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


def joined(value: object) -> str:
    """Return nbformat's multi-line text: a string or a list of strings."""
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def reduced(outputs: Sequence[Any], keep: KeepImage) -> tuple[Output, ...]:
    """Return a cell's nbformat outputs as they may be shown."""
    shown = [
        _output(output, keep)
        for output in outputs[:MAX_OUTPUTS]
        if isinstance(output, Mapping)
    ]
    if len(outputs) > MAX_OUTPUTS:
        left = len(outputs) - MAX_OUTPUTS
        shown.append(Output("text", "", f"{left} more outputs are not shown."))
    return tuple(shown)


def data_url(kind: str, content: bytes) -> str:
    """Return a picture as a data URL: encoded anew, exactly the bytes given."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _output(output: Mapping[str, Any], keep: KeepImage) -> Output:
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "text"
        return Output(name, plain(joined(output.get("text")), MAX_OUTPUT_CHARS))
    if kind == "error":
        traceback = output.get("traceback")
        parts = traceback if isinstance(traceback, list) else []
        text = "\n".join(part for part in parts if isinstance(part, str))
        name = f"{line(output.get('ename'))}: {line(output.get('evalue'))}"
        return Output("error", plain(text, MAX_OUTPUT_CHARS) or name)
    data = output.get("data")
    return _rich(data if isinstance(data, Mapping) else {}, keep)


def _rich(data: Mapping[str, Any], keep: KeepImage) -> Output:
    for kind in ("image/png", "image/jpeg"):
        if kind in data:
            return _image(kind, joined(data[kind]), keep)
    text = plain(joined(data.get("text/plain")), MAX_OUTPUT_CHARS)
    other = sorted(line(kind, 60) for kind in data if kind != "text/plain")
    note = f"Not shown as {', '.join(other[:5])}; this is its text." if other else ""
    return Output("text", text, note)


def _image(kind: str, encoded: str, keep: KeepImage) -> Output:
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
    kept = keep(kind, content)
    if kept is None:
        return Output("text", "", "Too many pictures; this one is not shown.")
    return Output("image", kept)


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
