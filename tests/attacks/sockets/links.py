"""The invitation's link: opened by programs, by others, too late, and twice."""

from __future__ import annotations

from tests.attacks.sockets.origins import Tried
from tests.attacks.sockets.world import World
from tests.e2e.people import Made

_SIGNED_IN = "jupyterhub-hub-login"


def _signs_in(world: World, method: str, url: str, **body: str) -> bool:
    answer = world.ask(method, url, None, None, **body)
    return any(_SIGNED_IN in one for one in answer.headers.get_list("set-cookie"))


def scanned(world: World, made: Made) -> Tried:
    """Open every link of an interview as scanners and previews do."""
    tried = Tried()
    for link in made.invitations:
        url = link["url"]
        token = url.partition("token=")[2]
        for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"):
            tried.note(f"{method} link", hit=_signs_in(world, method, url))
        bare = url.partition("?")[0]
        # The form's own request, without ever having seen the form.
        tried.note("POST form", hit=_signs_in(world, "POST", bare, token=token))
        tried.note(
            "POST xsrf", hit=_signs_in(world, "POST", bare, token=token, _xsrf="x")
        )
    return tried


def in_anothers_browser(world: World, made: Made) -> Tried:
    """Open the candidate's link in the interviewer's browser and press no button."""
    tried = Tried()
    before = {one["name"]: one["value"] for one in world.interviewer.cookies()}
    page = world.interviewer.new_page()
    page.goto(made.invitations[0]["url"])
    tried.note("asks", hit="Ines Okonkwo" not in page.inner_text("body"))
    page.close()
    after = {one["name"]: one["value"] for one in world.interviewer.cookies()}
    kept = before.get(_SIGNED_IN) == after.get(_SIGNED_IN)
    tried.note("still signed in", hit=not kept)
    return tried


def too_late(world: World, url: str) -> Tried:
    """Open a link that does not hold any more, in a browser of its own."""
    tried = Tried()
    context = world.browser.new_context()
    page = context.new_page()
    answer = page.goto(url)
    tried.note("status", hit=answer is None or answer.status < 400)
    button = page.get_by_role("button", name="Sign in")
    tried.note(
        "button",
        hit=button.or_(page.get_by_role("button", name="Continue")).count() > 0,
    )
    signed_in = any(one["name"] == _SIGNED_IN for one in context.cookies())
    tried.note("signed in", hit=signed_in)
    context.close()
    token = url.partition("token=")[2]
    bare = url.partition("?")[0]
    tried.note("POST", hit=_signs_in(world, "POST", bare, token=token))
    return tried
