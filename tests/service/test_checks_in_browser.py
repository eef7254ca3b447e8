"""The check on the service's page, going on by itself, in a real browser."""

from __future__ import annotations

from typing import Any

import httpx
from playwright.sync_api import expect

from nbinterview.tokens import room_token
from tests.service.hub_process import RunningHub
from tests.service.support import person_of
from tests.service.test_pages_in_browser import (
    _operator_creates,
    chromium,
    service,
    visit,
)
from tests.service.told import Told, result, text

__all__ = ["chromium", "service", "visit"]


def test_a_check_shows_how_it_goes_on(service: RunningHub, visit: Any) -> None:
    api = service.addresses.service_api
    operator = {"Authorization": f"Bearer {service.home.secret('operator_token')}"}
    with httpx.Client(base_url=api, headers=operator, trust_env=False) as client:
        made = _operator_creates(service)
        here = made["interview"]["id"]
        told = Told(here).open("x = 20", "x + 1", "print('a', x)", "1 / 0", "x")
        told.run(1)
        told.run(2, outputs=[result("21")])
        told.run(3, outputs=[text("a 19\n")])
        token = room_token(service.home.secret("room_key"), here)
        client.post(
            f"/rooms/{here}/records",
            json={"records": told.records},
            headers={"Authorization": f"Bearer {token}"},
        ).raise_for_status()
        client.post(f"/interviews/{here}/end").raise_for_status()
    ines = visit()
    ines.sign_in(person_of(made, "interviewer"), f"interviews/{here}")
    ines.page.get_by_role("button", name="Run all from the top").click()
    part = ines.page.locator("#checks")
    expect(part).to_contain_text("No, it does not run to its end.", timeout=60_000)
    expect(part.locator(".pill")).to_have_text(
        ["Same", "Same", "Differs", "Error", "Not reached"]
    )
    expect(part).to_contain_text("Asked by Ines Interviewer")
    ines.keep("check")
    assert ines.complaints == []
