"""`nbinterview purge`, `person` and `audit` against a service process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.service.hub_process import RunningHub
from tests.service.service_process import environment, running_service
from tests.service.support import notebook


@pytest.fixture(scope="module")
def service(
    hub: RunningHub, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningHub]:
    with running_service(hub, tmp_path_factory.mktemp("service") / "log"):
        yield hub


def _run(
    service: RunningHub, *arguments: str, said: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "nbinterview.cli", *arguments],
        env=environment(service),
        input=said,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _made(service: RunningHub, tmp_path: Path) -> tuple[str, str]:
    """Make an interview and end it; return its id and its candidate's name."""
    template = tmp_path / "T.ipynb"
    template.write_text(json.dumps(notebook()))
    run = _run(
        service,
        *("interview", "create", "--template", str(template), "--policy", "standard"),
        *("--candidate", "Cara", "--interviewer", "Ines", "--json"),
    )
    made: dict[str, Any] = json.loads(run.stdout)
    [cara] = [one for one in made["invitations"] if one["role"] == "candidate"]
    assert _run(service, "interview", "end", made["id"]).returncode == 0
    return made["id"], cara["hub_name"]


def test_a_purge_says_what_it_did(service: RunningHub, tmp_path: Path) -> None:
    interview, _ = _made(service, tmp_path)
    for more in ((), ("--dry-run",), (interview,)):
        run = _run(service, "purge", *more)
        assert run.returncode == 0, run.stderr
        assert run.stdout in {"Nothing was due.\n", "Nothing is due.\n"}
    unknown = _run(service, "purge", "aaaaaaaaaa")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "There is no such interview." in unknown.stderr
    assert _run(service, "purge", "../../etc").returncode == 1


def test_a_candidate_is_exported_and_deleted_by_one_command_each(
    service: RunningHub, tmp_path: Path
) -> None:
    interview, cara = _made(service, tmp_path)
    target = tmp_path / "cara.zip"
    run = _run(service, "person", "export", cara, "-o", str(target))
    assert run.returncode == 0, run.stderr
    with zipfile.ZipFile(target) as packed:
        assert f"interviews/{interview}/interview.json" in packed.namelist()
    assert target.stat().st_mode & 0o777 == 0o600
    for said in ("", "yes\n"):
        refused = _run(service, "person", "delete", cara, said=said)
        assert refused.returncode == 1
        assert "Nothing was deleted." in refused.stderr
    done = _run(service, "person", "delete", cara, said=f"{cara}\n")
    assert done.returncode == 0, done.stderr
    assert f"Deleted: {interview}" in done.stdout
    assert "64 digits" in done.stdout
    again = _run(service, "person", "delete", cara, "--yes")
    assert again.returncode == 1
    assert "There is nothing of a candidate" in again.stderr
    log = _run(service, "audit", "--about", interview, "--json")
    kinds = [one["kind"] for one in json.loads(log.stdout)]
    assert kinds[0] == "audit.erasure"
    assert kinds[-1] == "audit.interview"


def test_the_audit_log_is_shown_saved_and_verified(
    service: RunningHub, tmp_path: Path
) -> None:
    interview, _ = _made(service, tmp_path)
    shown = _run(service, "audit", "--limit", "3")
    assert shown.returncode == 0, shown.stderr
    assert f"{interview}  did=ended" in shown.stdout
    target = tmp_path / "audit.zip"
    target.touch(0o644)
    checked = _run(service, "audit", "--verify", "-o", str(target))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "nothing was altered" in checked.stdout
    assert target.stat().st_mode & 0o777 == 0o600
    assert _run(service, "verify", str(target)).returncode == 0
    link = _run(service, "audit", "--page").stdout
    assert "/services/nbinterview/audit/open?ticket=" in link
