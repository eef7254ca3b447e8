"""A room's page reaches its room only, and access that is taken away is gone.

In the order of one interview: what is attacked before the withdrawal comes first.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.attacks.sockets import leaving, links, origins, policies, states
from tests.attacks.sockets.world import CANDIDATE, World

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def test_the_attacks_would_be_seen(people: World) -> None:
    service = people.addresses.service_url
    page = f"{service}interviews/{people.here.id}"
    answer = people.ask("GET", page, people.interviewer, {"Accept": "text/html"})
    assert answer.status_code == 200, "the cookies are good"
    here = people.room(people.here) + "/api/me"
    [found] = origins.fetched(people.interviewer_page, [here, "cors", "GET"])
    assert found.startswith("read"), "the page's own room answers it"


def test_honest_use_breaks_no_policy(people: World) -> None:
    assert people.violations == []


def test_every_kind_of_page_has_a_policy_without_inline_scripts(people: World) -> None:
    found = policies.of_pages(people)
    assert len(found) >= 18
    assert {what: faults for what, faults in found.items() if faults} == {}
    stock = "frame-ancestors 'none'; report-uri /hub/security/csp-report"
    assert policies.faults(stock), "JupyterHub's own would not pass"


def test_no_token_of_the_hub_is_in_a_page(people: World) -> None:
    assert origins.words_of_tokens(people, people.interviewer_page).hits == []


def test_sockets_open_for_the_rooms_own_pages_only(people: World) -> None:
    tried = origins.foreign_sockets(people)
    assert (tried.n, tried.hits) == (35, [])


def test_cookies_are_not_tossed_onto_other_hosts(people: World) -> None:
    assert origins.tossed(people, people.interviewer_page).hits == []


def test_a_script_in_a_rooms_page_reaches_nothing_else(people: World) -> None:
    for attack in (origins.from_a_page, origins.popups_and_forms):
        tried = attack(people, people.interviewer_page)
        assert (tried.n > 20, tried.hits) == (True, [])


def test_all_the_cookies_change_nothing_from_another_origin(people: World) -> None:
    tried = origins.forged(people, people.interviewer, ("POST",))
    assert (tried.n > 100, tried.hits) == (True, [])
    answer = people.operator("GET", f"/interviews/{people.here.id}").json()
    assert answer["interview"]["state"] == "open"
    assert {one["state"] for one in answer["invitations"]} == {"valid"}


def test_links_are_opened_by_people_only(people: World) -> None:
    assert links.scanned(people, people.here).hits == []
    assert links.in_anothers_browser(people, people.other).hits == []


def test_access_that_is_taken_away_is_gone_and_comes_back(people: World) -> None:
    left = leaving.withdraw(people)
    assert left.sockets >= 4
    assert left.closed_after_s <= leaving.WITHIN_S
    assert left.reopened == []
    assert set(left.statuses.values()) <= {401, 403}, left.statuses
    assert left.reasons == ["withdrawn"]
    assert left.asks_after <= 2
    old = people.here.invitation(CANDIDATE)["url"]
    assert links.too_late(people, old).hits == []
    page = leaving.invite_again(people)
    page.get_by_text("Saved").first.wait_for()


def test_every_route_answers_a_candidate_as_the_tables_say(
    people: World, tmp_path: Path
) -> None:
    way = states.walk(people, tmp_path, ("GET", "POST"), thorough=False)
    assert {state: tried.hits for state, tried in way.tried.items()} == {
        "scheduled": [],
        "open": [],
        "ended": [],
    }
    assert all(tried.n > 300 for tried in way.tried.values())
    assert way.let_in["open"] > way.let_in["ended"] + 20
    assert way.let_in["open socket"] >= 3
    assert way.let_in["scheduled socket"] == way.let_in["ended socket"] == 0


def test_after_the_end_a_candidates_link_opens_their_record_and_no_room(
    people: World,
) -> None:
    answer = people.operator("POST", f"/interviews/{people.other.id}/end")
    assert answer.status_code == 200
    context = people.browser.new_context()
    page = context.new_page()
    page.goto(people.other.invitations[0]["url"])
    page.get_by_role("button", name="Open my record").click()
    page.wait_for_url("**/my-record")
    interview = page.url.removesuffix("/my-record")
    shut = [
        interview,
        f"{people.room(people.other)}/lab",
        f"{people.room(people.other)}/api/contents",
        f"{people.room(people.here)}/lab",
        interview.replace(people.other.id, people.here.id) + "/my-record",
    ]
    answers = {url: people.ask("GET", url, context).status_code for url in shut}
    assert {url: code for url, code in answers.items() if code == 200} == {}
    live = f"{people.room(people.other)}/nbinterview/api/v1/live"
    assert not origins.opens(people, live, context, people.origin(people.other))
    context.close()
