"""The command line against a running service, as an operator uses it."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from nbinterview.home import Home
from nbinterview.tokens import room_token
from tests.service.hub_process import RunningHub
from tests.service.service_process import environment, running_service
from tests.service.signed import LiveRoom
from tests.service.support import notebook, record
from tests.service.told import Told, text


@pytest.fixture(scope="module")
def service(
    hub: RunningHub, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningHub]:
    """A service process; the hub it belongs to."""
    with running_service(hub, tmp_path_factory.mktemp("service") / "log"):
        yield hub


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "T.ipynb"
    path.write_text(json.dumps(notebook()))
    return path


def _run(
    service: RunningHub, *arguments: str, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "nbinterview.cli", *arguments],
        env=environment(service) if env is None else env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _json(service: RunningHub, *arguments: str) -> Any:
    run = _run(service, *arguments, "--json")
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def _create(service: RunningHub, template: Path, *more: str) -> Any:
    return _json(
        service,
        *("interview", "create", "--template", str(template)),
        *("--candidate", "Cara", "--interviewer", "Ines"),
        *(() if "--policy" in more else ("--policy", "standard")),
        *more,
    )


def test_an_interview_from_making_to_ending(
    service: RunningHub, template: Path
) -> None:
    made = _create(service, template, "--reviewer", "Rita", "--interviewer", "Ivo")
    assert set(made["links"]) == {"candidate", "interviewer", "reviewer"}
    assert [item["name"] for item in made["invitations"]] == [
        "Cara",
        "Ines",
        "Ivo",
        "Rita",
    ]
    assert made["state"] == "scheduled"
    here = made["id"]
    assert here in {item["id"] for item in _json(service, "interview", "list")}
    assert _json(service, "interview", "start", here)["state"] == "open"
    invitation = made["invitations"][2]["id"]
    withdrawn = _run(service, "invitation", "withdraw", invitation)
    assert withdrawn.stdout == "The link of Ivo is withdrawn.\n"
    assert _json(service, "interview", "end", here)["state"] == "ended"
    shown = _run(service, "interview", "show", here).stdout
    assert "ended" in shown
    assert "Ivo  withdrawn" in shown


def test_made_and_opened_at_once(service: RunningHub, template: Path) -> None:
    made = _create(service, template, "--start", "--title", "Wine")
    assert (made["state"], made["title"]) == ("open", "Wine")
    _json(service, "interview", "end", made["id"])


def test_the_policy_that_was_asked_for_is_kept(
    service: RunningHub, template: Path, tmp_path: Path
) -> None:
    file = tmp_path / "a.jsonl.gz"
    for more, name, fullscreen in (
        (("--policy", "standard"), "standard", False),
        (("--policy", "strict"), "strict", True),
    ):
        here = _create(service, template, *more)["id"]
        assert _run(service, "record", "export", here, str(file)).returncode == 0
        head = json.loads(gzip.decompress(file.read_bytes()).splitlines()[0])
        kept = head["interview"]["policy"]
        assert (kept["name"], kept["fullscreen"]) == (name, fullscreen)


def test_without_a_policy_nothing_is_made(service: RunningHub, template: Path) -> None:
    run = _run(
        service,
        *("interview", "create", "--template", str(template)),
        *("--candidate", "Cara", "--interviewer", "Ines"),
    )
    assert run.returncode == 2
    assert "--policy" in run.stderr


def test_what_is_allowed_and_accommodated_is_said_to_the_operator(
    service: RunningHub, template: Path
) -> None:
    made = _create(
        service,
        template,
        *("--allow", "ai", "--allow", "documentation"),
        *("--accommodate", "camera=off", "--accommodate", "window_left=off"),
        *("--accommodate", "tab_hidden=2"),
    )
    assert made["allows"] == ["documentation", "ai"]
    assert made["accommodations"] == {
        "sensors_off": ["camera"],
        "findings_off": ["window_left"],
        "wider": {"tab_hidden": 2.0},
    }
    shown = _run(service, "interview", "show", made["id"])
    assert "policy: " in shown.stdout
    assert "allowed: documentation, ai" in shown.stdout
    with pytest.raises(AssertionError, match="twice as long"):
        _create(service, template, "--accommodate", "camera=maybe")
    with pytest.raises(AssertionError, match="no accommodation"):
        _create(service, template, "--accommodate", "nose=off")


def test_error_rates_come_and_go(service: RunningHub, tmp_path: Path) -> None:
    file = tmp_path / "rates.json"
    rate = {
        "false_episodes": 1,
        "honest_hours": 40.5,
        "found": 9,
        "cheats": 10,
        "subjects": 12,
        "source": "twelve colleagues",
        "engine_version": "2.0",
    }
    file.write_text(json.dumps({"rates": {"looking_away": rate}}))
    brought = _run(service, "error-rates", "import", str(file))
    assert brought.returncode == 0, brought.stderr
    assert "1 false in 40.5 honest hours of 12 people; 9 of 10 found" in brought.stdout
    kept = _json(service, "error-rates", "show")["rates"]
    assert kept == {"looking_away": {"rule": "looking_away", **rate}}
    for wrong, words in (
        ({"rates": {"looking_sad": rate}}, "no finding 'looking_sad'"),
        ({"rates": {"nobody": {**rate, "found": 11}}}, "found is more"),
        ({"rates": {"nobody": {**rate, "cheats": 10**9}}}, "than anybody counts"),
        ({"episodes": []}, "has no `rates`"),
    ):
        file.write_text(json.dumps(wrong))
        refused = _run(service, "error-rates", "import", str(file))
        assert refused.returncode == 1
        assert words in refused.stderr
    assert _json(service, "error-rates", "show")["rates"] == kept
    assert _run(service, "error-rates", "forget").returncode == 0
    shown = _run(service, "error-rates", "show")
    assert "not measured on people yet" in shown.stdout


def _ship(service: RunningHub, here: str, count: int) -> None:
    token = room_token(service.home.secret("room_key"), here)
    answer = httpx.post(
        f"{service.addresses.service_api}/rooms/{here}/records",
        json={"records": [record(here, seq) for seq in range(1, count + 1)]},
        headers={"Authorization": f"Bearer {token}"},
        trust_env=False,
    )
    assert answer.status_code == 200


def test_a_record_goes_out_and_comes_back_the_same(
    service: RunningHub, template: Path, tmp_path: Path
) -> None:
    here = _create(service, template)["id"]
    _ship(service, here, 100)
    file, again = tmp_path / "a.jsonl.gz", tmp_path / "b.jsonl.gz"
    for target in (file, again):
        assert _run(service, "record", "export", here, str(target)).returncode == 0
    assert file.read_bytes() == again.read_bytes()
    renamed = gzip.decompress(file.read_bytes()).splitlines()
    assert len(renamed) == 101
    refused = _run(service, "record", "import", str(file), "--sample")
    assert refused.returncode == 1
    assert refused.stderr == (f"nbinterview: There is already an interview {here}.\n")


def test_an_exported_bundle_is_verified_without_the_platform(
    service: RunningHub, template: Path, tmp_path: Path
) -> None:
    here = _create(service, template)["id"]
    room = LiveRoom(service, here)
    for seq in range(3):
        room.send("event", {"n": seq})
    room.close()
    bundle = tmp_path / "bundle.zip"
    run = _run(service, "export", here, "-o", str(bundle))
    assert (run.returncode, run.stderr) == (0, "")
    assert bundle.stat().st_mode & 0o777 == 0o600
    nowhere = {"PATH": "/usr/bin:/bin", "NBINTERVIEW_HOME": str(tmp_path / "none")}
    verified = _run(service, "verify", str(bundle), env=nowhere)
    assert (verified.returncode, verified.stderr) == (0, "")
    content = bytearray(bundle.read_bytes())
    bundle.write_bytes(content[: len(content) // 2])
    assert _run(service, "verify", str(bundle), env=nowhere).returncode != 0
    lines = tmp_path / "record.jsonl.gz"
    assert _run(service, "export", here, "--jsonl", "-o", str(lines)).returncode == 0
    assert gzip.decompress(lines.read_bytes()).count(b"\n") == 4
    assert lines.stat().st_mode & 0o777 == 0o600
    missing = _run(service, "export", "aaaaaaaaaa", "-o", str(tmp_path / "x.zip"))
    assert missing.returncode == 1
    assert missing.stderr == "nbinterview: There is no such interview.\n"
    assert {path.name for path in tmp_path.iterdir()} >= {"bundle.zip"}
    assert not (tmp_path / "x.zip").exists()


def test_a_failed_export_leaves_no_file(service: RunningHub, tmp_path: Path) -> None:
    target = tmp_path / "a.jsonl.gz"
    run = _run(service, "record", "export", "aaaaaaaaaa", str(target))
    assert (run.returncode, run.stderr) == (
        1,
        "nbinterview: There is no such interview.\n",
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "No such file"), (b"no", "it is not JSON"), (b"{}", "'nbformat' is miss")],
)
def test_a_template_that_will_not_do_is_one_clear_line(
    service: RunningHub, tmp_path: Path, content: bytes | None, words: str
) -> None:
    path = tmp_path / "T.ipynb"
    if content is not None:
        path.write_bytes(content)
    run = _run(
        service,
        *("interview", "create", "--template", str(path)),
        *("--candidate", "C", "--interviewer", "I", "--policy", "standard"),
    )
    assert run.returncode == 1
    assert words in run.stderr
    assert run.stderr.count("\n") == 1


def test_the_running_platform_is_found_by_its_home(
    service: RunningHub, template: Path
) -> None:
    run_file = service.home.path / "run.json"
    env = {"PATH": "/usr/bin:/bin", "NBINTERVIEW_HOME": str(service.home.path)}
    without = _run(service, "interview", "list", env=env)
    assert without.returncode == 1
    assert "No platform is running" in without.stderr
    run_file.write_text(json.dumps({"ports": service.addresses.env(), "pid": 1}))
    try:
        assert _run(service, "interview", "list", env=env).returncode == 0
    finally:
        run_file.unlink()


def test_without_a_service_the_line_says_what_to_do(
    hub: RunningHub, tmp_path: Path
) -> None:
    home = Home(tmp_path / "home")
    empty = {"PATH": "/usr/bin:/bin", "NBINTERVIEW_HOME": str(home.path)}
    ports = {**empty, "NBINTERVIEW_SERVICE_PORT": "1"}
    nothing = _run(hub, "interview", "list", env=ports)
    assert "Start it with ./run first." in nothing.stderr
    home.make()
    stopped = _run(hub, "interview", "list", env=ports)
    assert stopped.returncode == 1
    assert "Is the platform running" in stopped.stderr
    serve = _run(hub, "serve", env=empty)
    assert serve.returncode == 1
    assert "is not set" in serve.stderr
    shutil.rmtree(home.path)


def test_what_was_run_is_run_again(service: RunningHub, template: Path) -> None:
    here = _create(service, template)["id"]
    told = Told(here).open("x = 20", "print(x)")
    told.kernel("started")
    told.run(1)
    told.run(2, outputs=[text("20\n")])
    early = told.at_ms() / 1000
    told.ask(2)
    told.tell("room.started", {})
    told.kernel("started")
    told.run(1, "x = input()", answers=("yes",))
    told.run(2, outputs=[text("no\n")])
    token = room_token(service.home.secret("room_key"), here)
    httpx.post(
        f"{service.addresses.service_api}/rooms/{here}/records",
        json={"records": told.records},
        headers={"Authorization": f"Bearer {token}"},
        trust_env=False,
    ).raise_for_status()
    env = environment(service)
    bare = {k: v for k, v in env.items() if k != "NBINTERVIEW_SETUP"}

    same = _run(service, "rerun", here, "--until", str(early), env=env)
    assert same.returncode == 0, same.stderr
    assert "Up to 00:00:08: 2 runs, 2 same, 0 differs" in same.stdout
    whole = _run(service, "rerun", here, env=env)
    assert whole.returncode == 1, whole.stderr
    assert "skipped  its kernel ended before it did" in whole.stdout
    assert "(here Python had been restarted)" in whole.stdout
    assert "           -no\n           +yes\n" in whole.stdout
    machine = _run(service, "rerun", here, "--json", env=env)
    assert machine.returncode == 1
    found = json.loads(machine.stdout)
    results = [run["result"] for run in found["runs"]]
    assert results == ["same", "same", "skipped", "same", "differs"]
    assert (found["same"], found["seq"]) == (3, len(told.records))

    unset = _run(service, "rerun", here, env=bare)
    assert unset.returncode == 2
    assert "Nothing is set up yet" in unset.stderr
    assert _run(service, "rerun", here, "--until", "soon", env=env).returncode == 2
    assert _run(service, "rerun", "aaaaaaaaaa", env=env).returncode == 2

    branch = _run(service, "interview", "branch", here, "--at", str(early))
    assert branch.returncode == 0, branch.stderr
    assert "at 00:00:08 (branch)" in branch.stdout
    branch_id = branch.stdout.split()[0]
    refused = _run(service, "rerun", branch_id, env=env)
    assert refused.returncode == 2
    assert "This is a branch" in refused.stderr
    assert _run(service, "interview", "end", branch_id).returncode == 0
