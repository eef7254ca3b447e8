"""No forgery verifies, by either verifier; every honest bundle does, by both."""

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbinterview.errors import Invalid
from nbinterview.ledger.verify import verify
from tests.service.ledger import second_verifier
from tests.service.ledger.bundles import (
    PLATFORM,
    THERE,
    Interview,
    a_signer,
    an_interview,
    members,
    pack,
)
from tests.service.ledger.forgeries import FIRST_ONLY, KINDS, Honest, forge

_SLOW = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Honest:
    folder = tmp_path_factory.mktemp("honest")
    one = an_interview(events=20)
    other = an_interview(THERE, events=24, room=a_signer(3), seed=2)
    return Honest(
        one,
        members(one.write(folder / "one.zip")),
        other,
        members(other.write(folder / "other.zip")),
    )


def verifies(path: Path, honest: Honest, *, given: bool = True) -> bool:
    keys = [PLATFORM.public] if given else []
    try:
        return verify(path, receipt=honest.receipt, platform_keys=keys).ok
    except Invalid:
        return False


def verifies_elsewhere(path: Path, honest: Honest) -> bool:
    try:
        second_verifier.verify(path, honest.receipt.wire(), [PLATFORM.public])
    except Exception:  # noqa: BLE001  # it says no in many ways
        return False
    return True


@settings(_SLOW, max_examples=300)
@given(seed=st.integers(0, 2**64))
def test_no_forgery_verifies(seed: int, honest: Honest, tmp_path: Path) -> None:
    forged = forge(random.Random(seed), honest)
    path = pack(tmp_path / "forged.zip", forged.members)
    assert not verifies(path, honest), forged.name
    if forged.name != FIRST_ONLY:
        assert not verifies_elsewhere(path, honest), forged.name


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_no_kind_of_forgery_verifies(make: Any, honest: Honest, tmp_path: Path) -> None:
    for seed in range(12):
        forged = make(random.Random(seed), honest)
        if forged == dict(honest.members):
            continue
        path = pack(tmp_path / "forged.zip", forged)
        assert not verifies(path, honest)
        # Also when the only thing from outside is the candidate's receipt.
        assert not verifies(path, honest, given=False)
        if make.__name__ != FIRST_ONLY:
            assert not verifies_elsewhere(path, honest)


@settings(_SLOW, max_examples=12)
@given(
    events=st.integers(0, 45),
    ended=st.booleans(),
    seed=st.integers(1, 10**6),
    erased=st.sets(st.sampled_from(["event", "observations", "document"])),
)
def test_every_honest_bundle_verifies_by_both(
    events: int, ended: bool, seed: int, erased: set[str], tmp_path: Path
) -> None:
    interview: Interview = an_interview(events=events, ended=ended, seed=seed)
    receipt = interview.receipt()
    if erased:
        interview.erase(sorted(erased))
    path = interview.write(tmp_path / "bundle.zip")
    found = verify(path, receipt=receipt, platform_keys=[PLATFORM.public])
    assert found.ok, found.why
    second_verifier.verify(path, receipt.wire(), [PLATFORM.public])
