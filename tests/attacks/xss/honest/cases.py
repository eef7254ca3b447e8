"""What honest people show in a data-science interview: each a cell's code.

Where a library is not among the candidate's packages, the cell shows what that
library's objects show. Everything is the same in each run.
"""

# Code as data: lines as long as they are.
# ruff: noqa: E501

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PANDAS = "import pandas as pd, numpy as np\nrng = np.random.default_rng(7)\n"
_FRAME = _PANDAS + (
    "df = pd.DataFrame({'city': ['Lyon', 'Oslo', 'Kyiv', 'Bern'], 'n': [3, 1, 4, 1],\n"
    "    'share': [0.25, 0.5, 0.125, np.nan], 'day': pd.date_range('2026-01-01', periods=4)})\n"
)
_PLOT = (
    "%matplotlib inline\nimport matplotlib.pyplot as plt, numpy as np\n"
    "rng = np.random.default_rng(7)\nx = np.linspace(0, 6, 60)\n"
)
_SHOW = "from IPython.display import display, HTML, Markdown, Latex, SVG, JSON, Math\n"
_SKLEARN = (
    "from sklearn.linear_model import LogisticRegression, Ridge\n"
    "from sklearn.pipeline import make_pipeline\n"
    "from sklearn.preprocessing import StandardScaler, OneHotEncoder\n"
    "from sklearn.compose import make_column_transformer\n"
    "from sklearn.ensemble import RandomForestClassifier\n"
    "from sklearn.model_selection import GridSearchCV\n"
)
_WIDGETS = "import ipywidgets as w\n"
_PLOTLY = "application/vnd.plotly.v1+json"
_LITE = "application/vnd.vegalite.v5+json"


def _bundle(**data: Any) -> str:
    mime, value = data["mime"], data["value"]
    return f"{_SHOW}display({{{mime!r}: {value!r}, 'text/plain': 'a chart'}}, raw=True)"


def _plotly(*traces: dict[str, Any], **layout: Any) -> str:
    figure = {
        "data": list(traces),
        "layout": {"height": 320, **layout},
        "config": {"staticPlot": True},
    }
    return _bundle(mime=_PLOTLY, value=figure)


_ROWS = [
    {"a": letter, "b": (7 * n) % 11 + 1, "c": "even" if n % 2 == 0 else "odd", "d": n}
    for n, letter in enumerate("ABCDEFGHIJ")
]


def _lite(mark: Any, **parts: Any) -> str:
    encoding = {
        "x": {"field": "a", "type": "nominal"},
        "y": {"field": "b", "type": "quantitative"},
        **parts.pop("encoding", {}),
    }
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "data": {"values": _ROWS},
        "mark": mark,
        "encoding": encoding,
        "config": {"view": {"continuousWidth": 300, "continuousHeight": 300}},
        **parts,
    }
    return _bundle(mime=_LITE, value=spec)


