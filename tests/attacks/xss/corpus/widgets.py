"""Widgets: their state, their comm, and what their views do with it."""

# Payloads are data: their lines are as long as they are, in pieces that belong together.
# ruff: noqa: E501, ISC004

from __future__ import annotations

from tests.attacks.xss.payloads import Payload, Vector, numbered

_W = "import ipywidgets as w\nfrom IPython.display import display\n"
_VIEW = "application/vnd.jupyter.widget-view+json"
IMG = "<img src=x onerror=%JS%>"

STATES: tuple[Vector, ...] = (
    ("HTML value", f"w.HTML('''{IMG}''')"),
    ("HTML script", "w.HTML('''<script>%JS%</script>''')"),
    ("HTML link", "w.HTML('''<a href=\"javascript:%JS%\">a link</a>''')"),
    ("HTML svg", "w.HTML('''<svg onload=%JS%></svg>''')"),
    ("HTML iframe", "w.HTML('''<iframe srcdoc=\"<script>parent.%JS%</script>\">''')"),
    ("HTML asks", "w.HTML('''<img src=\"%URL%\">''')"),
    ("HTML style asks", "w.HTML('''<style>*{background:url(%URL%)}</style>''')"),
    ("HTMLMath value", f"w.HTMLMath('''{IMG} $x$''')"),
    ("HTMLMath link", "w.HTMLMath(r'''$\\href{javascript:%JS%}{a link}$''')"),
    ("Label value", f"w.Label('''{IMG}''')"),
    ("Label link", "w.Label(r'''$\\href{javascript:%JS%}{a link}$''')"),
    (
        "description as HTML",
        f"w.IntSlider(description='''{IMG}''', description_allow_html=True)",
    ),
    (
        "description",
        f"w.Text(description='''{IMG}''', placeholder='''\"onfocus=%JS%''')",
    ),
    (
        "checkbox description",
        f"w.Checkbox(description='''{IMG}''', description_allow_html=True)",
    ),
    (
        "tooltip",
        f"w.Button(description='''{IMG}''', tooltip='''\" onclick=%JS%''', "
        "icon='''x\" onclick=%JS%''')",
    ),
    ("options", f"w.Dropdown(options=['''{IMG}''', 'b'])"),
    ("radio options", f"w.RadioButtons(options=['''{IMG}''', 'b'])"),
    (
        "toggle options",
        f"w.ToggleButtons(options=['''{IMG}''', 'b'], tooltips=['''{IMG}'''])",
    ),
    ("tab titles", f"w.Tab([w.Label('a')], titles=['''{IMG}'''])"),
    ("accordion titles", f"w.Accordion([w.Label('a')], titles=['''{IMG}'''])"),
    (
        "layout",
        "w.Button(layout=w.Layout(width='1px;background:url(%URL%)', "
        "border_top='1px solid;background:url(%URL%)'))",
    ),
    ("style colour", "w.Button(style={'button_color': 'url(%URL%)'})"),
    (
        "image format breaks out",
        "w.Image(value=b'<svg onload=%JS%>', format='svg+xml\" onerror=%JS% x=\"')",
    ),
    (
        "image of svg",
        'w.Image(value=b\'<svg xmlns="http://www.w3.org/2000/svg" '
        "onload=\"%JS%\"/>', format='svg+xml')",
    ),
    ("image by address", "w.Image.from_url(b'%URL%')"),
    ("video by address", "w.Video.from_url('%URL%')"),
    ("audio of html", "w.Audio(value=b'<script>%JS%</script>', format='html')"),
    ("file upload accept", "w.FileUpload(accept='''\" onclick=%JS%''')"),
    ("valid readout", f"w.Valid(value=False, readout='''{IMG}''')"),
    (
        "class names",
        "(lambda b: (b.add_class('jp-Dialog'), b.add_class('x\" onclick=%JS%'),"
        " b)[-1])(w.Button(description='x'))",
    ),
)

OUTPUTS: tuple[Vector, ...] = (
    (
        "Output html",
        '{"output_type": "display_data", "metadata": {}, '
        '"data": {"text/html": "<img src=x onerror=%JS%>"}}',
    ),
    (
        "Output javascript",
        '{"output_type": "display_data", "metadata": {}, '
        '"data": {"application/javascript": "%JS%"}}',
    ),
    (
        "Output svg",
        '{"output_type": "display_data", "metadata": {}, '
        '"data": {"image/svg+xml": "<svg onload=%JS%></svg>"}}',
    ),
    (
        "Output markdown",
        '{"output_type": "display_data", "metadata": {}, '
        '"data": {"text/markdown": "[a link](javascript:%JS%)"}}',
    ),
    (
        "Output error",
        '{"output_type": "error", "ename": "<img src=x onerror=%JS%>", '
        '"evalue": "", "traceback": ["<img src=x onerror=%JS%>"]}',
    ),
)

