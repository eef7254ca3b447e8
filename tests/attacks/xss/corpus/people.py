"""What people, interviews and files call themselves."""

# Payloads are data: their lines are as long as they are, in pieces that belong together.
# ruff: noqa: E501

from __future__ import annotations

from typing import Any

from tests.attacks.xss.payloads import Payload, Vector, numbered

STATES: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "name of html",
        {
            "user": {
                "name": "<img src=x onerror=%JS%>",
                "username": "%ID%",
                "display_name": "<img src=x onerror=%JS%>",
                "initials": "<b>",
                "color": "red",
            }
        },
    ),
    (
        "colour asks",
        {
            "user": {
                "name": "x",
                "username": "%ID%",
                "display_name": "x",
                "initials": "x",
                "color": "red;background:url(%URL%)",
            }
        },
    ),
    (
        "colour breaks out",
        {
            "user": {
                "name": "x",
                "username": "%ID%",
                "display_name": "x",
                "initials": "x",
                "color": '"><img src=x onerror=%JS%>',
            }
        },
    ),
    (
        "picture by address",
        {
            "user": {
                "name": "x",
                "username": "%ID%",
                "display_name": "x",
                "initials": "x",
                "color": "red",
                "avatar_url": "%URL%",
            }
        },
    ),
    (
        "picture of javascript:",
        {
            "user": {
                "name": "x",
                "username": "%ID%",
                "display_name": "x",
                "initials": None,
                "color": "red",
                "avatar_url": 'javascript:%JS%" onerror=%JS% x="',
            }
        },
    ),
    (
        "initials of html",
        {
            "user": {
                "name": "x",
                "username": "%ID%",
                "display_name": "x",
                "initials": "<img src=x onerror=%JS%>",
                "color": "red",
            }
        },
    ),
    (
        "cursor of html",
        {
            "user": {
                "name": "x",
                "username": "%ID%",
                "display_name": "<script>%JS%</script>",
                "initials": "x",
                "color": "red",
            },
            "cursors": [
                {
                    "anchor": {"assoc": 0},
                    "head": "<img src=x onerror=%JS%>",
                    "primary": True,
                    "empty": True,
                }
            ],
        },
    ),
    (
        "current place of html",
        {
            "user": {"name": "x"},
            "current": "<img src=x onerror=%JS%>",
            "documents": ["<img src=x onerror=%JS%>"],
        },
    ),
    (
        "prototype",
        {
            "__proto__": {"innerHTML": "<img src=x onerror=%JS%>"},
            "user": {"__proto__": {"name": "<img src=x onerror=%JS%>"}, "name": "x"},
        },
    ),
    ("not an object", {"user": "<img src=x onerror=%JS%>"}),
)

FILES: tuple[tuple[str, dict[str, str]], ...] = (
    ("html file", {"name": "%ID%.html", "text": "<script>%JS%</script>"}),
    (
        "html file asks the opener",
        {"name": "%ID%-o.html", "text": "<script>(opener||top).%JS%</script>"},
    ),
    (
        "svg file",
        {
            "name": "%ID%.svg",
            "text": "<svg xmlns='http://www.w3.org/2000/svg'><script>%JS%</script></svg>",
        },
    ),
    (
        "xhtml file",
        {
            "name": "%ID%.xhtml",
            "text": "<html xmlns='http://www.w3.org/1999/xhtml'><script>%JS%</script></html>",
        },
    ),
    (
        "xml file",
        {
            "name": "%ID%.xml",
            "text": "<x:script xmlns:x='http://www.w3.org/1999/xhtml'>%JS%</x:script>",
        },
    ),
    (
        "file of no type",
        {"name": "%ID%", "text": "<!doctype html><script>%JS%</script>"},
    ),
    (
        "notebook through nbconvert",
        {
            "name": "%ID%.ipynb",
            "text": '{"nbformat":4,'
            '"nbformat_minor":5,"metadata":{},"cells":[{"cell_type":"raw","id":"a","metadata":'
            '{"raw_mimetype":"text/html"},"source":"<script>%JS%</script>"},{"cell_type":"code",'
            '"id":"b","metadata":{},"execution_count":1,"source":"1","outputs":[{"output_type":'
            '"display_data","metadata":{},"data":{"text/html":"<script>%JS%</script>"}}]}]}',
        },
    ),
    ("markdown file", {"name": "%ID%.md", "text": "<img src=x onerror=%JS%>"}),
    ("name of html", {"name": "%ID%<img src=x onerror=%JS%>.txt", "text": "x"}),
    ("name breaks out", {"name": '%ID%" onmouseover=%JS% x=".txt', "text": "x"}),
)

NAMES: tuple[Vector, ...] = (
    ("img", "<img src=x onerror=%JS%>"),
    ("script", "<script>%JS%</script>"),
    ("closes a title", "</title></textarea><script>%JS%</script>"),
    ("closes a script", "</script><script>%JS%</script>"),
    ("breaks out of double quotes", '" autofocus onfocus=%JS% onmouseover=%JS% x="'),
    ("breaks out of single quotes", "' autofocus onfocus=%JS% onmouseover=%JS% x='"),
    ("javascript: address", "javascript:%JS%"),
    (
        "template braces",
        "{{ 7*7 }}{% x %}${%JS%}{{constructor.constructor('%JS%')()}}",
    ),
    ("markdown", "[a link](javascript:%JS%) ![x](%URL%)"),
    ("formula", r"$\href{javascript:%JS%}{x}$"),
    ("svg", "<svg/onload=%JS%>"),
    ("comment and condition", "--><!--[if IE]><script>%JS%</script>-->"),
    ("line separators", "x\u2028%JS%\u2029//"),
    ("right to left", "\u202e<img src=x onerror=%JS%>"),
    ("style", "</style><style>*{background:url(%URL%)}</style>"),
)


def payloads() -> list[Payload]:
    """Return names, states of awareness, and files."""
    names = [(f"name {name}", {"text": text}) for name, text in NAMES]
    states = [(f"awareness {name}", {"state": state}) for name, state in STATES]
    return [
        *numbered("awareness", "awareness", "state", states),
        *numbered("file", "file", "file", FILES),
        *numbered("room", "room", "name", names),
        *numbered("service", "service", "name", names),
    ]