TABLES: Mapping[str, str] = {
    "frame": _FRAME + "df",
    "frame of numbers": _PANDAS + "pd.DataFrame(rng.normal(size=(6, 5)).round(3))",
    "long frame": _PANDAS
    + "pd.DataFrame({'n': range(500), 'sq': np.arange(500) ** 2})",
    "wide frame": _PANDAS + "pd.DataFrame(np.arange(120).reshape(4, 30))",
    "described frame": _FRAME + "df.describe()",
    "grouped frame": _FRAME + "df.groupby('n').agg({'share': ['mean', 'max']})",
    "rows in levels": _FRAME + "df.set_index(['city', 'n'])",
    "columns in levels": _PANDAS + "pd.DataFrame(np.eye(3), columns=pd.MultiIndex."
    "from_tuples([('a', 'x'), ('a', 'y'), ('b', 'z')]))",
    "pivot table": _FRAME + "df.pivot_table(index='city', columns='n', values='share')",
    "crosstab": _FRAME + "pd.crosstab(df.city, df.n)",
    "empty frame": _PANDAS + "pd.DataFrame(columns=['a', 'b'])",
    "times": _PANDAS + "pd.DataFrame({'t': pd.timedelta_range('1h', periods=3)})",
    "categories": _PANDAS + "pd.DataFrame({'c': pd.Categorical(list('abca'))})",
    "series": _FRAME + "df.n",
    "series as frame": _FRAME + "df.share.to_frame()",
    "value counts": _FRAME + "df.n.value_counts().to_frame()",
    "correlations": _PANDAS + "pd.DataFrame(rng.normal(size=(9, 4))).corr().round(2)",
    "text of any language": _PANDAS
    + "pd.DataFrame({'名前': ['Zoë', 'Łukasz', 'علي']})",
    "text of markup": _PANDAS
    + "pd.DataFrame({'tag': ['<b>bold</b>', 'a & b', '\"q\"']})",
    "html of a frame": _FRAME + _SHOW + "HTML(df.to_html(index=False))",
    "two frames": _FRAME + _SHOW + "display(df.head(2)); display(df.tail(2))",
    "info": _FRAME + "df.info()",
}
# Each with a name of its own: in stock, their styles are the whole page's.
STYLED: Mapping[str, str] = {
    "styled": _FRAME + "df.style.format({'share': '{:.1%}'}).set_uuid('a')",
    "gradient": _PANDAS + "pd.DataFrame(np.arange(12).reshape(3, 4)).style."
    "background_gradient().set_uuid('b')",
    "bars": _PANDAS
    + "pd.DataFrame({'n': [1, 5, 3]}).style.bar(color='#7aa6d6').set_uuid('c')",
    "highlighted": _FRAME + "df[['n', 'share']].style.highlight_max().set_uuid('d')",
    "caption": _FRAME
    + "df.style.set_caption('Four cities').hide(axis='index').set_uuid('e')",
    "rules": _FRAME + "df.style.set_table_styles([{'selector': 'th', 'props': "
    "'background:#eee;color:#333'}]).set_uuid('f')",
    "coloured text": _PANDAS + "pd.DataFrame({'n': [-1, 2]}).style.map(lambda v: "
    "'color:red' if v < 0 else 'color:green').set_uuid('g')",
    "text gradient": _PANDAS + "pd.DataFrame(np.arange(6).reshape(2, 3)).style."
    "text_gradient().set_uuid('h')",
}
FIGURES: Mapping[str, str] = {
    "line": _PLOT + "plt.plot(x, np.sin(x)); plt.title('sine'); plt.show()",
    "lines": _PLOT + "plt.plot(x, np.sin(x), label='sin'); plt.plot(x, np.cos(x), '--',"
    " label='cos'); plt.legend(); plt.show()",
    "scatter": _PLOT
    + "plt.scatter(*rng.normal(size=(2, 80)), c=range(80)); plt.colorbar()"
    "; plt.show()",
    "histogram": _PLOT + "plt.hist(rng.normal(size=500), bins=20); plt.show()",
    "bar": _PLOT + "plt.bar(list('abcd'), [3, 1, 4, 1]); plt.show()",
    "box": _PLOT + "plt.boxplot(rng.normal(size=(50, 4))); plt.show()",
    "violin": _PLOT + "plt.violinplot(rng.normal(size=(50, 4))); plt.show()",
    "heat map": _PLOT + "plt.imshow(rng.random((8, 8)), cmap='viridis'); plt.show()",
    "contour": _PLOT
    + "X, Y = np.meshgrid(x, x); plt.contourf(X, Y, np.sin(X) * np.cos(Y))"
    "; plt.show()",
    "subplots": _PLOT + "f, a = plt.subplots(2, 2); [one.plot(x, x ** n) for n, one in "
    "enumerate(a.flat)]; plt.show()",
    "polar": _PLOT + "plt.polar(x, x); plt.show()",
    "three dimensions": _PLOT + "a = plt.figure().add_subplot(projection='3d'); "
    "a.plot(np.sin(x), np.cos(x), x); plt.show()",
    "error bars": _PLOT + "plt.errorbar(range(5), range(5), yerr=.4); plt.show()",
    "pie": _PLOT + "plt.pie([3, 1, 4], labels=list('abc')); plt.show()",
    "formula in a figure": _PLOT + "plt.title(r'$\\int e^{-x^2}dx$'); plt.show()",
    "frame plotted": _PANDAS
    + "%matplotlib inline\npd.DataFrame({'a': [1, 3, 2]}).plot.bar();",
    "figure as jpeg": "%matplotlib inline\n%config InlineBackend.figure_formats = ['jpeg']\n"
    "import matplotlib.pyplot as plt\nplt.plot([1, 3, 2]); plt.show()\n"
    "%config InlineBackend.figure_formats = ['png']",
    "figure as svg": "%matplotlib inline\n%config InlineBackend.figure_formats = ['svg']\n"
    "import matplotlib.pyplot as plt\nplt.plot([1, 3, 2]); plt.show()\n"
    "%config InlineBackend.figure_formats = ['png']",
    "sharp figure": "%matplotlib inline\n%config InlineBackend.figure_formats = ['retina']\n"
    "import matplotlib.pyplot as plt\nplt.plot([1, 3, 2]); plt.show()\n"
    "%config InlineBackend.figure_formats = ['png']",
    "picture": "from PIL import Image\nImage.linear_gradient('L').resize((120, 60))",
}
_XY = {"x": [1, 2, 3, 4], "y": [10, 15, 13, 17]}
PLOTLY: Mapping[str, str] = {
    "plotly line": _plotly({"type": "scatter", "mode": "lines", **_XY}),
    "plotly scatter": _plotly(
        {"type": "scatter", "mode": "markers", **_XY}, title="Dots"
    ),
    "plotly bar": _plotly({"type": "bar", "x": list("abc"), "y": [3, 1, 2]}),
    "plotly histogram": _plotly({"type": "histogram", "x": [1, 2, 2, 3, 3, 3, 4]}),
    "plotly box": _plotly({"type": "box", "y": [1, 2, 2, 3, 8]}),
    "plotly heat map": _plotly({"type": "heatmap", "z": [[1, 2], [3, 4]]}),
    "plotly pie": _plotly({"type": "pie", "labels": list("abc"), "values": [1, 2, 3]}),
    "plotly two traces": _plotly(
        {"type": "scatter", "name": "a", **_XY}, {"type": "bar", "name": "b", **_XY}
    ),
}
ALTAIR: Mapping[str, str] = {
    "altair bar": _lite("bar"),
    "altair line": _lite({"type": "line", "point": True}),
    "altair area": _lite("area"),
    "altair points": _lite(
        "point", encoding={"color": {"field": "c", "type": "nominal"}}
    ),
    "altair rects": _lite(
        "rect", encoding={"color": {"field": "d", "type": "quantitative"}}
    ),
    "altair ticks": _lite("tick"),
    "altair by side": _lite(
        "bar",
        encoding={"color": {"field": "c", "type": "nominal"}},
        title="Ten letters",
        width=240,
        height=160,
    ),
    "altair binned": _lite(
        "bar",
        encoding={
            "x": {"field": "b", "bin": True, "type": "quantitative"},
            "y": {"aggregate": "count", "type": "quantitative"},
        },
    ),
    "altair facets": _lite(
        "bar", encoding={"column": {"field": "c", "type": "nominal"}}
    ),
    "altair computed": _lite(
        "bar",
        transform=[
            {"calculate": "datum.b * 2 + sqrt(datum.d)", "as": "b"},
            {"filter": "datum.d > 2"},
        ],
    ),
}
TEXT: Mapping[str, str] = {
    "latex": _SHOW + r"Latex(r'$$\int_0^\infty e^{-x^2}\,dx = \frac{\sqrt{\pi}}{2}$$')",
    "latex aligned": _SHOW
    + r"Latex(r'\begin{aligned} a &= b \\ c &= d + e \end{aligned}')",
    "latex matrix": _SHOW + r"Math(r'\begin{pmatrix}1&2\\3&4\end{pmatrix}')",
    "latex cases": _SHOW + r"Math(r'f(x)=\begin{cases}1&x>0\\0&x\le 0\end{cases}')",
    "latex sum": _SHOW + r"Math(r'\hat\beta=(X^\top X)^{-1}X^\top y')",
    "markdown": _SHOW
    + "Markdown('# Result\\n\\nA **bold** word, `code`, a [link](#x).')",
    "markdown list": _SHOW + "Markdown('1. one\\n2. two\\n   - a\\n   - b')",
    "markdown table": _SHOW + "Markdown('|a|b|\\n|-|-:|\\n|1|2|\\n|3|4|')",
    "markdown code": _SHOW
    + "Markdown('```python\\nfor x in range(3):\\n    print(x)\\n```')",
    "markdown quote": _SHOW
    + "Markdown('> Said by somebody\\n\\nand ~~struck~~ *words*')",
    "markdown formula": _SHOW
    + "Markdown('The mean is $\\\\bar x = 1/n \\\\sum x_i$.')",
    "svg": _SHOW + 'SVG(\'<svg xmlns="http://www.w3.org/2000/svg" width="200" height='
    '"80"><circle cx="40" cy="40" r="30" fill="teal"/><text x="90" y="45">a '
    "circle</text></svg>')",
    "svg gradient": _SHOW + 'SVG(\'<svg xmlns="http://www.w3.org/2000/svg" width="200" '
    'height="60"><defs><linearGradient id="g"><stop stop-color="red"/><stop offset='
    '"1" stop-color="blue"/></linearGradient></defs><rect width="200" height="60" '
    'fill="url(#g)"/></svg>\')',
    "json": _SHOW + "JSON({'a': [1, 2, {'b': None}], 'c': 'text'})",
    "html heading": _SHOW
    + "HTML('<h3>Result</h3><p>An <em>honest</em> paragraph.</p>')",
    "html list": _SHOW + "HTML('<ul><li>one</li><li>two<ol><li>a</li></ol></li></ul>')",
    "html details": _SHOW
    + "HTML('<details open><summary>More</summary>Text</details>')",
    "html styled": _SHOW
    + "HTML('<div style=\"border:1px solid #999;padding:8px;width:200px;"
    "background:#f3f8ff\">A box</div>')",
    "html columns": _SHOW + 'HTML(\'<div style="display:flex;gap:20px"><div>left</div>'
    "<div>right</div></div>')",
    "html picture": _PLOT + _SHOW + "import io, base64\nplt.figure(figsize=(3, 2)); "
    "plt.plot(x, x ** 2); b = io.BytesIO(); plt.savefig(b); plt.close()\nHTML('<img src="
    "\"data:image/png;base64,' + base64.b64encode(b.getvalue()).decode() + '\">')",
    "html progress": _SHOW + "HTML('<progress max=10 value=7></progress> 70 %')",
    "xarray's kind": _SHOW
    + "HTML('<style>.xr-wrap{max-width:700px}.xr-header{border-bottom:"
    "1px solid #ccc;padding:6px 0}.xr-dim{font-weight:bold}</style><div class=xr-wrap><div "
    "class=xr-header>&lt;xarray.DataArray (x: 2)&gt;</div><span class=xr-dim>x</span>: 2"
    "</div>')",
    "polars' kind": _SHOW + "HTML('<div><style>.dataframe>thead>tr,.dataframe>tbody>tr{"
    'text-align:right}</style><small>shape: (2, 2)</small><table border="1" class='
    '"dataframe"><thead><tr><th>a</th><th>b</th></tr><tr><td>i64</td><td>str</td></tr>'
    "</thead><tbody><tr><td>1</td><td>&quot;x&quot;</td></tr></tbody></table></div>')",
}
PLAIN: Mapping[str, str] = {
    "number": "6 * 7",
    "text": "print('hello\\nworld')",
    "dictionary": "{'a': [1, 2, 3], 'b': {'c': 'd'}}",
    "array": "import numpy as np; np.arange(20).reshape(4, 5)",
    "error": "1 / 0",
    "key error": "{'a': 1}['b']",
    "colours": "print('\\x1b[31mred\\x1b[0m \\x1b[1;32mgreen\\x1b[0m \\x1b[44mback\\x1b[0m')",
    "standard error": "import sys; print('careful', file=sys.stderr)",
    "progress bar": "for n in range(5):\n    print(f'\\r{n * 25:3}% |' + '#' * n, end='')",
    "long text": "print('\\n'.join(f'line {n}' for n in range(30)))",
    "wide text": "print('word ' * 120)",
    "signs": "print('π ≈ 3.14159, ∑ ∫ → ✓ 日本語 עברית')",
    "warning": "import warnings; warnings.warn_explicit('old way', UserWarning, 'cell', 1)",
    "several": "print('before')\n[1, 2]",
}
MODELS: Mapping[str, str] = {
    "estimator": _SKLEARN + "LogisticRegression(C=0.5)",
    "pipeline": _SKLEARN + "make_pipeline(StandardScaler(), LogisticRegression())",
    "columns": _SKLEARN + "make_column_transformer((StandardScaler(), ['a']), "
    "(OneHotEncoder(), ['b']))",
    "search": _SKLEARN
    + "GridSearchCV(RandomForestClassifier(), {'max_depth': [1, 2]})",
    "fitted": _SKLEARN + "Ridge().fit([[0], [1]], [0, 1])",
    "report": "from sklearn.metrics import classification_report\n"
    "print(classification_report([0, 1, 1], [0, 1, 0]))",
}
WIDGETS: Mapping[str, str] = {
    "slider": _WIDGETS + "w.IntSlider(3, description='depth')",
    "float slider": _WIDGETS + "w.FloatSlider(0.5, max=1, description='rate')",
    "progress": _WIDGETS + "w.IntProgress(7, max=10, description='epochs')",
    "dropdown": _WIDGETS + "w.Dropdown(options=['a', 'b'], description='kind')",
    "text box": _WIDGETS + "w.Text('abc', description='name')",
    "checkbox": _WIDGETS + "w.Checkbox(True, description='shuffle')",
    "buttons": _WIDGETS + "w.ToggleButtons(options=['train', 'test'])",
    "row": _WIDGETS
    + "w.HBox([w.Button(description='one'), w.Button(description='two')])",
    "label": _WIDGETS + "w.Label('a label')",
    "html widget": _WIDGETS + "w.HTML('<b>bold</b> and <i>italic</i>')",
}

CASES: Mapping[str, str] = {
    **TABLES, **STYLED, **FIGURES, **PLOTLY, **ALTAIR, **TEXT, **PLAIN, **MODELS, **WIDGETS
}  # fmt: skip
EVERYDAY = (
    *("frame", "described frame", "columns in levels", "styled", "line", "plotly line"),
    *("altair bar", "latex", "markdown table", "svg", "estimator", "error"),
)
