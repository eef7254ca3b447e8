"""Answers and decisions: a candidate's own record, and the reviewers' page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from html import unescape
from typing import Any

import httpx
import pytest

from nbinterview.service.db.models import Interview
from nbinterview.service.domain import interviews, review
from tests.service.support import Running, notebook, person_of
from tests.service.test_findings_words import watched

pytestmark = pytest.mark.asyncio

CONTESTED = "I looked at <my> notes, which were allowed."
ON_THEIR_RECORD = "Your record"
REASON = "The same minute shows a pasted answer."


class Held:
    """One interview that was watched, with its people's browsers."""

    def __init__(self, running: Running, made: dict[str, Any]) -> None:
        self.running = running
        self.made = made
        self.here: str = made["interview"]["id"]
        self.record_url = f"interviews/{self.here}/my-record"
        self.answers_url = f"{self.record_url}/answers"
        self.findings_url = f"interviews/{self.here}/findings"
        self.decisions_url = f"{self.findings_url}/decisions"

    @classmethod
    async def of(cls, running: Running, *, ended: bool, **given: Any) -> Held:
        """Make it, with a record in which `e1` is a flag and `e2` did not count."""
        held = cls(running, await running.create(reviewer="Rita Reviewer", **given))
        room = await running.room(held.here)
        answer = await room.post(
            f"api/v1/rooms/{held.here}/records",
            json={"records": watched(held.here).records},
        )
        assert answer.status_code == 200, answer.text
        await held._mark(interviews.mark_open)
        if ended:
            await held.end()
        return held

    async def end(self) -> None:
        await self._mark(interviews.mark_ended)

    async def _mark(self, mark: Callable[..., object]) -> None:
        now: datetime = self.running.clock()
        async with self.running.state.database.write() as session:
            interview: Interview = await interviews.get(session, self.here)
            mark(interview, now=now)

    async def browser(self, role: str) -> httpx.AsyncClient:
        name = person_of(self.made, role)
        return await self.running.person(name, f"{role}s")

    async def report(self) -> dict[str, Any]:
        ticket = await self.running.ticket(person_of(self.made, "reviewer"), self.here)
        found = await ticket.get(f"api/v1/report/interviews/{self.here}")
        assert found.status_code == 200, found.text
        return dict(found.json())


# ------------------------------------------------------------ the own record


async def test_a_candidate_reads_their_record_and_answers_it(running: Running) -> None:
    held = await Held.of(running, ended=True)
    cara = await held.browser("candidate")
    page = unescape((await cara.get(held.record_url)).text)
    for words in (
        *("Your record", "Flagged", "Recorded, did not count", "“Away.”", "31 s"),
        *("The question allows it.", "Move the lamp in front of you. (6.0 s)"),
        *("Thank you all.", "A person always decides."),
    ):
        assert words in page, words
    kept = await cara.post(
        held.answers_url, data={"episode_id": "e1", "text": f"  {CONTESTED}\r\n"}
    )
    assert kept.status_code == 303
    assert kept.headers["location"].endswith("/my-record#entry-e1")
    running.clock.move(seconds=5)
    await cara.post(held.answers_url, data={"text": "All in all it was fine."})
    again = (await cara.get(held.record_url)).text
    assert CONTESTED not in again  # escaped
    assert CONTESTED in unescape(again)
    assert (await held.report())["answers"] == [
        {
            "episode_id": "e1",
            "text": CONTESTED,
            "at": "2026-11-22T09:00:00.000000Z",
        },
        {
            "episode_id": None,
            "text": "All in all it was fine.",
            "at": "2026-11-22T09:00:05.000000Z",
        },
    ]


async def test_a_faulty_answer_is_not_kept_and_not_lost(running: Running) -> None:
    held = await Held.of(running, ended=True)
    cara = await held.browser("candidate")
    for episode_id, text, words in (
        ("e1", "  ", "Write a few words"),
        ("e9", "What?", "no such entry"),
        ("e1", "x" * 2001, "more than 2000"),
        ("", "nothing \x00 at all", "cannot be kept"),
    ):
        data = {"episode_id": episode_id, "text": text}
        answer = await cara.post(held.answers_url, data=data)
        assert answer.status_code == 400
        assert ON_THEIR_RECORD in answer.text
        assert words in answer.text
        assert text in unescape(answer.text)
    assert (await held.report())["answers"] == []


async def test_answers_have_an_end(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review, "MAX_ANSWERS", 2)
    held = await Held.of(running, ended=True)
    cara = await held.browser("candidate")
    answers = [
        await cara.post(held.answers_url, data={"text": f"{n}"}) for n in range(3)
    ]
    assert [answer.status_code for answer in answers] == [303, 303, 409]


