"""`nbinterview rescore`, as an operator uses it: an exported file, or an interview."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from nbinterview.home import Home
from nbinterview.ledger.records import format_time
from nbinterview_proctor import engine
from nbinterview_proctor.policy import Policy, accommodate, load
from tests.dashboard.recording import INTERVIEW, PEOPLE, START, Recorder, template
from tests.service.hub_process import RunningHub
from tests.service.service_process import environment, running_service

SAMPLE = str(resources.files("nbinterview") / "samples/recorded.jsonl.gz")


@pytest.fixture(scope="module")
def env(
    hub: RunningHub, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """The environment of a running service that has the sample's record."""
    with running_service(hub, tmp_path_factory.mktemp("service") / "log"):
        found = environment(hub)
        taken = run("record", "import", SAMPLE, "--sample", env=found)
        assert taken.returncode == 0, taken.stderr
        yield found


def run(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "nbinterview.cli", *arguments],
        env=env,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def told(*arguments: str, env: dict[str, str]) -> str:
    done = run("rescore", *arguments, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def nowhere(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which no platform runs."""
    home = Home(tmp_path_factory.mktemp("home"))
    return {"PATH": "/usr/bin:/bin", "NBINTERVIEW_HOME": str(home.path)}


def test_an_interview_under_another_policy_and_what_that_changes(
    env: dict[str, str],
) -> None:
    shown = told("bobjyhyg4a", "--policy", "strict", "--diff", env=env)
    assert "recorded under standard 1, engine before 2.0" in shown
    assert "now under      strict 1, engine 2.1" in shown
    assert "Note: This record is from before version 2" in shown
    signs = [line[0] for line in shown.splitlines() if line[:1] in ("+", "-", "~", "=")]
    assert signs == ["-", "~", "~", "=", "~"]
    assert "Against what was recorded: 0 added, 1 gone, 3 changed, 1 same." in shown
    assert "not measured on people yet" in shown
    assert "A person decides." in shown


def test_the_json_says_the_same(env: dict[str, str]) -> None:
    arguments = ("bobjyhyg4a", "--policy", "recorded", "--diff", "--json")
    found: dict[str, Any] = json.loads(told(*arguments, env=env))
    assert found["recorded"]["policy"] == found["under"]["policy"] == "standard"
    assert [one["change"] for one in found["diff"]] == ["same"] * 5
    assert found["flags"][0]["rule"] == "nobody"
    assert found["total"]["points"] == pytest.approx(11.68)
    assert found["total"]["points_low"] is None
    assert {line["rule"] for line in found["score"]} >= {"nobody", "tab_hidden"}


def test_imported_error_rates_give_an_interval(
    env: dict[str, str], tmp_path: Path
) -> None:
    rate = {
        "false_episodes": 1,
        "honest_hours": 20.0,
        "found": 8,
        "cheats": 10,
        "subjects": 12,
        "source": "Recordings of March",
        "engine_version": "2.0",
    }
    rules = ("nobody", "multiple_faces", "looking_away", "external_paste", "tab_hidden")
    file = tmp_path / "rates.json"
    file.write_text(json.dumps({"rates": {r: {**rate, "rule": r} for r in rules}}))
    assert run("error-rates", "import", str(file), env=env).returncode == 0
    try:
        arguments = ("bobjyhyg4a", "--policy", "recorded", "--json")
        total = json.loads(told(*arguments, env=env))["total"]
        assert 0 < total["points_low"] < total["points_high"] <= total["points"]
    finally:
        assert run("error-rates", "forget", env=env).returncode == 0


def test_a_file_needs_no_platform(nowhere: dict[str, str], tmp_path: Path) -> None:
    ours = tmp_path / "ours.yaml"
    ours.write_text(
        "format: 2\nextends: standard\nname: ours\nversion: 3\ntitle: Ours\n"
        "findings:\n  tab_hidden: { flag_after_s: 5, notice_s: 0 }\n"
    )
    shown = told(SAMPLE, "--policy", str(ours), env=nowhere)
    assert "now under      ours 3" in shown
    [tab] = [line for line in shown.splitlines() if "Left the interview's tab" in line]
    assert "flag" in tab


@pytest.mark.parametrize(
    ("what", "policy", "words"),
    [
        (SAMPLE, "no-such", "no policy 'no-such'; there are: no-camera, standard"),
        (SAMPLE, "gone.yaml", "gone.yaml"),
        ("gone.jsonl.gz", "standard", "gone.jsonl.gz"),
        ("bobjyhyg4a", "standard", "No platform is running"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    nowhere: dict[str, str], what: str, policy: str, words: str
) -> None:
    done = run("rescore", what, "--policy", policy, env=nowhere)
    assert done.returncode == 1
    assert done.stderr.startswith("nbinterview: ")
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def accommodated(path: Path, given: dict[str, Any], **policy: Any) -> str:
    """Write a record of somebody who was away from the tab for twenty seconds."""
    effective = accommodate(Policy.from_dict({**load("standard"), **policy}), given)
    room = Recorder(effective.to_dict())
    versions, sandbox = {"engine": engine.ENGINE_VERSION}, {"kind": "bubblewrap"}
    started = {"versions": versions, "policy": room.policy, "sandbox": sandbox}
    room.write("room.started", started)
    room.write("interview.state", {"state": "open"})
    room.event("page", state="loaded")
    room.event("visibility", state="visible")
    for sensor in ("camera", "focus", "clipboard"):
        room.event("consent", sensor=sensor, granted=sensor in effective.sensors)
    room.event("watch", state="started")
    room.watch(5, frames=False)
    room.event("visibility", state="hidden")
    room.watch(20, frames=False)
    room.event("visibility", state="visible")
    room.watch(5, frames=False)
    room.write("interview.state", {"state": "ended"})
    times = {
        f"{name}_at": format_time(START) for name in ("created", "opened", "ended")
    }
    about = {"id": room.interview, "title": "Ours", "policy": room.policy, **times}
    more = {"allows": [], "template": template(), "template_notes": []}
    header = {
        "format": "nbinterview-record/1",
        "interview": {**about, **more},
        "people": PEOPLE,
        "records": len(room.records),
    }
    lines = [header, *(record.wire() for record in room.records)]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    path.write_bytes(gzip.compress(text.encode()))
    return str(path)


def flagged(what: str, env: dict[str, str]) -> tuple[dict[str, Any], set[str]]:
    found = json.loads(told(what, "--policy", "strict", "--json", env=env))
    return found, {one["rule"] for one in found["flags"]}


GIVEN = {"sensors_off": ["camera"], "wider": {"tab_hidden": 3}}


def test_accommodations_hold_for_a_file_under_every_policy(
    nowhere: dict[str, str], tmp_path: Path
) -> None:
    _, without = flagged(accommodated(tmp_path / "plain.jsonl.gz", {}), nowhere)
    assert "tab_hidden" in without  # after 10 s
    found, rules = flagged(accommodated(tmp_path / "given.jsonl.gz", GIVEN), nowhere)
    assert rules == set()  # 20 s of 30
    assert found["notes"] == ["This interview did not ask for the whole screen."]
    lines = {line["rule"]: line["measured_s"] for line in found["score"]}
    assert lines["nobody"] == 0.0 < lines["tab_hidden"]


def test_accommodations_hold_for_an_imported_record(
    env: dict[str, str], tmp_path: Path
) -> None:
    file = accommodated(tmp_path / "given.jsonl.gz", GIVEN)
    taken = run("record", "import", file, env=env)
    assert taken.returncode == 0, taken.stderr
    _, rules = flagged(INTERVIEW, env)
    assert rules == set()


def test_where_accommodations_cannot_be_told_that_is_said(
    nowhere: dict[str, str], tmp_path: Path
) -> None:
    ours = accommodated(tmp_path / "ours.jsonl.gz", GIVEN, name="ours")
    found, rules = flagged(ours, nowhere)
    assert "tab_hidden" in rules
    assert found["notes"][0].startswith("Accommodations cannot be told from this")
    itself = json.loads(told(ours, "--policy", "recorded", "--json", env=nowhere))
    assert itself["notes"] == []


def test_a_file_that_is_no_record_is_refused(
    nowhere: dict[str, str], tmp_path: Path
) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text('{"a": 1}\n')
    done = run("rescore", str(other), "--policy", "standard", env=nowhere)
    assert (done.returncode, done.stdout) == (1, "")
    assert "is not an exported record" in done.stderr
