"""Limits: what is too much, who is not hindered by it, and what is counted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from limits import parse

from nbinterview.errors import Invalid, TooMany
from nbinterview.rates import (
    MAX_WINDOWS,
    MIB,
    RATES,
    Limiter,
    Windows,
    address_of,
    limits_from_env,
)
from nbinterview.service.settings import Settings
from nbinterview_server.door import entry_for
from nbinterview_server.ship import MAX_BATCH_BYTES, MAX_RECORDS
from tests.service.support import Start, person_of, record


class Seconds:
    """A monotonic clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_window_moves_and_says_when_to_come_again() -> None:
    clock = Seconds()
    limiter = Limiter({"x": parse("2/minute")}, clock)
    limiter.take("x", "a")
    clock.now_s += 20
    limiter.take("x", "a")
    with pytest.raises(TooMany, match="wait 40 seconds") as refused:
        limiter.take("x", "a")
    assert refused.value.retry_after_s == 40
    limiter.take("x", "b")  # nobody else is hindered
    clock.now_s += 40
    limiter.take("x", "a")
    with pytest.raises(TooMany):
        limiter.take("x", "a")


def test_memory_is_bounded() -> None:
    windows = Windows(Seconds())
    for number in range(MAX_WINDOWS + 500):
        assert windows.acquire_entry(str(number), 5, 60)
    assert windows.reset() == MAX_WINDOWS


def test_a_room_may_catch_up_after_an_hour_away() -> None:
    limiter = Limiter(limits_from_env({}), Seconds())
    # An hour of 30 records a second, each 8 KiB, all at once.
    records = 30 * 3600
    for _ in range(records // MAX_RECORDS):
        limiter.take("ingest", "room a")
    for _ in range(records * 8 * 1024 // MAX_BATCH_BYTES):
        limiter.take("ingest", "room a")
        limiter.take("ingest-mib", "room a", cost=MAX_BATCH_BYTES // MIB)


def test_limits_are_changed_by_the_environment() -> None:
    found = limits_from_env({"NBINTERVIEW_LIMITS": "downloads=7/hour, checks=1/minute"})
    assert (found["downloads"].amount, found["downloads"].get_expiry()) == (7, 3600)
    assert found["checks"].amount == 1
    assert set(found) == {rate.name for rate in RATES}
    for wrong in ("nothing=1/minute", "downloads=many", "downloads"):
        with pytest.raises(Invalid):
            limits_from_env({"NBINTERVIEW_LIMITS": wrong})


@pytest.mark.parametrize(
    ("forwarded", "hops", "address"),
    [
        ("", 1, "127.0.0.1"),
        ("203.0.113.7", 1, "203.0.113.7"),
        # What the client itself wrote comes first and is not believed.
        ("198.51.100.1, 203.0.113.7", 1, "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7, 10.0.0.1", 2, "203.0.113.7"),
        ("203.0.113.7", 0, "127.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", 1, "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", 1, "203.0.113.7"),
        ("nonsense", 1, "127.0.0.1"),
    ],
)
def test_whose_address_counts(forwarded: str, hops: int, address: str) -> None:
    assert address_of("127.0.0.1", forwarded, hops) == address


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        ("POST /api/kernels/k/execute", "room-execute"),
        ("GET /api/kernels/k/execute", "room-requests"),
        ("POST /api/kernels/k/input", "room-input"),
        ("POST /nbinterview/api/v1/check", "room-check"),
        ("GET /nbinterview/api/v1/film", "room-film"),
        ("POST /api/sessions", "room-session"),
        ("DELETE /api/kernels/k", "room-session"),
        ("GET /lab", "room-requests"),
    ],
)
def test_which_limit_of_a_room(request_: str, name: str) -> None:
    found = entry_for(*request_.split(" "))
    assert found is not None
    assert found[0].limit == name


@pytest.mark.asyncio
async def test_too_much_is_429_with_retry_after_and_is_counted(
    start: Start, settings: Settings
) -> None:
    clock = Seconds()
    changes = "requests=3/minute,ingest=2/minute,sign-in=1/minute"
    limits = limits_from_env({"NBINTERVIEW_LIMITS": changes})
    running = await start(replace(settings, limits=limits, monotonic_s=clock))
    made = await running.create()
    interview = made["interview"]["id"]
    browser = await running.person(person_of(made, "interviewer"), "interviewers")
    for _ in range(3):
        assert (await browser.get(f"interviews/{interview}")).status_code == 200
    page = await browser.get(f"interviews/{interview}")
    assert page.status_code == 429
    assert page.headers["retry-after"] == "60"
    assert page.headers["content-type"].startswith("text/html")
    assert "please wait 60 seconds" in page.text
    problem = await browser.get("api/v1/interviews")
    assert problem.status_code == 429
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json()["title"] == "Too many requests"
    # Another person, and the operator, go on.
    candidate = await running.person(person_of(made, "candidate"))
    entered = await candidate.get(f"interviews/{interview}/enter")
    assert entered.status_code == 200
    clock.now_s += 60
    assert (await browser.get(f"interviews/{interview}")).status_code == 200

    room = await running.room(interview)
    refused = record(interview, 1, "refused", {"what": "message", "count": 3})
    first = await room.post(
        f"api/v1/rooms/{interview}/records", json={"records": [refused]}
    )
    assert first.status_code == 200, first.text
    for expected in (200, 429):
        again = await room.post(
            f"api/v1/rooms/{interview}/records", json={"records": [refused]}
        )
        assert again.status_code == expected
    large = await room.post(
        f"api/v1/rooms/{interview}/records",
        headers={"Content-Length": str(64 * MIB)},
        content=b"",
    )
    assert large.status_code == 413

    operator = await running.operator()
    answer = await operator.get("metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    lines = set(answer.text.splitlines())
    assert {
        'nbinterview_refused_total{reason="limit"} 3.0',
        'nbinterview_refused_total{reason="size"} 1.0',
        "nbinterview_records_taken_total 1.0",
        'nbinterview_room_refusals_total{what="message"} 3.0',
        'nbinterview_interviews{state="scheduled"} 1.0',
        "nbinterview_ingest_lag_seconds_count 1.0",
    } <= lines, answer.text


@pytest.mark.asyncio
async def test_an_address_signs_in_so_often_and_its_own_word_does_not_count(
    start: Start, settings: Settings
) -> None:
    limits = limits_from_env({"NBINTERVIEW_LIMITS": "sign-in=1/minute"})
    running = await start(replace(settings, limits=limits))
    for own_word, address, status in (
        ("1.1.1.1", "203.0.113.7", 400),
        ("2.2.2.2", "203.0.113.7", 429),
        ("1.1.1.1", "203.0.113.8", 400),
    ):
        forwarded = {"X-Forwarded-For": f"{own_word}, {address}"}
        client = await running.client(**forwarded)
        assert (await client.get("oauth_callback")).status_code == status


def test_the_hubs_own_metrics_are_closed_to_people(settings: Settings) -> None:
    import httpx

    from tests.service.hub_process import TEST_TOKEN

    url = settings.addresses.hub_api.removesuffix("/api") + "/metrics"
    headers = {"Authorization": f"token {TEST_TOKEN}"}
    for given in ({}, headers):
        answer = httpx.get(url, headers=given, trust_env=False)
        assert answer.status_code == 403
