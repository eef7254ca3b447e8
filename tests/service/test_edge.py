"""The edge: one shape for errors, headers on everything, no cross-site changes."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from starlette.datastructures import Headers

from nbinterview.service.csrf import is_allowed
from nbinterview.service.routes import models
from tests.service.support import Running, person_of

OWN = "http://nbinterview--service.localhost:8000"


def _assert_problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail"} <= set(body)
    assert body["status"] == status
    models.Problem.model_validate(body)
    return body


@pytest.mark.asyncio
async def test_every_error_has_one_shape(running: Running) -> None:
    operator, anonymous = await running.operator(), await running.client()
    interview_id = (await running.create())["interview"]["id"]
    room = await running.room(interview_id)
    _assert_problem(await operator.get("api/v1/nothing"), 404)
    _assert_problem(await operator.get("elsewhere"), 404)
    _assert_problem(await operator.put("api/v1/interviews"), 405)
    _assert_problem(await anonymous.get("api/v1/interviews"), 401)
    _assert_problem(await operator.get("api/v1/interviews/aaaaaaaaaa"), 404)
    _assert_problem(await operator.get("api/v1/interviews/No-Id"), 404)
    broken = await operator.post("api/v1/interviews", content=b"{")
    _assert_problem(broken, 400)
    empty = await operator.post("api/v1/interviews", json={})
    assert _assert_problem(empty, 400)["field"] == "template"
    unknown = await room.post(
        f"api/v1/rooms/{interview_id}/records", json={"picture": 1}
    )
    assert _assert_problem(unknown, 400)["field"] in {"records", "picture"}
    large = await operator.post("api/v1/interviews", content=b" " * 5_000_000)
    _assert_problem(large, 413)


@pytest.mark.asyncio
async def test_a_bug_is_answered_in_the_same_shape_and_says_nothing_of_itself(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    @running.app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("the secret is 42")

    import httpx

    transport = httpx.ASGITransport(running.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        with caplog.at_level(logging.CRITICAL):
            answer = await client.get("/broken")
    body = _assert_problem(answer, 500)
    assert "42" not in body["detail"]


@pytest.mark.asyncio
async def test_input_is_not_echoed(running: Running) -> None:
    operator = await running.operator()
    answer = await operator.post(
        "api/v1/interviews", json={"template": {}, "candidate": ["private text"]}
    )
    assert _assert_problem(answer, 400)["field"] == "candidate"
    assert "private" not in answer.text


@pytest.mark.asyncio
async def test_people_get_a_page_for_an_error(running: Running) -> None:
    ines = person_of(await running.create(), "interviewer")
    browser = await running.person(ines, "interviewers")
    answer = await browser.get("interviews/aaaaaaaaaa")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "There is no such interview." in answer.text


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "path", ["api/v1/health", "static/style.css", "nothing", "openapi.json", ""]
)
async def test_every_answer_carries_the_headers(running: Running, path: str) -> None:
    answer = await (await running.client()).get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    cached = path.startswith("static/")
    assert ("no-store" in answer.headers["cache-control"]) != cached


@pytest.mark.asyncio
async def test_openapi_describes_the_interface_and_its_one_error(
    running: Running,
) -> None:
    answer = await (await running.client()).get("openapi.json")
    schema = answer.json()
    prefix = "/services/nbinterview/api/v1"
    assert f"{prefix}/rooms/{{interview_id}}/records" in schema["paths"]
    for path, operations in schema["paths"].items():
        assert path.startswith(prefix)
        for operation in operations.values():
            assert "422" not in operation["responses"]
            content = operation["responses"]["default"]["content"]
            assert set(content) == {"application/problem+json"}


# ----------------------------------------------------------- cross-site changes


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"Origin": OWN, "Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": OWN}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Authorization": "Bearer t"}, True),
        ({}, False),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, False),
        ({"Origin": "http://room-aaaaaaaaaa.localhost:8000"}, False),
        ({"Origin": OWN, "Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": OWN, "Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": "http://localhost:8000", "Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": OWN + ".evil.example"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Authorization": "Basic t"}, False),
    ],
)
def test_only_our_own_pages_may_change_something(
    headers: dict[str, str], allowed: bool
) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE", "BREW"):
        assert is_allowed(method, Headers(headers), OWN) is allowed
    assert is_allowed("GET", Headers(headers), OWN)


@pytest.mark.asyncio
async def test_a_signed_in_browser_changes_nothing_for_another_site(
    running: Running,
) -> None:
    made = await running.create()
    interview_id = made["interview"]["id"]
    browser = await running.person(person_of(made, "interviewer"), "interviewers")
    for path in (
        f"interviews/{interview_id}/end",
        f"api/v1/interviews/{interview_id}/end",
    ):
        answer = await browser.post(
            path,
            headers={
                "Origin": running.settings.room_origin(interview_id),
                "Sec-Fetch-Site": "cross-site",
            },
        )
        assert answer.status_code == 403
    shown = await browser.get(f"api/v1/interviews/{interview_id}")
    assert shown.json()["interview"]["state"] == "scheduled"
