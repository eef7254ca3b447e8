"""The interview's page while the interview goes on, in a real browser."""

from __future__ import annotations

from typing import Any

import httpx
from playwright.sync_api import Page, expect

from nbinterview.ledger.verify import verify
from tests.service.hub_process import RunningHub
from tests.service.signed import LiveRoom
from tests.service.test_pages_in_browser import (
    _names,
    _operator_creates,
    chromium,
    service,
    visit,
)

__all__ = ["chromium", "service", "visit"]


def test_the_panel_sees_what_happens_as_it_happens(
    service: RunningHub, visit: Any, tmp_path: Any
) -> None:
    made = _operator_creates(service, title="Data scientist, live")
    _, ines = _names(made)
    here = made["interview"]["id"]
    operator = {"Authorization": f"Bearer {service.home.secret('operator_token')}"}
    httpx.post(
        f"{service.addresses.service_api}/interviews/{here}/start",
        headers=operator,
        trust_env=False,
    )
    room = LiveRoom(service, here)
    room.send("interview.state", {"state": "open"})
    staff = visit()
    staff.sign_in(ines, f"interviews/{here}")
    page = staff.page
    live = page.locator("#live")
    expect(live.get_by_role("status")).to_have_text("Live")
    expect(live.get_by_role("listitem")).to_have_count(1)
    room.send("warning", {"text": "Please come back to this page."})
    flag = {"episode_id": "e1", "rule": "faces", "title": "<b>Two</b> faces"}
    room.send("flag", {**flag, "evidence": {}})
    room.send("gap", {"what": "watching", "state": "began", "cause": "worker"})
    first = live.get_by_role("listitem").first
    expect(first).to_contain_text("No proof of watching", timeout=3000)
    expect(first).to_contain_text("The part of the page that watches stopped.")
    # Somebody's text is shown as it is, and is no HTML.
    expect(live.get_by_text("<b>Two</b> faces")).to_be_visible()
    expect(page.locator("[data-live=last_seq]")).to_have_text("4")
    expect(page.locator("[data-live=signed]")).to_have_text("4")
    staff.keep("interview-live")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the signed record").click()
    path = tmp_path / "bundle.zip"
    download.value.save_as(path)
    assert verify(path).ok
    # Whoever is put out hears nothing more, and is told so.
    [link] = [one for one in made["invitations"] if one["role"] == "interviewer"]
    httpx.post(
        f"{service.addresses.service_api}/invitations/{link['id']}/withdraw",
        headers=operator,
        trust_env=False,
    )
    expect(live.get_by_role("status")).to_have_text(
        "This is not open to you any more.", timeout=5000
    )
    room.send("flag", {**flag, "evidence": {}})
    expect(page.locator("[data-live=last_seq]")).to_have_text("4")
    room.close()


def _show(page: Page, *, hidden: bool) -> None:
    """Let a page believe that nobody looks at it, or that somebody does again."""
    page.evaluate(
        """hidden => {
            Object.defineProperty(document, "hidden",
                { value: hidden, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def test_a_page_that_was_away_catches_up(service: RunningHub, visit: Any) -> None:
    made = _operator_creates(service, title="Data scientist, away")
    _, ines = _names(made)
    here = made["interview"]["id"]
    httpx.post(
        f"{service.addresses.service_api}/interviews/{here}/start",
        headers={"Authorization": f"Bearer {service.home.secret('operator_token')}"},
        trust_env=False,
    )
    room = LiveRoom(service, here)
    staff = visit()
    staff.sign_in(ines, f"interviews/{here}")
    status = staff.page.locator("#live").get_by_role("status")
    expect(status).to_have_text("Live")
    _show(staff.page, hidden=True)
    for number in range(3):
        room.send("warning", {"text": f"Number {number}"})
    # The service is just starting when the page comes back.
    staff.page.route("**/events?*", lambda route: route.fulfill(status=503))
    _show(staff.page, hidden=False)
    expect(status).to_have_text("Not connected. It goes on by itself.")
    staff.page.unroute("**/events?*")
    expect(status).to_have_text("Live", timeout=15_000)
    items = staff.page.locator("#live li")
    expect(items).to_have_count(3)
    expect(items.first).to_contain_text("Number 2")
    # The browser itself says that it was refused.
    assert all("503" in one for one in staff.complaints)
    staff.complaints.clear()
    room.close()
