"""All that a candidate can get hold of, taken from a real interview that goes on.

A platform as `nbinterview up` starts it, two interviews, and in one of them a
candidate with Chromium: what came to the browser (every answer and socket message),
what it keeps (cookies, storages), what its scripts see, what the kernel sees.
`blobs` is all of it, with where each was found.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, Response, WebSocket
from playwright.sync_api import Error as BrowserError

from nbinterview.home import Addresses, Home
from tests.e2e.harness import Platform, headless, platform, wait_for
from tests.e2e.people import Made, browser_of_candidate, enter_room, notebook_file, run

CANDIDATE, INTERVIEWER = "Zoe Mueller", "Ines Okonkwo"
Tell = Callable[[str, bytes], None]

# Run in the candidate's kernel: what is in its environment, its processes' view and
# every small file that it can read, apart from installed packages.
KERNEL_PROBE = """
import base64, glob, json, os, zlib
found = {}
def keep(name, data):
    found[name] = data[:65536].decode('latin1')
keep('environ', repr(dict(os.environ)).encode())
for path in glob.glob('/proc/[0-9]*/*') + glob.glob('/proc/[0-9]*/net/*') + glob.glob(
        '/proc/*') + glob.glob('/proc/sys/kernel/*'):
    if path.rsplit('/', 1)[-1] in ('kmsg', 'kcore', 'mem', 'pagemap', 'kpagecount',
            'kpageflags', 'kpagecgroup', 'kallsyms', 'clear_refs', 'smaps',
            'config.gz'):
        continue
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            keep(path, os.read(fd, 65536))
        finally:
            os.close(fd)
    except OSError:
        pass
for top in ('/home', '/tmp', '/run', '/work', '/etc', '/root', '/var', '/dev/shm',
            '/mnt', '/opt', '/srv', os.getcwd()):
    for folder, folders, names in os.walk(top):
        folders[:] = [f for f in folders if f not in ('site-packages', 'cache', 'ssl')]
        for name in names:
            path = os.path.join(folder, name)
            try:
                if os.path.isfile(path) and os.path.getsize(path) < 1 << 20:
                    keep(path, open(path, 'rb').read(65536))
            except OSError:
                pass
packed = base64.b85encode(zlib.compress(json.dumps(found).encode())).decode()
print('REACHED' + str(len(packed)) + ':' + packed + ':END')
"""

PAGE_PROBE = """
async () => {
    const seen = new Set(), found = {}, latin1 = new TextDecoder('latin1');
    const walk = (value, depth) => {
        if (typeof value === 'string' && value.length >= 16) seen.add(value);
        if (!value || typeof value !== 'object') return;
        if (depth > 5 || seen.size > 20000) return;
        let names = [];
        try {
            names = Object.getOwnPropertyNames(value).slice(0, 400);
        } catch { return; }
        for (const name of names) {
            if (name.length >= 16) seen.add(name);
            try { walk(value[name], depth + 1); } catch {}
        }
    };
    walk(window, 0);
    found.state = [...seen];
    found.cookie = document.cookie;
    found.local = {...localStorage};
    found.session = {...sessionStorage};
    found.html = document.documentElement.outerHTML;
    found.resources = performance.getEntries().map(entry => entry.name);
    found.databases = {};
    for (const {name} of await indexedDB.databases()) {
        found.databases[name] = await new Promise(resolve => {
            const asked = indexedDB.open(name);
            asked.onerror = () => resolve('closed to us');
            asked.onsuccess = async () => {
                const db = asked.result, all = {};
                for (const store of db.objectStoreNames) {
                    all[store] = await new Promise(done => {
                        const got = db.transaction(store).objectStore(store).getAll();
                        got.onsuccess = () => done(got.result.map(row =>
                            JSON.stringify(row, (key, value) =>
                                value instanceof Uint8Array
                                    ? latin1.decode(value) : value)));
                        got.onerror = () => done([]);
                    });
                }
                db.close();
                resolve(all);
            };
        });
    }
    return found;
}
"""
# Asked by the page itself, for the words of their errors, and for files.
ASKED = (
    *("/api/contents/interview.ipynb?content=1", "/api/contents/?content=1"),
    *(
        "/files/interview.ipynb",
        "/nbconvert/html/interview.ipynb",
        "/view/interview.ipynb",
    ),
    *("/api/contents/interview.ipynb/checkpoints", "/api/contents/../room.json"),
    *(
        "/api/contents/nothing.ipynb",
        "/api/sessions",
        "/api/kernels",
        "/api/kernelspecs",
    ),
    *("/api/me", "/api/status", "/api/config/x", "/api/nbconvert", "/api/terminals"),
    *("/api/events", "/api/spec.yaml", "/lab/api/settings", "/lab/api/workspaces/x"),
    *(
        "/nbinterview/api/v1/live",
        "/nbinterview/api/v1/film",
        "/nbinterview/api/v1/check",
    ),
    *(
        "/metrics",
        "/robots.txt",
        "/%00",
        "/api/contents/%2e%2e/%2e%2e/secrets",
        "/nowhere",
    ),
    "/api/kernels/00000000-0000-0000-0000-000000000000/channels",
)


@dataclass
class Reach:
    """A candidate's interview `here`, somebody else's `other`, and what was reached."""

    platform: Platform
    addresses: Addresses
    home: Home
    here: Made
    other: Made
    blobs: list[tuple[str, bytes]] = field(default_factory=list)
    cookies: list[dict[str, Any]] = field(default_factory=list)

    def tell(self, where: str, data: bytes) -> None:
        """Note that this reached the candidate."""
        self.blobs.append((where, data))

    def room(self, made: Made) -> str:
        """Return the address of an interview's room."""
        name = f"room-{made.id}"
        return f"{self.addresses.origin(name)}/user/{name}"


