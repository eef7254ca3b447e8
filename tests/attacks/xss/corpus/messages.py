"""Errors, streams and the other messages of a kernel."""

# Payloads are data: their lines are as long as they are, in pieces that belong together.
# ruff: noqa: E501

from __future__ import annotations

import json
from typing import Any

from tests.attacks.xss.payloads import Payload, Vector, numbered

IMG = "<img src=x onerror=%JS%>"
LINK = '<a href="javascript:%JS%">a link</a>'

TEXTS: tuple[Vector, ...] = (
    ("html", IMG),
    ("a link", LINK),
    ("script", "<script>%JS%</script>"),
    ("ANSI around html", f"\x1b[31m{IMG}\x1b[0m"),
    ("html inside ANSI", "\x1b[38;2;1;2;<img src=x onerror=%JS%>m x"),
    ("ANSI that breaks out", '\x1b[38;2;1;2;3m" onmouseover=%JS% x="\x1b[0m'),
    ("OSC 8 link", "\x1b]8;;javascript:%JS%\x07a link\x1b]8;;\x07"),
    (
        "address that becomes a link",
        'see http://x/"onmouseover=%JS%&gt; and javascript:%JS%',
    ),
    ("path that becomes a link", 'File "/x<img src=x onerror=%JS%>.py", line 1'),
    ("address of a javascript: url", "javascript:%JS% www.javascript:%JS%.org"),
    ("backspaces", "<im" + "x\b" * 3 + "g src=x onerror=%JS%>"),
    ("carriage return", f"x\r{IMG}"),
    ("already escaped", "&lt;img src=x onerror=%JS%&gt;"),
)


def _error(text: str) -> str:
    # repr twice: once for our cell, and the kernel's own way to send any error.
    return (
        "from IPython import get_ipython\n"
        f"text = {json.dumps(text)}\n"
        "ip = get_ipython()\n"
        "ip.display_pub.session.send(ip.display_pub.pub_socket, 'error',\n"
        "    {'ename': text, 'evalue': text, 'traceback': [text, text]},\n"
        "    parent=ip.display_pub.parent_header, ident=b'error')\n"
    )


def payloads() -> list[Payload]:
    """Return messages that the candidate's kernel sends."""
    errors: list[tuple[str, dict[str, Any]]] = [
        (f"error with {name}", {"code": _error(text)}) for name, text in TEXTS
    ]
    raised = [
        ("raised, html in its message", {"code": f"raise ValueError({IMG!r})"}),
        (
            "raised, html in its name",
            {"code": f"raise type({IMG!r}, (Exception,), {{}})({LINK!r})"},
        ),
        ("syntax error", {"code": f"x = '{LINK} {IMG}"}),
        ("assert of html", {"code": f"assert False, {IMG!r}"}),
        (
            "file name in a traceback",
            {"code": f"exec(compile('1/0', {IMG!r}, 'exec'))"},
        ),
    ]
    streams = [
        (f"stream of {name}", {"code": f"print({text!r})"}) for name, text in TEXTS
    ]
    others = [
        (
            "input prompt",
            {"code": f"try:\n    input({IMG!r})\nexcept Exception as e:\n    print(e)"},
        ),
        (
            "payload page",
            {
                "code": "from IPython import get_ipython\nget_ipython()."
                "payload_manager.write_payload({'source': 'page', 'data': "
                f"{{'text/html': {IMG!r}, 'text/plain': {IMG!r}}}, 'start': 0}})"
            },
        ),
        (
            "payload next input",
            {
                "code": "from IPython import get_ipython\nget_ipython()."
                f"set_next_input({IMG!r})"
            },
        ),
        ("help page", {"code": f"def f():\n    {IMG!r}\nf?"}),
        ("progress by stderr", {"code": f"import sys; sys.stderr.write({IMG!r})"}),
        (
            "updated display",
            {
                "code": "from IPython.display import display, HTML\n"
                f"h = display('x', display_id='%ID%')\nh.update(HTML({IMG!r}))"
            },
        ),
        (
            "HTML object",
            {"code": "from IPython.display import HTML\nHTML('<script>%JS%</script>')"},
        ),
        (
            "Javascript object",
            {
                "code": "from IPython.display import Javascript\n"
                "Javascript('%JS%', lib=['%URL%.js'], css=['%URL%.css'])"
            },
        ),
        (
            "IFrame object",
            {
                "code": "from IPython.display import IFrame\n"
                "IFrame('javascript:parent.%JS%', 90, 30)"
            },
        ),
        (
            "IFrame elsewhere",
            {"code": "from IPython.display import IFrame\nIFrame('%URL%', 90, 30)"},
        ),
        (
            "Audio object",
            {"code": "from IPython.display import Audio\nAudio(url='%URL%')"},
        ),
        (
            "FileLink object",
            {
                "code": "from IPython.display import FileLink\n"
                f"open('%ID%{IMG.replace('/', '')}', 'w').close()\n"
                f"FileLink('%ID%{IMG.replace('/', '')}')"
            },
        ),
        (
            "Image by address",
            {"code": "from IPython.display import Image\nImage(url='%URL%')"},
        ),
        (
            "a table that does not escape",
            {
                "code": "import pandas as pd\nfrom IPython.display "
                "import HTML\nHTML(pd.DataFrame({'a': "
                f"[{IMG!r}]}}).to_html(escape=False))"
            },
        ),
        (
            "a styled table",
            {
                "code": "import pandas as pd\npd.DataFrame({'a': "
                f"[{IMG!r}]}}).style.set_caption({IMG!r})"
            },
        ),
        (
            "a table's style asks",
            {
                "code": "import pandas as pd\npd.DataFrame({'a': [1]})"
                ".style.set_properties(**{'background': 'url(%URL%)'})"
            },
        ),
    ]
    return [
        *numbered("error", "kernel", "error", [*errors, *raised]),
        *numbered("stream", "kernel", "stream", streams),
        *numbered("ipython", "kernel", "display", others),
    ]
