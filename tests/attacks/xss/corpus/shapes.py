"""What a hostile page can write into the document besides a plain trusted output."""

# Payloads are data: their lines are as long as they are, in pieces that belong together.
# ruff: noqa: E501

from __future__ import annotations

from typing import Any

from tests.attacks.xss.payloads import Payload, numbered

HTML = {"text/html": "<img src=x onerror=%JS%><script>%JS%</script>"}
SCRIPT = {"application/javascript": "%JS%"}


def output(data: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return an output as notebooks hold it."""
    return {"output_type": "display_data", "data": data, "metadata": {}, **more}


def cell(**more: Any) -> dict[str, Any]:
    """Return a cell with a trusted output, changed by `more`."""
    return {
        "cell_type": "code",
        "source": "# %ID%",
        "outputs": [output(HTML)],
        "metadata": {"trusted": True},
        **more,
    }


SHAPES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("trusted, html", {"cell": cell()}),
    ("trusted, javascript", {"cell": cell(outputs=[output(SCRIPT)])}),
    ("trusted as text", {"cell": cell(metadata={"trusted": "true"})}),
    ("trusted as a number", {"cell": cell(metadata={"trusted": 1})}),
    ("trusted as an object", {"cell": cell(metadata={"trusted": {"a": 1}})}),
    (
        "trusted in capitals",
        {"cell": cell(metadata={"Trusted": True, " trusted": True})},
    ),
    ("trusted afterwards", {"cell": cell(metadata={}), "later": {"trusted": True}}),
    (
        "outputs afterwards",
        {"cell": cell(outputs=[]), "later": {"outputs": [output(HTML)]}},
    ),
    (
        "trusted before outputs",
        {
            "cell": cell(outputs=[]),
            "later": {"trusted": True, "outputs": [output(SCRIPT)]},
        },
    ),
    ("an untrusted output", {"cell": cell(metadata={})}),
    (
        "output's own trust",
        {"cell": cell(metadata={}, outputs=[output(HTML, trusted=True)])},
    ),
    (
        "output's metadata trusts",
        {
            "cell": cell(
                metadata={},
                outputs=[
                    {**output(HTML), "metadata": {"trusted": True, "isolated": False}}
                ],
            )
        },
    ),
    (
        "execute_result",
        {
            "cell": cell(
                outputs=[
                    {
                        **output(HTML),
                        "output_type": "execute_result",
                        "execution_count": 1,
                    }
                ]
            )
        },
    ),
    (
        "execution count of html",
        {"cell": cell(execution_count="<img src=x onerror=%JS%>")},
    ),
    (
        "update_display_data",
        {
            "cell": cell(
                outputs=[
                    {
                        **output(HTML),
                        "output_type": "update_display_data",
                        "transient": {"display_id": "%ID%"},
                    }
                ]
            )
        },
    ),
    (
        "pyout of old notebooks",
        {
            "cell": cell(
                outputs=[
                    {
                        "output_type": "pyout",
                        "html": "<script>%JS%</script>",
                        "javascript": "%JS%",
                    }
                ]
            )
        },
    ),
    (
        "stream of html",
        {
            "cell": cell(
                outputs=[
                    {
                        "output_type": "stream",
                        "name": '"><img src=x onerror=%JS%>',
                        "text": HTML,
                    }
                ]
            )
        },
    ),
    (
        "stream as mime",
        {
            "cell": cell(
                outputs=[
                    {
                        "output_type": "stream",
                        "name": "stdout",
                        "text": "x",
                        "data": HTML,
                    }
                ]
            )
        },
    ),
    (
        "error of html",
        {
            "cell": cell(
                outputs=[
                    {
                        "output_type": "error",
                        "ename": HTML["text/html"],
                        "evalue": HTML["text/html"],
                        "traceback": [HTML["text/html"]],
                    }
                ]
            )
        },
    ),
    (
        "unknown output type",
        {
            "cell": cell(
                outputs=[
                    {"output_type": "html", "data": HTML, "html": HTML["text/html"]}
                ]
            )
        },
    ),
    (
        "data as lists",
        {
            "cell": cell(
                outputs=[output({"text/html": ["<img src=x ", "onerror=%JS%>"]})]
            )
        },
    ),
    ("data as objects", {"cell": cell(outputs=[output({"text/html": {"a": "<b>"}})])}),
    (
        "raw cell of html",
        {
            "cell": {
                "cell_type": "raw",
                "source": HTML["text/html"],
                "metadata": {
                    "trusted": True,
                    "raw_mimetype": "text/html",
                    "format": "text/html",
                },
            }
        },
    ),
    ("unknown kind of cell", {"cell": cell(cell_type="heading")}),
    ("cell of html id", {"cell": cell(id='x"><img src=x onerror=%JS%>')}),
    (
        "markdown with outputs",
        {
            "cell": {
                "cell_type": "markdown",
                "source": "x",
                "outputs": [output(HTML)],
                "metadata": {"trusted": True},
            }
        },
    ),
    (
        "tags of html",
        {
            "cell": cell(
                metadata={
                    "trusted": True,
                    "tags": ["<img src=x onerror=%JS%>"],
                    "name": "<img src=x onerror=%JS%>",
                }
            )
        },
    ),
    (
        "slideshow and jupyter metadata",
        {
            "cell": cell(
                metadata={
                    "trusted": True,
                    "slideshow": {"slide_type": "<img src=x onerror=%JS%>"},
                    "jupyter": {
                        "outputs_hidden": False,
                        "source_hidden": "<img onerror=%JS% src>",
                    },
                }
            )
        },
    ),
    (
        "scrolled and collapsed",
        {
            "cell": cell(
                metadata={"trusted": True, "scrolled": "auto", "collapsed": False}
            )
        },
    ),
    (
        "attachments in a code cell",
        {"cell": cell(attachments={"a.html": {"text/html": "<script>%JS%</script>"}})},
    ),
    (
        "notebook is trusted",
        {
            "cell": cell(metadata={}),
            "notebook": {"trusted": True, "signature": "%ID%"},
        },
    ),
    (
        "kernel's name of html",
        {
            "cell": cell(),
            "notebook": {
                "kernelspec": {
                    "name": "python3",
                    "display_name": "<img src=x onerror=%JS%>",
                    "language": "<img src=x onerror=%JS%>",
                }
            },
        },
    ),
    (
        "language of html",
        {
            "cell": cell(),
            "notebook": {
                "language_info": {
                    "name": "<img src=x onerror=%JS%>",
                    "mimetype": "text/html",
                    "codemirror_mode": {"name": "<img src=x onerror=%JS%>"},
                    "file_extension": ".html",
                }
            },
        },
    ),
    (
        "widgets' saved state",
        {
            "cell": cell(
                outputs=[
                    output(
                        {
                            "application/vnd.jupyter.widget-view+json": {
                                "version_major": 2,
                                "version_minor": 0,
                                "model_id": "saved-%ID%",
                            }
                        }
                    )
                ]
            ),
            "notebook": {
                "widgets": {
                    "application/vnd.jupyter.widget-state+json": {
                        "version_major": 2,
                        "version_minor": 0,
                        "state": {
                            "saved-%ID%": {
                                "model_name": "HTMLModel",
                                "model_module": "@jupyter-widgets/controls",
                                "model_module_version": "2.0.0",
                                "state": {
                                    "value": "<img src=x onerror=%JS%>",
                                    "layout": "IPY_MODEL_l-%ID%",
                                },
                            },
                            "l-%ID%": {
                                "model_name": "LayoutModel",
                                "model_module": "@jupyter-widgets/base",
                                "model_module_version": "2.0.0",
                                "state": {},
                            },
                        },
                    }
                }
            },
        },
    ),
    (
        "notebook's title",
        {
            "cell": cell(),
            "notebook": {
                "title": "<img src=x onerror=%JS%>",
                "authors": ["<img src=x onerror=%JS%>"],
            },
        },
    ),
)


def payloads() -> list[Payload]:
    """Return what is written."""
    return numbered("shape", "document", "cell", SHAPES)
