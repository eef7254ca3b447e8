"""Invitation links: what opening shows, what the button does, what is refused."""

from __future__ import annotations

from tests.hub_config.browser import Browser
from tests.hub_config.local_platform import Platform


def test_opening_shows_interview_person_and_role(
    platform: Platform, browser: Browser
) -> None:
    link, _ = platform.invite("candidate", "Ada Lovelace")
    page = browser.open(link)
    assert page.status == 200
    for words in ("Exploring churn", "Ada Lovelace", "as candidate", "22 November"):
        assert words in page.words()
