"""Each request that a real API server was sent, sent to the fake: the same answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.kubernetes.fake.refusals import Json
from tests.kubernetes.recorded import Exchange, as_far_as, comparable, exchange, names
from tests.kubernetes.world import KERNELS, World, world

Given = Callable[[World], None]

_PLAYED: dict[str, Given] = {}
_WATCHED: dict[str, Given] = {}


def given(*numbers: str) -> Callable[[Given], Given]:
    """Say what is there before these exchanges."""

    def register(make: Given) -> Given:
        _PLAYED.update(dict.fromkeys(numbers, make))
        return make

    return register


def watched(*numbers: str) -> Callable[[Given], Given]:
    """Say what happens while these watches last."""

    def register(make: Given) -> Given:
        _WATCHED.update(dict.fromkeys(numbers, make))
        return make

    return register


@given("01", "02", "05", "10", "11", "12", "18", "20", "25", "27", "47", "53", "56")
@given("57", "58", "59", "60", "63", "68", "69", "74", "76", "77", "91", "92", "99")
@given("07", "13", "08", "61", "62")
def nothing(at: World) -> None:
    """What every cluster has."""


@given("06")
def without_the_namespace(at: World) -> None:
    at.fake.cluster.finish_namespaces()
    at.ask("DELETE", "/api/v1/namespaces/kernels")
    at.fake.cluster.finish_namespaces()


@given("09", "51", "71", "72")
def a_running_pod(at: World) -> None:
    at.recorded_pod()
    at.fake.say("kernel-a1", "kernel listening on 5555", "second line")
    at.play("50")


@given("42", "48", "50", "55")
def an_untouched_pod(at: World) -> None:
    at.recorded_pod()


@given("52", "43")
def a_marked_pod(at: World) -> None:
    an_untouched_pod(at)
    at.play("50")
    at.play("51")
    at.play("52")


@given("54")
def a_changed_pod(at: World) -> None:
    at.recorded_pod()


@given("44")
def a_pod_that_ends(at: World) -> None:
    a_marked_pod(at)
    at.play("43")


@given("45")
def a_second_pod(at: World) -> None:
    labels = {"app.kubernetes.io/component": "kernel", "room": "r2", "user": "u2"}
    at.pod("kernel-a2", labels)
    at.until_phase("kernel-a2")


@given("46")
def a_pod_deleted_at_once(at: World) -> None:
    a_second_pod(at)
    at.play("45")


@given("14", "15", "17")
def a_quota(at: World) -> None:
    at.play("13")


@given("16", "17")
def a_used_quota(at: World) -> None:
    a_quota(at)
    first = json.loads(exchange("16").body)
    first["metadata"]["name"] = "first"
    at.made("/api/v1/namespaces/quota/pods", first)


@given("19")
def the_running_pod_of_a_list(at: World) -> None:
    at.recorded_pod()


@given("21", "22", "23", "24", "49", "85")
def pods_of_a_list(at: World) -> None:
    """Filled in by the test: the pods that the record shows."""


@given("73")
def a_pod_being_made(at: World) -> None:
    at.made(f"{KERNELS}/secrets", {"metadata": {"name": "late"}})
    at.ask("DELETE", f"{KERNELS}/secrets/late")
    volumes = [{"name": "late", "secret": {"secretName": "late"}}]
    at.pod("kernel-a1", volumes=volumes)
    at.until_waiting("kernel-a1", "ContainerCreating")


@given("75")
def a_pod_without_an_image(at: World) -> None:
    at.fake.levers.missing_images.add("localhost/missing:1")
    at.pod("neverpull-1", image="localhost/missing:1")
    at.until_waiting("neverpull-1", "ErrImageNeverPull")


@given("78", "79")
def a_secret(at: World) -> None:
    at.play("77")


@given("82")
def a_namespace(at: World) -> None:
    at.ask("PATCH", "/api/v1/namespaces/fresh", json={"metadata": {"labels": {
        "pod-security.kubernetes.io/enforce": None,
        "pod-security.kubernetes.io/enforce-version": None,
    }}}, headers={"Content-Type": "application/merge-patch+json"})  # fmt: skip


@given("83")
def a_namespace_that_ends(at: World) -> None:
    at.play("82")


@given("87")
def a_version_to_come(at: World) -> None:
    """A list of it waits, then is refused."""


@given("90")
def a_pod_to_evict(at: World) -> None:
    at.pod("kernel-b1")
    at.until_phase("kernel-b1")


@given("94")
def a_stubborn_pod(at: World) -> None:
    spec = json.loads(exchange("94").answer)["spec"]
    at.fake.levers.stubborn.add("stubborn-1")
    at.pod("stubborn-1", command=spec["containers"][0]["command"])
    at.until_phase("stubborn-1")
    at.fake.hold("stubborn-1")


@given("95")
def a_stubborn_pod_that_ends(at: World) -> None:
    a_stubborn_pod(at)
    at.play("94")


@given("64")
def an_account(at: World) -> None:
    at.play("63")


@given("65", "66", "67")
def an_account_without_rights(at: World) -> None:
    an_account(at)
    at.token = at.play("64").json()["status"]["token"]


@given("70")
def an_account_with_a_role(at: World) -> None:
    an_account(at)
    at.play("68")
    at.play("69")
    at.token = at.play("64").json()["status"]["token"]


@given("84")
def another_account(at: World) -> None:
    at.made(
        "/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "nobody"}}
    )
    at.token = at.fake.access.issue("default", "nobody")


_OF_LISTS = {"21", "22", "23", "24", "49", "85"}
_OF_EVENTS = {"80", "81", "96", "97"}
_SHORT_DISCOVERY = {"03", "04"}
"""Records that show a few of many groups and resources."""


@pytest.mark.parametrize("number", sorted(_PLAYED.keys() & set(names())))
def test_a_recorded_request_gets_the_recorded_answer(number: str) -> None:
    recorded = exchange(number)
    with world() as at:
        _PLAYED[number](at)
        if number in _OF_LISTS:
            _stand(at, number)
        if number == "61":
            at.token = "what nobody was given"
        if number == "62":
            at.token = None
        answer = _page_two(at) if number == "22" else at.play(recorded)
    assert answer.status_code == recorded.code
    _same(answer, recorded)


def _stand(at: World, number: str) -> None:
    both = {"21": ("21", "22"), "22": ("21", "22")}.get(number, (number,))
    shown = [item for one in both for item in json.loads(exchange(one).answer)["items"]]
    at.standing({"items": shown})


def _page_two(at: World) -> httpx.Response:
    return at.play("22", **{"continue": at.play("21").json()["metadata"]["continue"]})


def _same(answer: httpx.Response, recorded: Exchange) -> None:
    wanted = dict(recorded.answer_headers)
    assert (
        answer.headers["Content-Type"].partition(";")[0]
        == (wanted["Content-Type"].partition(";")[0])
    )
    warnings = [value for name, value in recorded.answer_headers if name == "Warning"]
    assert answer.headers.get_list("Warning") == warnings
    assert answer.headers.get("Retry-After") == wanted.get("Retry-After")
    if "json" not in wanted["Content-Type"]:
        assert comparable(answer.text.strip()) == comparable(recorded.answer.strip())
        return
    said, expected = comparable(answer.json()), comparable(json.loads(recorded.answer))
    if recorded.shortened:
        said = as_far_as(said, expected)
    assert said == expected


@watched("33")
def a_pod_succeeds(at: World) -> None:
    at.pod("succeeded-1")
    at.until_phase("succeeded-1")
    at.fake.exit("succeeded-1", 0)
    at.until_phase("succeeded-1", "Succeeded")


@watched("34")
def a_pod_fails(at: World) -> None:
    at.pod("failed-1")
    at.until_phase("failed-1")
    at.fake.exit("failed-1", 3)
    at.until_phase("failed-1", "Failed")


@watched("35")
def a_pod_takes_too_much_memory(at: World) -> None:
    limits = {"cpu": "250m", "memory": "64Mi"}
    requests = {"cpu": "10m", "memory": "32Mi"}
    at.pod("oom-1", resources={"limits": limits, "requests": requests})
    at.until_phase("oom-1")
    at.fake.out_of_memory("oom-1")
    at.until_phase("oom-1", "Failed")


@watched("36")
def an_image_is_not_there(at: World) -> None:
    at.fake.levers.missing_images.add("localhost/missing:1")
    at.pod("neverpull-1", image="localhost/missing:1")
    at.until_waiting("neverpull-1", "ErrImageNeverPull")


@watched("37", "96")
def an_image_cannot_be_fetched(at: World) -> None:
    image = "192.0.2.1:5000/kernel:1"
    at.fake.levers.missing_images.add(image)
    at.fake.levers.pull_error = (
        f'failed to pull and unpack image "{image}": failed to resolve reference '
        f'"{image}": failed to do request: Head '
        '"https://192.0.2.1:5000/v2/kernel/manifests/1": dial tcp 192.0.2.1:5000: '
        "connect: network is unreachable"
    )
    at.pod("pull-1", image=image, imagePullPolicy="IfNotPresent")
    at.until_waiting("pull-1", "ImagePullBackOff")


@watched("38", "97")
def a_pod_is_evicted(at: World) -> None:
    at.pod(
        "evicted-1",
        volumes=[{"name": "d", "emptyDir": {"sizeLimit": "1Mi"}}],
        volumeMounts=[{"name": "d", "mountPath": "/data"}],
    )
    at.until_phase("evicted-1")
    message = 'Usage of EmptyDir volume "d" exceeds the limit "1Mi". '
    at.fake.evict("evicted-1", message)
    at.until_phase("evicted-1", "Failed")


@watched("39")
def a_deadline_passes(at: World) -> None:
    at.pod("deadline-1", activeDeadlineSeconds=60)
    at.until_phase("deadline-1")
    at.fake.advance(61)
    at.until_phase("deadline-1", "Failed")


@watched("40", "81")
def no_node_fits(at: World) -> None:
    at.pod("unschedulable-1", nodeSelector={"no": "such"})
    at.until(lambda: "conditions" in at.get("unschedulable-1")["status"])


@watched("41")
def a_secret_is_missing(at: World) -> None:
    source = {"secretKeyRef": {"name": "no-such-secret", "key": "k"}}
    at.pod("configerror-1", env=[{"name": "K", "valueFrom": source}])
    at.until_waiting("configerror-1", "CreateContainerConfigError")


@watched("26")
def a_pod_lives_and_goes(at: World) -> None:
    at.play("08")
    at.until_phase("kernel-a1")
    for number in ("50", "51", "52", "43"):
        at.play(number)
    at.until_gone("kernel-a1")


@watched("32", "80")
def a_pod_has_its_events(at: World) -> None:
    at.pod("kernel-e1", {"app.kubernetes.io/component": "kernel", "room": "r3"})
    at.until_phase("kernel-e1")
    at.ask("DELETE", f"{KERNELS}/pods/kernel-e1")
    at.until_gone("kernel-e1")


@watched("93")
def a_pod_does_not_heed_its_end(at: World) -> None:
    at.fake.levers.stubborn.add("stubborn-1")
    at.pod("stubborn-1")
    at.until_phase("stubborn-1")
    at.play("94")
    at.until(lambda: at.get("stubborn-1")["status"].get("observedGeneration") == 2)
    at.fake.advance(4)
    at.until_gone("stubborn-1")


@watched("88")
def a_label_changes_and_comes_back(at: World) -> None:
    at.pod("kernel-b1", {"app.kubernetes.io/component": "kernel", "room": "r9"})
    at.until_phase("kernel-b1")
    at.fake.hold()
    at.mark()
    for room in ("r8", "r9"):
        at.ask(
            "PATCH", f"{KERNELS}/pods/kernel-b1",
            headers={"Content-Type": "application/merge-patch+json"},
            json={"metadata": {"labels": {"room": room}}},
        )  # fmt: skip


@watched("98")
def a_room_goes(at: World) -> None:
    labels = {"app.kubernetes.io/component": "kernel", "component": "singleuser-server"}
    at.pod("jupyter-ada", labels)
    at.until_phase("jupyter-ada")
    at.mark()
    at.ask("DELETE", f"{KERNELS}/pods/jupyter-ada?gracePeriodSeconds=1")
    at.until_gone("jupyter-ada")


def _watch(at: World, number: str) -> tuple[list[Any], list[Any]]:
    at.mark()
    _WATCHED[number](at)
    version = at.marked or ""
    seen = at.play(number, resourceVersion=version, timeoutSeconds="0.1")
    assert seen.status_code == 200
    said = [json.loads(line) for line in seen.text.splitlines()]
    return _told(said), _told(exchange(number).events)


def _told(events: list[Any]) -> list[Any]:
    """Leave out what the recorded cluster alone tells: that it has no DNS."""
    return [
        comparable(event)
        for event in events
        if event["type"] != "BOOKMARK"
        and event["object"].get("reason") != "MissingClusterDNS"
    ]


_LIVES = sorted(_WATCHED.keys() - _OF_EVENTS)


@pytest.mark.parametrize("number", _LIVES)
def test_a_watch_sees_what_was_recorded(number: str) -> None:
    with world() as at:
        said, expected = _watch(at, number)
    if number == "26":
        # That kubelet lost one of the resources while the pod went.
        for event in [*said, *expected]:
            event["object"]["status"].pop("resources", None)
    said = said[: len(expected)] if number == "37" else said
    expected = (
        _distinct(expected)[: len(said)] if number == "37" else _distinct(expected)
    )
    said = _distinct(said)
    assert [event["type"] for event in said] == [event["type"] for event in expected]
    for got, wanted in zip(said, expected, strict=True):
        if "spec" not in wanted["object"]:
            got["object"].pop("spec", None)
        assert got == wanted


def _distinct(events: list[Any]) -> list[Any]:
    """Leave out an event that says nothing new but its version."""
    return [e for i, e in enumerate(events) if i == 0 or events[i - 1] != e]


@pytest.mark.parametrize("number", sorted(_OF_EVENTS))
def test_a_pods_events_are_as_recorded(number: str) -> None:
    def plain(listed: Json) -> list[Any]:
        found = [i for i in listed["items"] if i["reason"] != "MissingClusterDNS"]
        return sorted(
            ({**comparable(item), "count": bool(item.get("count"))} for item in found),
            key=lambda item: (item["reason"], item["message"]),
        )

    with world() as at:
        _WATCHED[number](at)
        wanted = plain(json.loads(exchange(number).answer))
        at.until(lambda: len(plain(at.play(number).json())) == len(wanted))
        assert plain(at.play(number).json()) == wanted


@pytest.mark.parametrize("number", ["30", "31"])
def test_a_watch_begins_with_what_is_there(number: str) -> None:
    items = [
        item
        for one in ("21", "22")
        for item in json.loads(exchange(one).answer)["items"]
    ]
    with world() as at:
        at.standing({"items": items})
        # No number: the watch of the record was asked without one, too.
        lines = at.play(number, timeoutSeconds="0.1").text.splitlines()
    said = [comparable(json.loads(line)) for line in lines]
    expected = [comparable(event) for event in exchange(number).events[: len(said)]]
    for event in [*said, *expected]:
        event["object"].pop("spec", None)
    assert len(said) >= 3 + (number == "30")
    assert said == expected


def test_a_watch_from_a_version_that_is_forgotten_ends_with_an_error() -> None:
    with world() as at:
        at.pod("kernel-a1")
        at.fake.expire_versions()
        answer = at.play("28", resourceVersion="5")
    assert answer.status_code == exchange("28").code
    (said,) = answer.text.splitlines()
    assert comparable(json.loads(said)) == comparable(exchange("28").events[0])


def test_a_page_of_a_list_that_is_forgotten_is_gone() -> None:
    with world() as at:
        for name in ("configerror-1", "configerror-2"):
            at.pod(name)
        first = at.ask("GET", f"{KERNELS}/pods?limit=1").json()
        at.fake.expire_versions()
        answer = at.play("29", **{"continue": first["metadata"]["continue"]})
        _same(answer, exchange("29"))
        assert answer.status_code == 410
        # …but the token that the refusal holds goes on in what is there now.
        on = answer.json()["metadata"]["continue"]
        rest = at.play("29", **{"continue": on}).json()
    assert [item["metadata"]["name"] for item in rest["items"]] == ["configerror-2"]


def test_a_watch_from_a_version_to_come_says_nothing() -> None:
    with world() as at:
        answer = at.play("86", timeoutSeconds="0.1")
    assert (answer.status_code, answer.text) == (200, exchange("86").answer.strip())


def test_a_pod_that_ends_again_and_again_waits_to_start() -> None:
    with world() as at:
        version = str(at.fake.store.version)
        at.pod("crash-1", restartPolicy="Always")
        at.until_phase("crash-1")
        at.fake.exit("crash-1", 1)
        at.until_waiting("crash-1", "CrashLoopBackOff")
        seen = at.play("89", resourceVersion=version, timeoutSeconds="0.1")
    last = json.loads(seen.text.splitlines()[-1])["object"]
    (status,) = last["status"]["containerStatuses"]
    assert last["status"]["phase"] == "Running"
    assert status["lastState"]["terminated"]["exitCode"] == 1
    crashed = [
        e["object"]["status"]["containerStatuses"][0]
        for e in exchange("89").events
        if "CrashLoopBackOff" in json.dumps(e)
    ]
    assert set(status) == set(crashed[0])
    assert (
        status["state"]["waiting"]["reason"] == crashed[0]["state"]["waiting"]["reason"]
    )


def test_every_recorded_exchange_is_compared() -> None:
    others = _OF_EVENTS | _SHORT_DISCOVERY | {"28", "29", "30", "31", "86", "89"}
    assert set(names()) == _PLAYED.keys() | _WATCHED.keys() | others


def test_discovery_lists_what_the_fake_has_as_the_server_does() -> None:
    with world() as at:
        groups = at.play("03").json()
        resources = at.play("04").json()
    known = {g["name"]: g for g in json.loads(exchange("03").answer)["groups"]}
    for group in groups["groups"]:
        assert group == known[group["name"]]
    wanted = {r["name"]: r for r in json.loads(exchange("04").answer)["resources"]}
    for resource in resources["resources"]:
        if resource["name"] in wanted:
            assert resource == as_far_as(wanted[resource["name"]], resource)
