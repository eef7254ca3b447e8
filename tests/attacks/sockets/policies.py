"""What every kind of page may run, by its Content-Security-Policy."""

from __future__ import annotations

from collections.abc import Mapping

from playwright.sync_api import Page

from tests.attacks.sockets.world import CANDIDATE, World

_UNSAFE = ("'unsafe-inline'", "'unsafe-eval'", "'unsafe-hashes'", "*", "data:", "blob:")
_WIDE = ("http:", "https:", "ws:", "wss:")


def directives(policy: str) -> Mapping[str, list[str]]:
    """Return the sources of each directive."""
    parts = [part.split() for part in policy.split(";") if part.strip()]
    return {name: sources for name, *sources in parts}


def faults(policy: str, framed: bool = False) -> list[str]:
    """Return what is wrong with a page's policy; `framed` pages are for our own."""
    found = directives(policy)
    wrong = [f"no {name}" for name in ("frame-ancestors",) if name not in found]
    scripts = found.get("script-src", found.get("default-src"))
    if scripts is None:
        wrong.append("says nothing of scripts")
    wrong += [f"scripts: {one}" for one in scripts or () if one in (*_UNSAFE, *_WIDE)]
    wanted = ["'self'"] if framed else ["'none'"]
    if found.get("frame-ancestors", wanted) != wanted:
        wrong.append(f"framed by {found['frame-ancestors']}")
    if "object-src" not in found and found.get("default-src") != ["'none'"]:
        wrong.append("says nothing of objects")
    return wrong


def of_pages(world: World) -> dict[str, list[str]]:
    """Open a page of each kind as an interviewer; return each one's faults."""
    public, service = world.addresses.public_url, world.addresses.service_url
    here, room = f"{service}interviews/{world.here.id}", world.room(world.here)
    link = world.here.invitation(CANDIDATE)["url"]
    pages = {
        "service: home": service,
        "service: interview": here,
        "service: end": f"{here}/end",
        "service: replay": f"{here}/replay",
        "service: checks": f"{here}/checks",
        "service: of nobody's": f"{service}interviews/aaaaaaaaaa",
        "service: nothing": f"{service}nowhere",
        "hub: invitation": link,
        "hub: no invitation": f"{public}/hub/invitation?token=x",
        "hub: home": f"{public}/hub/home",
        "hub: login": f"{public}/hub/login",
        "hub: nothing": f"{public}/hub/nowhere",
        "hub: an error of the proxy": f"{public}/hub/error/503",
        "hub: JupyterHub's own": f"{public}/hub/spawn",
        "hub: REST": f"{public}/hub/api/user",
        "hub: of an interview that has no room": (
            f"{world.addresses.origin('room-aaaaaaaaaa')}/user/room-aaaaaaaaaa/"
        ),
        "report: list": world.addresses.report_url,
        "report: nothing": f"{world.addresses.report_url}nowhere",
        "room: an error": f"{room}/nowhere",
        "room: files of pages": f"{room}/static/favicons/favicon.ico",
    }
    page = world.interviewer.new_page()
    found = {what: faults(_policy(page, url)) for what, url in pages.items()}
    page.close()
    lab = world.ask("GET", f"{room}/lab", world.interviewer)
    found["room: notebook"] = faults(lab.headers.get("Content-Security-Policy", ""))
    frame = world.ask("GET", f"{room}/nbinterview/static/x/frame/index.html")
    own = frame.headers.get("Content-Security-Policy", "")
    found["room: output frame"] = faults(own, framed=True)
    return found


def _policy(page: Page, url: str) -> str:
    """Return the policy of where an address leads in the end."""
    answer = page.goto(url)
    assert answer is not None, url
    return answer.header_value("content-security-policy") or ""