@contextmanager
def reached(folder: Path, canary: Callable[[str], str]) -> Iterator[Reach]:
    """Live through the beginning of an interview; yield while everything runs.

    `canary` makes a word that stands nowhere else, for what has to stay hidden.
    """
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        running = stack.enter_context(platform(folder / "home", folder))
        play = stack.enter_context(sync_playwright())
        browser = stack.enter_context(headless(play))
        reach = _make(running, folder, canary)
        staff = browser.new_context(
            user_agent=f"Mozilla/5.0 Firefox/140.0 {canary('arrival')}"
        )
        enter_room(staff, reach.here.invitation(INTERVIEWER)["url"])
        candidate = browser_of_candidate(browser)
        _watch(candidate, reach.tell)
        _live(candidate, reach)
        yield reach
        candidate.close()
        staff.close()


def _make(running: Platform, folder: Path, canary: Callable[[str], str]) -> Reach:
    output = {"output_type": "stream", "name": "stdout", "text": canary("an output")}
    cells: list[dict[str, Any]] = [
        {"cell_type": "markdown", "source": "# The question"},
        _code("1 + 1", outputs=[output], execution_count=3),
        _code(f"# {canary('a solution')}", metadata={"tags": ["solution"]}),
        _code(
            f"assert {canary('a hidden test')!r}", metadata={"tags": ["hidden-tests"]}
        ),
        _code(f"x\n### BEGIN SOLUTION\n{canary('a region')}\n### END SOLUTION\n"),
        _code("3", metadata={"nbgrader": {"solution": canary("metadata of a cell")}}),
    ]
    template = notebook_file(folder / "template.ipynb", cells)
    whole = json.loads(template.read_text("utf-8"))
    whole["metadata"] = {"notes": canary("metadata of the notebook")}
    template.write_text(json.dumps(whole), "utf-8")
    elsewhere = notebook_file(
        folder / "elsewhere.ipynb", [_code(f"# {canary('another template')}")]
    )
    here = Made.by(
        running,
        template,
        *("--candidate", CANDIDATE, "--interviewer", INTERVIEWER),
        *("--title", "A look at wine", "--policy", "unwatched", "--start"),
    )
    other = Made.by(
        running,
        elsewhere,
        *("--candidate", canary("another candidate")),
        *("--interviewer", canary("another interviewer")),
        *("--title", canary("another title"), "--policy", "unwatched", "--start"),
    )
    home = Home(running.home)
    ports = json.loads((home.path / "run.json").read_text("utf-8"))["ports"]
    return Reach(running, Addresses.from_env(ports), home, here, other)