async def test_the_own_record_is_there_during_the_interview_too(
    running: Running,
) -> None:
    held = await Held.of(running, ended=False)
    cara = await held.browser("candidate")
    assert ON_THEIR_RECORD in (await cara.get(held.record_url)).text
    kept = await cara.post(held.answers_url, data={"episode_id": "e2", "text": "Hm."})
    assert kept.status_code == 303


async def test_before_the_start_there_is_nothing_to_answer(running: Running) -> None:
    held = Held(running, await running.create(reviewer="Rita Reviewer"))
    cara = await held.browser("candidate")
    page = await cara.get(held.record_url)
    assert "Nothing was noted so far" in page.text
    assert "<form" not in page.text.partition('<main id="main"')[2]
    early = await cara.post(held.answers_url, data={"text": "First!"})
    assert early.status_code == 409


async def test_another_site_answers_and_decides_nothing(running: Running) -> None:
    held = await Held.of(running, ended=True)
    other = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
    cara, rita = await held.browser("candidate"), await held.browser("reviewer")
    answer = await cara.post(held.answers_url, data={"text": "I did it"}, headers=other)
    data = {"episode_id": "e1", "decision": "upheld", "reason": REASON}
    decided = await rita.post(held.decisions_url, data=data, headers=other)
    assert (answer.status_code, decided.status_code) == (403, 403)
    report = await held.report()
    assert (report["answers"], report["decisions"]) == ([], [])


# ----------------------------------------------------------------- decisions


async def test_a_reviewer_sees_the_answer_beside_the_flag_and_decides(
    running: Running,
) -> None:
    held = await Held.of(running, ended=True)
    cara, rita = await held.browser("candidate"), await held.browser("reviewer")
    await cara.post(held.answers_url, data={"episode_id": "e1", "text": CONTESTED})
    page = unescape((await rita.get(held.findings_url)).text)
    for words in (
        *("1 flag", CONTESTED, "The door[U+202E] bell.", "Not decided yet"),
        *("not measured on people yet", "Honest work can look the same"),
        *("replay#t=0:06", "Tab hidden", "Read the work first"),
    ):
        assert words in page, words
    flag = {"episode_id": "e1"}
    decided = await rita.post(
        held.decisions_url, data={**flag, "decision": "upheld", "reason": REASON}
    )
    assert decided.status_code == 303
    assert decided.headers["location"].endswith("/findings#entry-e1")
    running.clock.move(minutes=1)
    changed = await rita.post(
        held.decisions_url, data={**flag, "decision": "set_aside", "reason": ""}
    )
    assert changed.status_code == 303
    person = {"by": person_of(held.made, "reviewer"), "by_name": "Rita Reviewer"}
    assert (await held.report())["decisions"] == [
        {
            **flag,
            **person,
            "decision": "upheld",
            "reason": REASON,
            "at": "2026-11-22T09:00:00.000000Z",
        },
        {
            **flag,
            **person,
            "decision": "set_aside",
            "reason": "",
            "at": "2026-11-22T09:01:00.000000Z",
        },
    ]
    after = (await rita.get(held.findings_url)).text
    assert after.index("Set aside</strong>") < after.index("Upheld</strong>")
    assert "(changed since)" in after
    assert REASON in after


async def test_nothing_is_upheld_without_a_reason(running: Running) -> None:
    held = await Held.of(running, ended=True)
    rita = await held.browser("reviewer")
    for decision, reason, words in (
        ("upheld", "", "To uphold a flag, write why"),
        ("upheld", " 123456789 ", "at least 10 characters"),
        ("", REASON, "Choose whether"),
        ("rejected", REASON, "Choose whether"),
    ):
        data = {"episode_id": "e1", "decision": decision, "reason": reason}
        answer = await rita.post(held.decisions_url, data=data)
        assert answer.status_code == 400
        assert words in answer.text
        assert reason in answer.text
    assert (await held.report())["decisions"] == []


async def test_what_did_not_count_is_not_decided_about(running: Running) -> None:
    held = await Held.of(running, ended=True)
    rita = await held.browser("reviewer")
    for episode_id in ("e2", "e9", ""):
        data = {"episode_id": episode_id, "decision": "set_aside"}
        assert (await rita.post(held.decisions_url, data=data)).status_code == 400


async def test_interviewers_read_findings_and_decide_nothing(running: Running) -> None:
    held = await Held.of(running, ended=True)
    ines = await held.browser("interviewer")
    page = (await ines.get(held.findings_url)).text
    assert "Reviewers decide about flags." in page
    assert "Keep this decision" not in page
    data = {"episode_id": "e1", "decision": "set_aside"}
    refused = await ines.post(held.decisions_url, data=data)
    assert refused.status_code == 403
    cara = await held.browser("candidate")
    assert (await cara.get(held.findings_url)).status_code == 403


