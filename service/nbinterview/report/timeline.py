"""The timeline as one static SVG: no script, styled by the page's own classes.

A flag's mark leads to the flag, every other one to its moment in the replay; the same
content follows as a table, which is what a screen reader gets. See
docs/adr/0006-static-report.md for why this is not a chart library's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from nbinterview.report.lanes import Lane, Mark, Span
from nbinterview.report.text import clock

WIDTH = 1000
GUTTER = 168
RIGHT = 12
LANE = 30
BAR = 16
TOP = 30
MomentLink = Callable[[float], str]
"""From seconds since the start to an address, empty when there is none."""


def no_link(_at_s: float) -> str:
    """Return no address: there is no replay."""
    return ""


_TICKS_S = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
_MOST_TICKS = 12
# So that a second in an hour can still be seen.
_THINNEST = 2.0


def tick_step(length_s: float) -> float:
    """Return the round number of seconds between marks of the time axis."""
    for step in _TICKS_S:
        if length_s / step <= _MOST_TICKS:
            return float(step)
    return 7200.0 * (1 + length_s // (7200 * _MOST_TICKS))


def svg(
    lanes: Sequence[Lane], length_s: float, moment_link: MomentLink = no_link
) -> str:
    """Return the drawing of all lanes over `length_s` seconds."""
    height = TOP + LANE * len(lanes) + 8
    root = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {WIDTH} {height}",
            "class": "timeline",
            "role": "group",
            "aria-label": "Timeline of the interview; the table below says the same",
        },
    )
    _patterns(root)
    _axis(root, length_s, height)
    for place, lane in enumerate(lanes):
        _lane(root, lane, TOP + place * LANE, length_s, moment_link)
    return tostring(root, encoding="unicode")


def _x(at_s: float, length_s: float) -> float:
    share = min(max(at_s / length_s, 0.0), 1.0)
    return round(GUTTER + share * (WIDTH - GUTTER - RIGHT), 1)


def _patterns(root: Element) -> None:
    """Hatching, so that states differ without colour and in print."""
    definitions = SubElement(root, "defs")
    pattern = SubElement(
        definitions,
        "pattern",
        {
            "id": "hatch",
            "width": "6",
            "height": "6",
            "patternUnits": "userSpaceOnUse",
            "patternTransform": "rotate(45)",
        },
    )
    size = {"width": "6", "height": "6"}
    SubElement(pattern, "rect", {**size, "class": "hatch-ground"})
    SubElement(pattern, "rect", {"width": "2.5", "height": "6", "class": "hatch-line"})


def _axis(root: Element, length_s: float, height: int) -> None:
    step = tick_step(length_s)
    at_s = 0.0
    while at_s <= length_s:
        x = str(_x(at_s, length_s))
        line = {"x1": x, "x2": x, "y1": str(TOP - 6), "y2": str(height - 8)}
        SubElement(root, "line", {**line, "class": "tick"})
        label = SubElement(root, "text", {"x": x, "y": "16", "class": "tick-label"})
        label.text = clock(at_s)
        at_s += step


def _lane(
    root: Element, lane: Lane, top: int, length_s: float, moment_link: MomentLink
) -> None:
    group = SubElement(root, "g", {"class": f"lane lane-{lane.key}"})
    title = SubElement(
        group, "text", {"x": "0", "y": str(top + LANE // 2 + 4), "class": "lane-title"}
    )
    title.text = lane.title if len(lane.title) <= 24 else lane.title[:23] + "…"
    ground = {
        "x": str(GUTTER),
        "y": str(top + (LANE - BAR) // 2),
        "width": str(WIDTH - GUTTER - RIGHT),
        "height": str(BAR),
    }
    SubElement(group, "rect", {**ground, "class": "ground"})
    for span in lane.spans:
        _span(group, span, top, length_s)
    for mark in lane.marks:
        _mark(group, mark, top, length_s, moment_link)


def _span(group: Element, span: Span, top: int, length_s: float) -> None:
    if span.end_s < 0 or span.start_s > length_s:
        return
    left, right = _x(span.start_s, length_s), _x(span.end_s, length_s)
    width = max(right - left, _THINNEST)
    bar = SubElement(
        group,
        "rect",
        {
            "x": str(min(left, WIDTH - RIGHT - width)),
            "y": str(top + (LANE - BAR) // 2),
            "width": f"{width:.1f}",
            "height": str(BAR),
            "class": f"span {span.state}",
        },
    )
    _tip(bar, f"{clock(span.start_s)} to {clock(span.end_s)}: {span.label}")


def _mark(
    group: Element, mark: Mark, top: int, length_s: float, moment_link: MomentLink
) -> None:
    if not 0 <= mark.at_s <= length_s:
        return
    x, middle = _x(mark.at_s, length_s), top + LANE // 2
    if mark.target is None:
        _dot(group, mark, x, middle, moment_link(mark.at_s))
        return
    link = SubElement(
        group,
        "a",
        {"href": f"#{mark.target}", "class": "mark-link"},
    )
    link.set("aria-label", f"Flag {mark.label} at {clock(mark.at_s)}")
    circle = {"cx": str(x), "cy": str(middle), "r": "9"}
    SubElement(link, "circle", {**circle, "class": f"mark {mark.state}"})
    label = {"x": str(x), "y": str(middle + 4), "class": "mark-label"}
    SubElement(link, "text", label).text = mark.label


def _dot(group: Element, mark: Mark, x: float, middle: int, href: str) -> None:
    words = f"{clock(mark.at_s)}: {mark.label}"
    if href:
        link = {"href": href, "class": "mark-link moment"}
        group = SubElement(group, "a", {**link, "aria-label": f"Replay from {words}"})
    circle = {"cx": str(x), "cy": str(middle), "r": "4.5"}
    dot = SubElement(group, "circle", {**circle, "class": f"mark {mark.state}"})
    _tip(dot, words)


def _tip(element: Element, text: str) -> None:
    SubElement(element, "title").text = text