def _code(source: str, **more: Any) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "source": source,
        "outputs": [],
        "execution_count": None,
        **more,
    }


def _watch(context: BrowserContext, tell: Tell) -> None:
    def answer(response: Response) -> None:
        tell(f"address {response.url}", response.url.encode())
        with suppress(BrowserError):
            tell(f"headers of {response.url}", repr(response.all_headers()).encode())
        if not is_public(response.url):
            with suppress(BrowserError):
                tell(f"answer of {response.url}", response.body())

    def socket(opened: WebSocket) -> None:
        def framed(data: str | bytes) -> None:
            raw = data if isinstance(data, bytes) else data.encode()
            tell(f"socket {opened.url}", raw)

        opened.on("framereceived", framed)
        opened.on("framesent", framed)

    context.on("requestfinished", lambda request: answer(_answer_of(request)))
    context.on("page", lambda page: page.on("websocket", socket))


def _answer_of(request: Any) -> Response:
    found: Response = request.response()
    return found


def is_public(url: str) -> bool:
    """Say whether this is a file that anybody on the web may read."""
    path = url.split("?", maxsplit=1)[0]
    return any(
        part in path for part in ("/static/", "/lab/extensions/", "/lab/api/themes/")
    )


def _live(candidate: BrowserContext, reach: Reach) -> None:
    link = reach.here.invitation(CANDIDATE)["url"]
    reach.tell("invitation", link.encode())
    page = enter_room(candidate, link)
    _ask_kernel(page, reach)
    base = reach.room(reach.here)
    elsewhere = [
        f"{reach.addresses.public_url}/hub/{name}"
        for name in ("home", "token", "admin", "api/user", "nowhere", "login")
    ] + [f"{reach.addresses.service_url}{name}" for name in ("", "nowhere", "metrics")]
    for path in ASKED:
        _fetched(page, f"{base}{path}", reach)
    found = page.evaluate(PAGE_PROBE)
    for part, value in found.items():
        reach.tell(f"page: {part}", json.dumps(value, ensure_ascii=False).encode())
    for url in elsewhere:
        # Each in a page of its own: from the service's first page it goes on to the
        # room, which asks before it is left.
        other = candidate.new_page()
        with suppress(BrowserError):
            other.goto(url)
            reach.tell(f"page {url}", other.content().encode())
        # On a busy machine Chromium did not close a page that was still loading a room.
        with suppress(BrowserError):
            other.goto("about:blank")
        other.close()
    reach.cookies = [dict(cookie) for cookie in candidate.cookies()]
    for cookie in reach.cookies:
        reach.tell(f"cookie {cookie['name']}", str(cookie["value"]).encode())


def _fetched(page: Page, url: str, reach: Reach) -> None:
    text = page.evaluate(
        "async url => fetch(url).then(async got => got.status + (await got.text()))",
        url,
    )
    reach.tell(f"fetched {url}", str(text).encode())


def _ask_kernel(page: Page, reach: Reach) -> None:
    """Run the probe in the candidate's notebook; read its output where it is kept."""
    run(page, 0, KERNEL_PROBE)
    notebook = reach.home.room(reach.here.id) / "work" / "interview.ipynb"

    def printed() -> str:
        text = "".join(_outputs(notebook))
        return text if ":END" in text else ""

    text = wait_for("the kernel's answer", printed, timeout_s=60)
    for name, data in unpacked(text).items():
        reach.tell(f"kernel {name}", data)


def unpacked(printed: str) -> dict[str, bytes]:
    """Return what the probe in a kernel found, by where."""
    _, _, packed = printed.partition("REACHED")[2].partition(":")
    packed, _, _ = packed.partition(":END")
    found = json.loads(zlib.decompress(base64.b85decode(packed)))
    return {name: data.encode("latin1") for name, data in found.items()}


def _outputs(notebook: Path) -> Iterator[str]:
    with suppress(ValueError, FileNotFoundError):
        for cell in json.loads(notebook.read_text("utf-8"))["cells"]:
            for output in cell.get("outputs", ()):
                yield "".join(output.get("text", ""))
