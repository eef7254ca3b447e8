"""What HTML may hold that was made from a candidate's strings."""

from __future__ import annotations

import re
from html.parser import HTMLParser

TAGS = frozenset(
    [
        "a",
        "bdi",
        "blockquote",
        "br",
        "caption",
        "circle",
        "code",
        "dd",
        "defs",
        "del",
        "details",
        "div",
        "dl",
        "dt",
        "em",
        "footer",
        "g",
        "h1",
        "h2",
        "h3",
        "h4",
        "header",
        "hr",
        "img",
        "input",
        "label",
        "li",
        "line",
        "main",
        "nav",
        "ol",
        "p",
        "pattern",
        "pre",
        "rect",
        "section",
        "span",
        "strong",
        "summary",
        "svg",
        "table",
        "tbody",
        "td",
        "text",
        "tfoot",
        "th",
        "thead",
        "title",
        "tr",
        "ul",
    ]
)
# What a cell's own HTML may hold: structure, and nothing to press, load or draw.
CELL_TAGS = frozenset(
    [
        "blockquote",
        "br",
        "code",
        "del",
        "em",
        "hr",
        "li",
        "ol",
        "p",
        "pre",
        "span",
        "strong",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
ATTRIBUTES = frozenset(
    [
        "alt",
        "aria-hidden",
        "aria-label",
        "aria-labelledby",
        "autocomplete",
        "class",
        "colspan",
        "cx",
        "cy",
        "data-row",
        "data-sign",
        "data-rule",
        "data-status",
        "for",
        "height",
        "hidden",
        "href",
        "id",
        "patterntransform",
        "patternunits",
        "placeholder",
        "r",
        "role",
        "scope",
        "src",
        "start",
        "tabindex",
        "type",
        "viewbox",
        "width",
        "x",
        "x1",
        "x2",
        "xmlns",
        "y",
        "y1",
        "y2",
    ]
)
_CLASS = re.compile(r"[a-z0-9 -]*", re.IGNORECASE)
_LINK = re.compile(r"#[a-z]+-?\d*|\?|\?interview=[A-Za-z0-9%._~/-]*")
_PICTURE = re.compile(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/=]*")


class Outline(HTMLParser):
    """The elements and attributes of a page, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[tuple[str, str], ...]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        found = tuple((name, value or "") for name, value in attrs)
        self.elements.append((tag, found))

    def handle_decl(self, decl: str) -> None:
        """Declarations and comments are never made."""
        self.elements.append(("!", (("declaration", decl),)))

    def handle_comment(self, data: str) -> None:
        """Note a comment."""
        self.handle_decl(data)

    def handle_pi(self, data: str) -> None:
        """Note a processing instruction."""
        self.handle_decl(data)

    def unknown_decl(self, data: str) -> None:
        """Note what is none of these."""
        self.handle_decl(data)


def outline(html: str) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """Return the elements of a page."""
    parser = Outline()
    parser.feed(html)
    parser.close()
    return parser.elements


def assert_harmless(html: str, tags: frozenset[str] = TAGS) -> None:
    """Fail when an element or attribute could act, load or leave the page."""
    for tag, attributes in outline(html):
        assert tag in tags, f"<{tag}>"
        for name, value in attributes:
            assert name in ATTRIBUTES, f"<{tag} {name}>"
            if name == "href":
                assert _LINK.fullmatch(value), value
            if name == "src":
                assert _PICTURE.fullmatch(value), value[:80]
            if name == "class":
                assert _CLASS.fullmatch(value), value
