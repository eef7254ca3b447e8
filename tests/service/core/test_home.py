"""State and secrets: private, made once, found again."""

import json
from pathlib import Path

import pytest

from nbinterview.errors import Unavailable
from nbinterview.home import SECRET_NAMES, Addresses, Home, Setup


def test_secrets_are_private_and_stay_the_same(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.make()
    before = {name: home.secret(name) for name in SECRET_NAMES}
    home.make()
    assert {name: home.secret(name) for name in SECRET_NAMES} == before
    assert len(set(before.values())) == len(SECRET_NAMES)
    for name in SECRET_NAMES:
        assert (home.path / "secrets" / name).stat().st_mode & 0o777 == 0o600
    assert home.path.stat().st_mode & 0o777 == 0o700
    assert (home.path / "secrets").stat().st_mode & 0o777 == 0o700
    assert (home.path / "rooms").stat().st_mode & 0o777 == 0o700


def test_a_home_without_a_platform_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"\./run"):
        Home(tmp_path).secret("operator_token")


def test_addresses_survive_the_environment() -> None:
    addresses = Addresses(8000, 1, 2, 3, 4)
    assert Addresses.from_env(addresses.env()) == addresses
    assert addresses.origin("room-x") == "http://room-x.localhost:8000"
    assert addresses.service_api == "http://127.0.0.1:3/services/nbinterview/api/v1"


def test_set_up_is_read_or_asked_for(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"\./run"):
        Setup.from_env({})
    names = [
        *("hub_python", "room_python", "report_python", "kernel_python"),
        *("proxy", "node", "bwrap"),
    ]
    file = tmp_path / "setup.json"
    file.write_text(json.dumps({name: f"/x/{name}" for name in names}))
    found = Setup.from_env({"NBINTERVIEW_SETUP": str(file)})
    assert found.kernel_python == Path("/x/kernel_python")
