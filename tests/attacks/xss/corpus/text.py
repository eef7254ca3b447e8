"""Markdown and LaTeX, as cells and as outputs."""

# Payloads are data: their lines are as long as they are, in pieces that belong together.
# ruff: noqa: E501, ISC004

from __future__ import annotations

from tests.attacks.xss.payloads import Payload, Vector, numbered

MARKDOWN: tuple[Vector, ...] = (
    ("raw script", "# Notes\n\n<script>%JS%</script>"),
    ("raw img onerror", "text <img src=x onerror=%JS%> text"),
    ("raw details ontoggle", '<details open ontoggle="%JS%">\n\n**x**\n\n</details>'),
    ("raw iframe srcdoc", "<iframe srcdoc='<script>parent.%JS%</script>'></iframe>"),
    ("raw svg onload", '<svg onload="%JS%"></svg>'),
    ("raw style asks", "<style>*{background:url(%URL%)}</style>"),
    ("raw meta refresh", '<meta http-equiv="refresh" content="0;url=%URL%">'),
    ("raw base", '<base href="%URL%/">\n\n![x](a.png)'),
    ("raw form", '<form action="javascript:%JS%"><button>Next</button></form>'),
    ("raw input autofocus", '<input autofocus onfocus="%JS%">'),
    ("raw object", '<object data="javascript:%JS%"></object>'),
    ("raw math", '<math><mi href="javascript:%JS%">x</mi></math>'),
    ("link javascript:", "[a link](javascript:%JS%)"),
    ("link javascript: in case", "[a link](JaVaScRiPt:%JS%)"),
    ("link javascript: with entity", "[a link](&#106;avascript:%JS%)"),
    ("link javascript: with newline", "[a link](<java\nscript:%JS%>)"),
    ("link javascript: with a tab", "[a link](java&Tab;script:%JS%)"),
    ("link javascript: with a colon entity", "[a link](javascript&colon;%JS%)"),
    ("link data:", "[a link](data:text/html;base64,%B64{<script>%JS%</script>}%)"),
    ("link vbscript:", "[a link](vbscript:%JS%)"),
    ("link title breaks out", '[a link](# "x\\" onmouseover=%JS% y=")'),
    ("link reference", "[a link][r]\n\n[r]: javascript:%JS%"),
    ("autolink", "<javascript:%JS%>"),
    ("autolink of an address", '<http://x/" onmouseover=%JS% >'),
    ("image javascript:", "![x](javascript:%JS%)"),
    (
        "image svg data:",
        "![x](data:image/svg+xml;base64,%B64{<svg xmlns="
        "'http://www.w3.org/2000/svg' onload='parent.%JS%'/>}%)",
    ),
    ("image alt breaks out", '![x" onerror=%JS% "](nothing.png)'),
    ("image address breaks out", '![x](nothing"onerror=%JS%")'),
    ("image elsewhere", "![x](%URL%)"),
    ("image reference elsewhere", "![x][i]\n\n[i]: %URL%"),
    ("heading id clobbers", "# document\n# body\n# <img src=x onerror=%JS%>"),
    (
        "heading in the table of contents",
        "# <b onclick=%JS%>chapter</b> `<img src=x onerror=%JS%>`",
    ),
    ("code fence language", '```x" onmouseover=%JS% y="\ncode\n```'),
    ("code fence closes", "```html\n</code></pre><img src=x onerror=%JS%>\n```"),
    ("inline code", "`<img src=x onerror=%JS%>`"),
    ("table cell", "| a |\n|---|\n| <img src=x onerror=%JS%> |"),
    ("table alignment", '| a |\n|:"onmouseover=%JS%:|\n| b |'),
    ("mermaid label", '```mermaid\ngraph TD\n A["<img src=x onerror=%JS%>"]\n```'),
    (
        "mermaid click",
        '```mermaid\ngraph TD\n A[open]\n click A "javascript:%JS%"\n```',
    ),
    (
        "mermaid callback",
        '```mermaid\n%%{init: {"securityLevel": "loose"}}%%\n'
        'graph TD\n A[open]\n click A call console.log("xss-%ID%")\n```',
    ),
    (
        "mermaid style",
        '```mermaid\n%%{init: {"themeCSS": "*{background:url(%URL%)}"}}%%'
        "\ngraph TD\n A-->B\n```",
    ),
    ("html comment", "<!-- --!><img src=x onerror=%JS%> -->"),
    ("html split by blank line", "<div>\n\n<img src=x\n\nonerror=%JS%>"),
    ("html in emphasis", "**<img src=x onerror=%JS%>**"),
    ("html in a list", "- <img src=x onerror=%JS%>\n- [x] <b onclick=%JS%>done</b>"),
    ("html in a footnote", "x[^1]\n\n[^1]: <img src=x onerror=%JS%>"),
    (
        "command linker",
        '<button data-commandlinker-command="notebook:run-all-cells" '
        'data-commandlinker-args="{}">Next</button><a href="#" '
        'data-commandlinker-command="docmanager:open" data-commandlinker-args='
        '\'{"path":"<img src=x onerror=%JS%>"}\'>open</a>',
    ),
)