async def test_nobody_decides_before_the_candidate_could_answer(
    running: Running,
) -> None:
    held = await Held.of(running, ended=False)
    rita = await held.browser("reviewer")
    page = (await rita.get(held.findings_url)).text
    assert "when the interview has ended" in page
    assert "Keep this decision" not in page
    data = {"episode_id": "e1", "decision": "set_aside"}
    assert (await rita.post(held.decisions_url, data=data)).status_code == 409


async def test_measured_error_rates_stand_beside_a_flag_and_in_the_report(
    running: Running,
) -> None:
    held = await Held.of(running, ended=True)
    assert (await held.report())["error_rates"] is None
    rate = {
        "rule": "looking_away",
        "false_episodes": 2,
        "honest_hours": 40.0,
        "found": 9,
        "cheats": 10,
        "subjects": 12,
        "source": "twelve colleagues",
        "engine_version": "2.0",
    }
    operator = await running.operator()
    await operator.put("api/v1/error-rates", json={"rates": [rate]})
    assert (await held.report())["error_rates"] == {"looking_away": rate}
    rita = await held.browser("reviewer")
    page = (await rita.get(held.findings_url)).text
    assert "2 false in 40 honest hours of 12 people" in page
    assert "0.0061 to 0.18 an hour" in page


# ------------------------------------------------------------- accommodations


async def test_accommodations_reach_the_room_and_nobody_who_judges(
    running: Running,
) -> None:
    given = {
        "sensors_off": ["clipboard"],
        "findings_off": ["window_left"],
        "wider": {"tab_hidden": 2.0},
    }
    plain = await Held.of(running, ended=True)
    held = await Held.of(
        running, ended=True, accommodations=given, allows=["documentation"]
    )
    assert held.made["accommodations"] == given
    assert plain.made["accommodations"] is None
    room, usual = [
        (await (await running.room(one.here)).get(f"api/v1/rooms/{one.here}")).json()
        for one in (held, plain)
    ]
    assert (room["allows"], usual["allows"]) == (["documentation"], [])
    assert room["policy"]["sensors"] == ["camera", "focus"]
    found, before = room["policy"]["findings"], usual["policy"]["findings"]
    assert set(before) - set(found) == {"window_left", "external_paste"}
    for step in ("nudge_after_s", "warn_after_s", "flag_after_s"):
        if before["tab_hidden"][step] is not None:
            assert found["tab_hidden"][step] == 2 * before["tab_hidden"][step]
    told = {key: room["policy"][key] for key in ("name", "version", "title")}
    assert told == {key: usual["policy"][key] for key in told}
    # Everything that those read who judge, or that leaves the platform as a file.
    ines, rita = await held.browser("interviewer"), await held.browser("reviewer")
    operator = await running.operator()
    texts = [
        (await ines.get(f"interviews/{held.here}")).text,
        (await ines.get(f"api/v1/interviews/{held.here}")).text.replace(
            '"accommodations":null', ""
        ),
        (await ines.get(held.findings_url)).text,
        (await rita.get(held.findings_url)).text,
        str(await held.report()),
        (await operator.get(f"api/v1/interviews/{held.here}/record")).text,
        str(room),
    ]
    assert [text for text in texts if "ccommodat" in text] == []
    assert (await held.report())["policy"] == room["policy"]


async def test_who_asked_for_accommodations_sees_them(running: Running) -> None:
    own = await running.create(interviewers=["Ines", "Olga"])
    ines, olga = [person_of(own, "interviewer", index) for index in (0, 1)]
    maker = await running.person(ines, "interviewers")
    made = await maker.post(
        "api/v1/interviews",
        json={
            "template": notebook(),
            "candidate": "Cara",
            "interviewers": ["Paul"],
            "policy": "standard",
            "accommodations": {
                "findings_off": ["multiple_faces"],
                "wider": {"looking_away": 2, "external_paste": 5, "tab_hidden": 1.5},
            },
        },
    )
    assert made.status_code == 201, made.text
    here = made.json()["interview"]["id"]
    shown = (await maker.get(f"interviews/{here}")).text
    assert "only you see this" in shown
    for words in (
        "More than one person in the camera picture: off",
        "Head turned far aside of the screen: 2 times as long and wide",
        "Pasted a longer text from outside the notebook: 5 times as many characters",
        "Left the interview&#39;s tab: 1.5 times as long",
    ):
        assert f"<li>{words}</li>" in shown
    paul = person_of(made.json(), "interviewer", 1)
    colleague = await running.person(paul, "interviewers")
    assert "ccommodat" not in (await colleague.get(f"interviews/{here}")).text
    stranger = await running.person(olga, "interviewers")
    assert (await stranger.get(f"interviews/{here}")).status_code == 404