# A program of the kernel's own in the page: what anywidget is for.
MODULES: tuple[Vector, ...] = (
    (
        "anywidget module",
        "{'_esm': '%JS%;export default {render({el}){%JS%}}'}",
    ),
    ("anywidget by data:", "{'_esm': 'data:text/javascript,%JS%'}"),
    ("anywidget by address", "{'_esm': '%URL%.mjs'}"),
    (
        "anywidget styles",
        "{'_esm': 'export default {}', '_css': '*{background:url(%URL%)}'}",
    ),
    (
        "anywidget by base64",
        "{'_esm': 'data:text/javascript;base64,%B64{%JS%;export default {}}%'}",
    ),
)

# A model that a page would fetch: name and version become a path or an address.
NAMES: tuple[Vector, ...] = (
    ("module from an address", "'%URL%', '1.0.0'"),
    ("module from unpkg", "'../../%URL%?x=', '*'"),
    ("module of javascript:", "'data:text/javascript,%JS%//', '1'"),
    ("module of the room's files", "'/user/room-abcdefghij/files/x.js?', '1'"),
)


def _module(state: str) -> str:
    return (
        "from comm import create_comm\nfrom IPython.display import display\n"
        "state = {'_model_module': 'anywidget', '_model_module_version': '~0.9.*',\n"
        "    '_model_name': 'AnyModel', '_view_module': 'anywidget',\n"
        "    '_view_module_version': '~0.9.*', '_view_name': 'AnyView',\n"
        "    '_anywidget_id': 'x.%ID%'}\n"
        f"state |= {state}\n"
        "c = create_comm('jupyter.widget', data={'state': state}, "
        "metadata={'version': '2.1.0'})\n"
        f"display({{{_VIEW!r}: {{'version_major': 2, 'version_minor': 1, "
        "'model_id': c.comm_id}}, raw=True)\n"
    )


def _named(names: str) -> str:
    return (
        "from comm import create_comm\nfrom IPython.display import display\n"
        f"module, version = {names}\n"
        "state = {'_model_module': module, '_model_module_version': version,\n"
        "    '_model_name': 'X', '_view_module': module,\n"
        "    '_view_module_version': version, '_view_name': 'X'}\n"
        "c = create_comm('jupyter.widget', data={'state': state}, "
        "metadata={'version': '2.1.0'})\n"
        f"display({{{_VIEW!r}: {{'version_major': 2, 'version_minor': 0, "
        "'model_id': c.comm_id}}, raw=True)\n"
    )


OTHERS: tuple[Vector, ...] = (
    (
        "view with a fallback",
        f"from IPython.display import display\ndisplay({{{_VIEW!r}: "
        "{'version_major': 2, 'version_minor': 0, 'model_id': '<img src=x onerror=%JS%>'},"
        f" 'text/html': '{IMG}'}}, raw=True)",
    ),
    (
        "view by a version of HTML",
        f"from IPython.display import display\ndisplay({{{_VIEW!r}:"
        f" {{'version_major': '''{IMG}''', 'version_minor': 0, 'model_id': 'x'}}}}, raw=True)",
    ),
    (
        "comm of a command",
        "from comm import create_comm\nc = create_comm('jupyterlab', data="
        "{'command': 'apputils:run-all-enabled', 'html': '<img src=x onerror=%JS%>'})",
    ),
    (
        "comm of an unknown target",
        "from comm import create_comm\nc = create_comm('%ID%<img src=x onerror=%JS%>', "
        "target_module='%URL%')",
    ),
    (
        "custom message",
        _W + "b = w.HTML('x')\ndisplay(b)\n"
        "b.send({'event': 'click', 'html': '<img src=x onerror=%JS%>'})",
    ),
    (
        "later value",
        _W + "b = w.HTML('x')\ndisplay(b)\nb.value = '''<img src=x onerror=%JS%>'''",
    ),
)


def payloads() -> list[Payload]:
    """Return code of cells, all of which the candidate runs."""
    states = [(name, {"code": f"{_W}display({made})"}) for name, made in STATES]
    outputs = [
        (name, {"code": f"{_W}o = w.Output()\ndisplay(o)\no.outputs = ({one},)"})
        for name, one in OUTPUTS
    ]
    modules = [(name, {"code": _module(state)}) for name, state in MODULES]
    named = [(name, {"code": _named(names)}) for name, names in NAMES]
    others = [(name, {"code": code}) for name, code in OTHERS]
    return numbered(
        "widget", "widget", _VIEW, [*states, *outputs, *modules, *named, *others]
    )