LATEX: tuple[Vector, ...] = (
    ("href javascript:", r"\href{javascript:%JS%}{a link}"),
    ("href in case", r"\href{JaVaScRiPt:%JS%}{a link}"),
    ("href data:", r"\href{data:text/html,<script>%JS%</script>}{a link}"),
    ("href breaks out", r'\href{#" onclick="%JS%}{a link}'),
    ("url", r"\url{javascript:%JS%}"),
    ("require html", r"\require{html}\href{javascript:%JS%}{a link}"),
    ("require elsewhere", r"\require{%URL%}x"),
    ("unicode", r'\unicode[x" onmouseover="%JS%]{65}'),
    ("class clobbers", r"\class{jp-Dialog jp-mod-styled}{x}"),
    ("class breaks out", r'\class{x" onclick="%JS%}{x}'),
    ("cssId clobbers", r"\cssId{jupyter-config-data}{x}\cssId{main}{y}"),
    ("style asks", r"\style{background:url(%URL%)}{x}"),
    (
        "style covers the page",
        r"\style{position:fixed;inset:0;z-index:99999;background:url(%URL%)}{x}",
    ),
    ("style breaks out", r'\style{x" onmouseover="%JS%}{x}'),
    ("data attribute", r"\data{x=y, onclick=%JS%}{x}"),
    ("html text", r"\text{<img src=x onerror=%JS%>}"),
    ("html in mathrm", r"\mathrm{<script>%JS%</script>}"),
    ("error shows its source", r"\undefined<img src=x onerror=%JS%>{"),
    ("mbox closes", r"\mbox{</script><script>%JS%</script>}"),
    ("toggle", r"\toggle{x}{<img src=x onerror=%JS%>}\endtoggle"),
    ("action tooltip", r"\mathtip{x}{<img src=x onerror=%JS%>}\texttip{x}{%JS%}"),
    ("def and expansion", r"\def\a{\href{javascript:%JS%}}\a{a link}"),
    ("newcommand", r"\newcommand{\b}[1]{\href{#1}{a link}}\b{javascript:%JS%}"),
    (
        "semantics annotation",
        r"\mmlToken{annotation-xml}[encoding=text/html]"
        r"{<img src=x onerror=%JS%>}",
    ),
    ("mml token", r"\mmlToken{mi}[href=javascript:%JS%]{x}"),
    ("mml token handler", r'\mmlToken{mi}[onclick="%JS%"]{x}'),
    ("image", r"\includegraphics{%URL%}"),
    ("tag and ref", r'\tag{<img src=x onerror=%JS%>} x \ref{" onclick="%JS%}'),
    ("colour", r"\color{red;background:url(%URL%)}x \bbox[url(%URL%)]{y}"),
    ("enclose", r'\enclose{x" onclick="%JS%}[mathcolor="url(%URL%)"]{x}'),
)

ATTACHED: tuple[tuple[str, str, str], ...] = (
    (
        "attachment svg",
        "image/svg+xml",
        "<svg xmlns='http://www.w3.org/2000/svg' onload='parent.%JS%'/>",
    ),
    (
        "attachment svg coded",
        "image/svg+xml",
        "%B64{<svg xmlns='http://www.w3.org/2000/"
        "svg'><script>parent.%JS%</script></svg>}%",
    ),
    ("attachment html", "text/html", "<script>%JS%</script>"),
    ("attachment type breaks out", 'image/png" onerror=%JS% x="', "x"),
    ("attachment data breaks out", "image/png", '" onerror=%JS% x="'),
)


def _attached() -> list[tuple[str, dict[str, object]]]:
    return [
        (
            name,
            {
                "source": "![x](attachment:a) [y](attachment:a) <img src='attachment:a'>",
                "attachments": {"a": {mime: data}},
            },
        )
        for name, mime, data in ATTACHED
    ]


def payloads() -> list[Payload]:
    """Return Markdown and LaTeX in cells and in outputs."""
    cells = [(name, {"source": text}) for name, text in MARKDOWN]
    outputs = [(name, {"data": {"text/markdown": text}}) for name, text in MARKDOWN]
    in_cells = [(name, {"source": f"Let $${text}$$ be."}) for name, text in LATEX]
    formulas = [(name, {"data": {"text/latex": f"$${text}$$"}}) for name, text in LATEX]
    within = [
        (f"{name}, within HTML", {"data": {"text/html": f"<p>$${text}$$</p>"}})
        for name, text in LATEX[:8]
    ]
    return [
        *numbered("md-cell", "markdown", "text/markdown", cells),
        *numbered("md-attached", "markdown", "text/markdown", _attached()),
        *numbered("md-run", "kernel", "text/markdown", outputs),
        *numbered("tex-cell", "markdown", "text/latex", in_cells),
        *numbered("tex-run", "kernel", "text/latex", formulas),
        *numbered("tex-html", "kernel", "text/html", within),
    ]
