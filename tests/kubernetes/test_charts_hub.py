"""Our values of the hub's chart, and the tutorial that uses both charts."""

from __future__ import annotations

import copy
import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from packaging.version import Version

from nbinterview.home import SECRET_NAMES
from scripts.check_floors import FLOORS
from tests.kubernetes.charts import (
    CHART,
    ROOMS,
    ROOT,
    TUTORIAL,
    Z2JH,
    Manifest,
    containers,
    named,
    rendered,
)


@pytest.fixture(scope="module")
def defaults(tmp_path_factory: pytest.TempPathFactory) -> list[Manifest]:
    return rendered(tmp_path_factory.mktemp("helm"), {})


@pytest.fixture
def hub_values() -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load((Z2JH / "values.yaml").read_text("utf-8"))
    return values


def complaints(values: Mapping[str, Any]) -> list[str]:
    schema = json.loads((Z2JH / "values.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    found = jsonschema.Draft202012Validator(schema).iter_errors(values)
    return [f"{error.json_path}: {error.message}" for error in found]


def with_value(values: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(dict(values))
    *above, last = path.split("/")
    place = changed
    for key in above:
        place = place.setdefault(key, {})
    place[last] = value
    return changed


def test_the_hubs_values_fit_their_schema(hub_values: dict[str, Any]) -> None:
    assert complaints(hub_values) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("singleusr", {}),
        ("hub/extraConfg", {}),
        ("hub/config/DummyAuthenticator", {"password": "x"}),
        ("hub/config/GenericOAuthenticator", {"client_secret": "x"}),
        ("hub/config/GenericOAuthenticator", {"scope": ["email"]}),
        ("hub/db/url", "postgresql+psycopg://hub:secret@db/hub"),
        ("hub/services", {"other": {"admin": True}}),
        ("hub/loadRoles", {"other": {"scopes": ["admin:users"]}}),
        ("hub/allowNamedServers", True),
        ("hub/networkPolicy", {"enabled": False}),
        ("hub/image/tag", "latest"),
        ("proxy/secretToken", "x"),
        ("proxy/chp/extraCommandLineFlags", []),
        ("rbac/create", True),
        ("singleuser/cloudMetadata/blockWithIptables", True),
        ("singleuser/allowPrivilegeEscalation", True),
        ("singleuser/extraContainers", []),
        ("singleuser/storage/type", "none"),
        ("ingress/hosts", ["interviews.example.org"]),
        ("cull/enabled", True),
    ],
)
def test_what_would_open_the_hub_is_an_error(
    hub_values: dict[str, Any], path: str, value: Any
) -> None:
    assert complaints(with_value(hub_values, path, value))


def test_oidc_and_postgresql_fit(hub_values: dict[str, Any]) -> None:
    secret = {"valueFrom": {"secretKeyRef": {"name": "oidc", "key": "client_secret"}}}
    values = with_value(hub_values, "hub/extraEnv/OAUTH_CLIENT_SECRET", secret)
    values = with_value(values, "hub/db/url", "postgresql+psycopg://hub@db/hub")
    oidc = {
        "client_id": "nbinterview",
        "oauth_callback_url": "https://interviews.example.org/hub/oauth_callback",
        "authorize_url": "https://login.example.org/authorize",
        "token_url": "https://login.example.org/token",
        "userdata_url": "https://login.example.org/userinfo",
        "username_claim": "email",
        "scope": ["openid", "email"],
        "allowed_users": ["grace@example.org"],
    }
    values = with_value(values, "hub/config/GenericOAuthenticator", oidc)
    assert complaints(values) == []


def test_the_two_charts_mean_the_same_places(
    hub_values: dict[str, Any], defaults: list[Manifest]
) -> None:
    chart = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    env = hub_values["hub"]["extraEnv"]
    assert env["NBINTERVIEW_PUBLIC_URL"] == chart["publicUrl"]
    assert env["NBINTERVIEW_ROOMS_NAMESPACE"] == chart["namespaces"]["rooms"]
    assert env["NBINTERVIEW_SERVICE_PORT"] == str(chart["service"]["port"])
    assert env["NBINTERVIEW_REPORT_PORT"] == str(chart["report"]["port"])
    assert env["NBINTERVIEW_PROXY_HOPS"] == str(chart["service"]["proxyHops"])
    assert hub_values["hub"]["serviceAccount"]["name"] == chart["hub"]["serviceAccount"]
    room = hub_values["singleuser"]["serviceAccountName"]
    assert named(defaults, "ServiceAccount", room, ROOMS)
    [volume] = hub_values["hub"]["extraVolumes"]
    assert volume["secret"]["secretName"] == chart["secretName"]
    assert {one["key"] for one in volume["secret"]["items"]} <= set(SECRET_NAMES)


def merged(below: Any, above: Any) -> Any:
    """Return what helm makes of two files: objects are merged, all else replaced."""
    if not isinstance(below, Mapping) or not isinstance(above, Mapping):
        return above
    return {
        **below,
        **{key: merged(below.get(key), value) for key, value in above.items()},
    }


def test_what_the_tutorial_writes_fits_both_charts(
    tmp_path: Path, hub_values: dict[str, Any]
) -> None:
    blocks = {
        text.split("\n", 1)[0]: yaml.safe_load(text)
        for text in re.findall(
            r"```yaml\n(.*?)```", TUTORIAL.read_text("utf-8"), re.DOTALL
        )
    }
    rendered(tmp_path, blocks["# platform.yaml"])
    assert complaints(merged(hub_values, blocks["# hub.yaml"])) == []


def test_the_tutorial_makes_every_secret_that_is_mounted(
    hub_values: dict[str, Any], defaults: list[Manifest]
) -> None:
    [loop] = re.findall(
        r"for name in (.*?); do", TUTORIAL.read_text("utf-8"), re.DOTALL
    )
    made = set(loop.replace("\\\n", " ").split())
    [volume] = hub_values["hub"]["extraVolumes"]
    mounted = {one["key"] for one in volume["secret"]["items"]} | {
        mount["subPath"]
        for one in containers(defaults)
        for mount in one["volumeMounts"]
        if "subPath" in mount
    }
    # The hub's chart makes these two itself.
    assert made == mounted == set(SECRET_NAMES) - {"proxy_token", "cookie_secret"}


def test_the_charts_name_this_version_and_hold_the_floors(
    hub_values: dict[str, Any],
) -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    for part in ("hub", "singleuser"):
        assert hub_values[part]["image"]["tag"] == chart["appVersion"]
    floors = tomllib.loads((ROOT / FLOORS).read_text("utf-8"))["npm"]
    tag = hub_values["proxy"]["chp"]["image"]["tag"]
    assert Version(tag) >= Version(floors["configurable-http-proxy"])
