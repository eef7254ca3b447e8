"""Journals of every released format and engine open, verify and replay for ever.

Findings stand as they were recorded. A newer engine may find others when it rescores;
what an engine version once found it finds again.
"""

import json
from pathlib import Path

import pytest

from nbinterview.cli import main
from nbinterview.ledger.verify import read_receipt, verify
from nbinterview_proctor.engine import ENGINE_VERSION
from tests.golden.make import GOLDEN, found_in, read_export, rescored
from tests.service.ledger import second_verifier

FOLDERS = sorted(one.parent for one in GOLDEN.glob("*/expected.json"))


def test_none_was_lost() -> None:
    assert [one.name for one in FOLDERS] == [
        "format-1-engine-1",
        "format-1-engine-2.0",
        "format-2-engine-2.1",
    ]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda one: one.name)
def test_it_opens_and_gives_what_it_gave(folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text("utf-8"))
    interview, records = read_export(folder / "recorded.jsonl.gz")
    found = found_in(interview, records)
    assert found == {name: expected[name] for name in found}
    assert found["recorded"]
    # A new engine's findings are noted beside the older ones': see make.py.
    assert rescored(records) == expected["rescored"][ENGINE_VERSION]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda one: one.name)
def test_its_bundle_verifies_by_both(folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text("utf-8"))
    keys = [expected["platform_key"]]
    path = folder / "receipt.json"
    receipt = read_receipt(path) if path.exists() else None
    found = verify(folder / "bundle.zip", receipt=receipt, platform_keys=keys)
    assert found.ok, found.why
    wire = None if receipt is None else receipt.wire()
    second_verifier.verify(folder / "bundle.zip", wire, keys)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda one: one.name)
def test_it_is_rescored_by_the_command(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [str(folder / "recorded.jsonl.gz"), "--policy", "recorded", "--diff"]
    assert main(["rescore", *given, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["under"]["engine"] == ENGINE_VERSION
    assert told["diff"]
