"""nbinterview verify and nbinterview key, as a person runs them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nbinterview.cli import main
from nbinterview.home import Home
from nbinterview.ledger.signing import load_or_make
from tests.service.ledger.bundles import (
    PLATFORM,
    STRANGER,
    an_interview,
    members,
    pack,
    platform_key,
)

Told = pytest.CaptureFixture[str]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NBINTERVIEW_HOME", str(tmp_path / "home"))
    Home.from_env().make()
    return tmp_path / "home"


def test_an_honest_bundle_ends_well_and_says_what_was_checked(
    tmp_path: Path, capsys: Told
) -> None:
    interview = an_interview()
    path = interview.write(tmp_path / "bundle.zip")
    receipt = tmp_path / "receipt.json"
    receipt.write_text(json.dumps(interview.receipt().wire()))
    given = ["--receipt", str(receipt), "--platform-key", PLATFORM.public.upper()]
    assert main(["verify", str(path), *given]) == 0
    said = capsys.readouterr().out
    assert "the receipt: its 35 records are the same" in said
    assert "Not checked:" in said
    assert "nothing was altered" in said


def test_without_a_key_its_fingerprint_is_printed(tmp_path: Path, capsys: Told) -> None:
    path = an_interview(events=3).write(tmp_path / "bundle.zip")
    assert main(["verify", str(path)]) == 0
    said = capsys.readouterr().out
    assert "own word" in said
    assert PLATFORM.public in said


def test_a_broken_one_ends_with_1_and_names_the_record(
    tmp_path: Path, capsys: Told
) -> None:
    path = an_interview().write(tmp_path / "bundle.zip")
    parts = members(path)
    records = parts["records.jsonl"].replace(b'"granted"', b'"denied!"')
    records = records.replace(b'"client_seq":8', b'"client_seq":9', 1)
    pack(path, {**parts, "records.jsonl": records})
    assert main(["verify", str(path), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["ok"], found["first_bad_seq"]) == (False, 11)
    assert main(["verify", str(path)]) == 1
    said = capsys.readouterr().out
    assert "DOES NOT PROVE ITSELF" in said
    assert "The first bad record is number 11." in said


def test_what_is_no_bundle_ends_with_2_and_a_line(tmp_path: Path, capsys: Told) -> None:
    path = tmp_path / "bundle.zip"
    path.write_text("hello")
    assert main(["verify", str(path)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert main(["verify", str(path), "--platform-key", "nothing"]) == 2


def test_keys_are_shown_and_replaced(home: Path, tmp_path: Path, capsys: Told) -> None:
    assert main(["key", "show"]) == 1
    assert "made at the first start" in capsys.readouterr().err
    made = load_or_make(home / "secrets" / "platform_key")
    assert main(["key", "show"]) == 0
    assert made.public in capsys.readouterr().out
    assert main(["key", "rotate"]) == 0
    capsys.readouterr()
    assert main(["key", "show", "--json"]) == 0
    keys = tmp_path / "keys.json"
    keys.write_text(capsys.readouterr().out)
    old, new = json.loads(keys.read_text())["keys"]
    assert old["public_key"] == made.public
    assert old["until_time"] is not None
    assert new["until_time"] is None
    assert main(["key", "rotate", "--json"]) == 0
    assert json.loads(capsys.readouterr().out).keys() == {"public_key", "key_id"}
    # A record that the old key certified verifies under what the platform shows now.
    interview = an_interview(platform=made)
    path = interview.write(tmp_path / "bundle.zip")
    assert main(["verify", str(path), "--platform-key", str(keys)]) == 0
    keys.write_text(json.dumps({"keys": [platform_key(STRANGER).wire()]}))
    assert main(["verify", str(path), "--platform-key", str(keys)]) == 1


def test_it_runs_where_only_the_base_packages_are(tmp_path: Path) -> None:
    path = an_interview(events=6).write(tmp_path / "bundle.zip")
    run = subprocess.run(
        [sys.executable, "-c", _ALONE, str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "what reads a document is not installed here" in run.stdout
    assert "nothing was altered" in run.stdout


_ALONE = """
import sys

for absent in (
    "pycrdt jupyter_ydoc nbformat httpx sqlalchemy fastapi jupyterhub jupyter_server "
    "tornado traitlets numpy psutil prometheus_client ipywidgets anywidget voila jinja2"
).split():
    sys.modules[absent] = None
from nbinterview.cli import main
sys.exit(main(["verify", sys.argv[1]]))
"""
