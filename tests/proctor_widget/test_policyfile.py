"""Policies are commented YAML that a schema checks; one may extend another."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from nbinterview_proctor import policyfile
from nbinterview_proctor.policy import Policy, load

SHIPPED = Path(policyfile.__file__).parent / "policies"
LESS = """\
format: 2
extends: standard
name: ours
version: 1
title: Ours
findings:
  looking_away: null
  tab_hidden:
    flag_after_s: 25
    repeat: null
"""


def test_a_file_says_only_what_differs() -> None:
    ours, standard = policyfile.parse(LESS), load("standard")
    assert "extends" not in ours
    assert "looking_away" not in ours["findings"]
    assert ours["findings"]["tab_hidden"]["flag_after_s"] == 25
    assert ours["findings"]["tab_hidden"]["repeat"] is None
    assert ours["findings"]["window_left"] == standard["findings"]["window_left"]
    assert Policy.from_dict(ours).name == "ours"


def test_a_policy_is_found_by_name_or_by_file(tmp_path: Path) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text(LESS, "utf-8")
    assert policyfile.find(str(path))["name"] == "ours"
    assert policyfile.find("strict")["name"] == "strict"
    with pytest.raises(ValueError, match=r"gone\.yaml"):
        policyfile.find(str(tmp_path / "gone.yaml"))


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("looking_away: null", "lookng_away: null", "'lookng_away' was unexpected"),
        ("flag_after_s: 25", "flag_afer_s: 25", "'flag_afer_s' was unexpected"),
        ("flag_after_s: 25", "flag_after_s: soon", "findings.tab_hidden.*'soon'"),
        ("flag_after_s: 25", "flag_after_s: 1", "come in this order"),
        ("extends: standard", "extends: ours", "'ours' is not one of"),
        ("extends: standard\n", "", "missing key policy"),
        ("name: ours", "name: Our Own", "'Our Own' does not match"),
        ("format: 2", "format: 1", "2 was expected"),
        ("format: 2", "- format", "no YAML|is not of type"),
    ],
)
def test_a_mistake_is_refused_by_name(
    tmp_path: Path, old: str, new: str, named: str
) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text(LESS.replace(old, new), "utf-8")
    with pytest.raises(ValueError, match=rf"(?s)ours\.yaml: .*({named})"):
        policyfile.read(path)


def test_every_shipped_file_has_comments_and_is_one_document() -> None:
    for name in policyfile.names():
        text = (SHIPPED / f"{name}.yaml").read_text("utf-8")
        assert text.startswith("# ")
        assert yaml.safe_load(text)["name"] == name


def test_the_schema_knows_every_key_of_a_policy() -> None:
    """Else a key could be used that no schema checks, or checked that nothing uses."""
    described = yaml.safe_load((SHIPPED / "policy.schema.yaml").read_text("utf-8"))
    whole = load("standard")
    assert set(described["properties"]) - {"extends"} == set(whole)
    for part in ("calibrating", "measuring", "sandbox", "retention", "findings"):
        assert set(described["properties"][part]["properties"]) == set(whole[part])
    counted = described["$defs"]["Counted"]["properties"]
    assert set(counted) == set(whole["findings"]["nobody"])
