"""Silence is visible: every way to fall silent is a gap, and honest pages have none.

In simulated time (`watchsim`): the page and the line are models, the room's side is
what runs in a room.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from nbinterview.schemas import check
from nbinterview_server.journal import Entry
from tests.extensions.harness import CANDIDATE
from tests.extensions.watchsim import Line, Page, World, pause, watched

BAD_LINE = Line(loss=0.05, delay_s=0.2, jitter_s=0.1)
"""5 % of all messages are lost, both ways, and 200 ms +- 100 ms on the way."""
FAR_LINE = Line(delay_s=0.2, jitter_s=0.1)
SEEN_WITHIN_S = 3.0
TRIALS = 25
HOUR_S = 3600.0


# ------------------------------------------------------------ honest pages


@pytest.mark.parametrize("camera", [True, False])
def test_ten_hours_on_a_bad_line_are_one_false_gap_at_most(*, camera: bool) -> None:
    """Five hours with a camera and five without, in interviews of one hour."""
    false_gaps = 0
    for seed in range(5):
        world, _ = watched(seed, BAD_LINE, camera=camera)
        world.run(HOUR_S)
        false_gaps += len(world.gaps())
    assert false_gaps == 0


def test_beats_that_are_lost_are_asked_for() -> None:
    """What keeps the false gaps away: three lost in a row are made good in time."""
    world, page = watched(1)
    lost = 0

    def keep(beat: dict[str, Any]) -> dict[str, Any] | None:
        nonlocal lost
        lost -= 1
        return None if lost >= 0 else beat

    page.keep = keep
    for _ in range(20):
        lost = 3
        world.run(6.0)
    assert world.gaps() == []


def test_a_page_that_crashed_and_came_back_at_once_goes_on_without_a_question() -> None:
    """Its old connection is dead, and nobody said so."""
    world, page = watched(3)
    page.runs = page.worker = page.path = False
    world.run(2.0)
    again = Page(world, camera=True)
    again.event(name="camera", state="on")
    assert not again.active
    world.run(20.0)
    assert again.active
    [gap] = world.gaps("ended")
    assert gap["cause"] == "reloaded"


def test_a_full_record_is_not_held_against_the_page_and_hides_nothing() -> None:
    world, page = watched(4)
    world.is_full = True
    page.observes = False  # it holds its measurements, as none is taken
    world.run(10.0)
    [gap] = world.gaps("began")
    assert (gap["cause"], "is full" in gap["detail"]) == ("unknown", True)


def test_what_the_room_itself_holds_up_is_no_gap() -> None:
    """A disk that takes a message late keeps the beats behind it from being read."""
    world, page = watched(2)
    proof, line = world.proof, page.connection
    proof.taking(line, begins=True)
    page.path = False
    world.run(6.0)
    page.path = True
    proof.taking(line, begins=False)
    world.run(10.0)
    assert world.gaps() == []


def test_a_disk_that_holds_up_for_long_is_the_rooms_gap() -> None:
    world, page = watched(2)
    world.proof.taking(page.connection, begins=True)
    page.path = False
    world.run(15.0)
    page.path = True
    world.proof.taking(page.connection, begins=False)
    world.run(5.0)
    [gap] = world.gaps("ended")
    assert gap["cause"] == "room"


# ------------------------------------------------------------ twelve ways and four more

Way = Callable[[World, Page], None]


def _worker_terminated(_world: World, page: Page) -> None:
    page.worker = False


def _renderer_frozen(_world: World, page: Page) -> None:
    """The browser's own process goes on and answers pings."""
    page.runs = page.worker = False


def _path_blocked(_world: World, page: Page) -> None:
    page.path = False


def _nearly_all_dropped(_world: World, page: Page) -> None:
    """Of nine beats eight are dropped."""
    page.keep = lambda beat: beat if beat["beat"] % 9 == 0 else None


def _camera_revoked(_world: World, page: Page) -> None:
    page.frames = False
    page.event(name="camera", state="lost")


def _track_swapped(_world: World, page: Page) -> None:
    page.still = True


def _clock_frozen(_world: World, page: Page) -> None:
    page.clock_stands_ms = round(page.clock_ms)


def _debugger_pause(_world: World, page: Page) -> None:
    """The page's thread stands, its worker counts on."""
    page.runs = False


def _second_tab(world: World, page: Page) -> None:
    """Another page takes the lease and says nothing."""
    other = Page(world)
    assert not other.active
    other.worker = other.observes = False
    other.active = False
    world.proof.take_lease(other.connection, other.boot_id)
    page.next = other


def _offline(world: World, page: Page) -> None:
    page.path = False
    world.after(0.5, page.disconnect)


def _reload_loop(world: World, page: Page) -> None:
    def again() -> None:
        last = page
        while hasattr(last, "next"):
            last = last.next
        last.reload(takes_s=4.5)
        world.after(7.0, again)

    again()


def _hidden_and_stopped(world: World, page: Page) -> None:
    """Hidden for ten minutes; after some time the browser stops its scripts."""
    page.event(name="visibility", state="hidden")
    world.run(5.0)
    page.runs = page.worker = False


def _replayed(_world: World, page: Page) -> None:
    old = page.sent_beats[-5]
    page.keep = lambda _beat: old


def _old_nonce(_world: World, page: Page) -> None:
    """Signed rightly, with what the room said long ago."""
    page.hears = False
    page.world.run(1.0)
    page.credentials = {**page.credentials, "nonce": page.first_nonce}


def _counters_stand(_world: World, page: Page) -> None:
    """Frames are told, and none is counted."""
    page.counts = False


def _observations_stopped(_world: World, page: Page) -> None:
    page.observes = False


WAYS: dict[Way, set[str]] = {
    _worker_terminated: {"worker"},
    _renderer_frozen: {"frozen"},
    _path_blocked: {"offline", "unknown"},
    _nearly_all_dropped: {"worker"},
    _camera_revoked: {"camera"},
    _track_swapped: {"camera"},
    _clock_frozen: {"worker"},
    _debugger_pause: {"frozen"},
    _second_tab: {"second_tab"},
    _offline: {"offline"},
    _reload_loop: {"reloaded"},
    _hidden_and_stopped: {"hidden"},
    _replayed: {"worker"},
    _old_nonce: {"worker"},
    _counters_stand: {"camera"},
    _observations_stopped: {"worker"},
}


OF_THE_CAMERA = {
    _camera_revoked,
    _track_swapped,
    _counters_stand,
    _observations_stopped,
}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__.strip("_"))
def test_every_way_to_fall_silent_is_seen_in_time(way: Way) -> None:
    for seed in range(TRIALS):
        world, page = watched(seed, FAR_LINE)
        way(world, page)
        began_s = world.now_s
        world.run(12.0)
        seen_s = world.seen_s()
        assert seen_s is not None, seed
        # What was missed first: the beat that should have been sent next; or, of
        # pages that beat on, the first beat without new pictures.
        missed_s = page.proved_s + 1.0
        if way in OF_THE_CAMERA:
            missed_s = began_s + 1.0 + FAR_LINE.delay_s + FAR_LINE.jitter_s
        assert seen_s - missed_s <= SEEN_WITHIN_S, seed
        assert world.gaps()[0]["cause"] in WAYS[way], seed


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__.strip("_"))
def test_it_is_seen_on_a_bad_line_too(way: Way) -> None:
    for seed in range(5):
        world, page = watched(seed, BAD_LINE)
        way(world, page)
        began_s = world.now_s
        world.run(15.0)
        seen_s = world.seen_s()
        assert seen_s is not None, seed
        assert seen_s - began_s <= SEEN_WITHIN_S + 5.0, seed


# ------------------------------------------------------------ causes at the end


def _over(world: World) -> dict[str, object]:
    world.run(8.0)
    [gap] = world.gaps("ended")
    live = {key: value for key, value in gap.items() if key != "what"}
    check(live, "live", "Gap")
    return gap


def test_a_line_that_was_down_is_told_from_a_page_that_stood() -> None:
    """Both come back on the same connection, as if nothing had been."""
    world, page = watched(3, FAR_LINE)
    page.path = False
    world.run(20.0)
    page.path = True
    assert _over(world)["cause"] == "offline"
    world, page = watched(3, FAR_LINE)
    page.asleep = True
    world.run(20.0)
    page.asleep = False
    assert _over(world)["cause"] == "frozen"


def test_a_computer_that_slept_is_not_offline_though_its_connection_died() -> None:
    world, page = watched(4)
    page.asleep = True
    world.run(30.0)
    page.disconnect()
    world.run(600.0)
    page.asleep = False
    page.connect()
    gap = _over(world)
    assert gap["cause"] == "frozen"
    world, page = watched(4)
    page.disconnect()
    world.run(60.0)
    page.connect()
    assert _over(world)["cause"] == "offline"


def test_a_reload_is_one_gap_however_short() -> None:
    for takes_s in (0.6, 2.0, 6.0):
        world, page = watched(5)
        page.reload(takes_s=takes_s)
        world.run(takes_s + 20.0)
        [gap] = world.gaps("ended")
        assert gap["cause"] == "reloaded"
        assert len(world.gaps()) == 1
        assert page.next.active


def test_a_gap_says_the_last_moment_that_was_proved() -> None:
    world, page = watched(6)
    page.worker = False
    last_s = page.proved_s
    world.run(10.0)
    page.worker = True
    gap = _over(world)
    started_s = _seconds(world, gap["started_at"])
    assert abs(started_s - last_s) < 0.1
    assert _seconds(world, gap["ended_at"]) - started_s > 10.0
    [began] = world.gaps()
    assert began["started_at"] == gap["started_at"]


def _seconds(world: World, at: object) -> float:
    passed = datetime.fromisoformat(str(at)) - world.clock()
    return passed.total_seconds() + world.now_s


def test_hidden_alone_is_no_gap() -> None:
    """A page in the background whose worker beats and measures proves its watching."""
    world, page = watched(7)
    page.event(name="visibility", state="hidden")
    world.run(600.0)
    assert world.gaps() == []


def test_a_camera_that_comes_back_ends_its_gap() -> None:
    world, page = watched(8)
    page.frames = False
    world.run(10.0)
    page.frames = True
    assert _over(world)["cause"] == "camera"


# ------------------------------------------------------------ when none is due


def test_no_gap_before_the_start_nor_after_the_end() -> None:
    world = World(9)
    page = Page(world)
    page.worker = False
    world.run(60.0)
    page.start()
    page.worker = True
    world.run(30.0)
    world.write(Entry("interview.state", "room", {"state": "ended"}))
    page.leave()
    world.run(60.0)
    assert world.gaps() == []


def test_the_end_ends_a_gap() -> None:
    world, page = watched(10)
    page.leave()
    world.run(20.0)
    world.write(Entry("interview.state", "room", {"state": "ended"}))
    world.run(60.0)
    [gap] = world.gaps("ended")
    assert gap["cause"] == "offline"
    assert len(world.gaps()) == 1


def test_no_gap_while_an_interviewer_paused_the_watching() -> None:
    world, page = watched(11)
    pause(world, paused=True)
    page.worker = page.observes = False
    world.run(60.0)
    assert world.gaps() == []
    page.worker = page.observes = True
    pause(world, paused=False)
    world.run(60.0)
    assert world.gaps() == []
    page.worker = False
    world.run(10.0)
    assert len(world.gaps()) == 1


def test_a_candidate_who_agreed_to_nothing_has_no_gap() -> None:
    world = World(12)
    page = Page(world, camera=False)
    page.worker = False
    page.event(name="watch", state="started")
    world.run(60.0)
    assert world.gaps() == []


def test_a_page_cannot_switch_the_watching_off_unseen() -> None:
    """One `watch: stopped` is a gap at once, until it starts again or all ends."""
    world, page = watched(13)
    page.event(name="watch", state="stopped")
    world.run(1.0)
    [gap] = world.gaps()
    assert gap["cause"] == "stopped"
    page.worker = False
    world.run(300.0)
    assert len(world.gaps()) == 1
    assert world.gaps("ended") == []
    page.worker = True
    page.event(name="watch", state="started")
    world.run(30.0)
    assert len(world.gaps()) == len(world.gaps("ended")) == 1


@pytest.mark.parametrize("hidden", [False, True])
def test_a_page_that_can_sign_nothing_is_not_taken_for_hiding(*, hidden: bool) -> None:
    """By plain http a browser gives no keys; the gap says so until the end."""
    world = World(14)
    page = Page(world, camera=False)
    page.worker = False
    page.event(name="beats", state="insecure")
    page.event(name="consent", sensor="focus", granted=True)
    page.event(name="watch", state="started")
    if hidden:
        page.event(name="visibility", state="hidden")
    world.run(60.0)
    [gap] = world.gaps()
    assert gap["cause"] == "insecure"
    assert "https" in gap["detail"]
    world.write(Entry("interview.state", "room", {"state": "ended"}))
    world.run(1.0)
    assert [one["cause"] for one in world.gaps("ended")] == ["insecure"]


def test_a_page_that_fails_to_sign_for_another_reason_is_no_excuse() -> None:
    world = World(15)
    page = Page(world, camera=False)
    page.worker = False
    page.event(name="beats", state="failed")
    page.event(name="consent", sensor="focus", granted=True)
    page.event(name="watch", state="started")
    world.run(60.0)
    assert [one["cause"] for one in world.gaps()] == ["worker"]


def test_what_could_not_be_signed_stays_so_when_the_page_comes_by_https() -> None:
    world = World(16)
    page = Page(world, camera=False)
    page.worker = False
    page.event(name="beats", state="insecure")
    page.event(name="consent", sensor="focus", granted=True)
    page.event(name="watch", state="started")
    world.run(20.0)
    page.reload(takes_s=2.0)
    world.run(20.0)
    assert [one["cause"] for one in world.gaps("ended")] == ["insecure"]


def test_a_rehearsal_that_ended_is_no_gap_of_the_interview() -> None:
    world = World(18)
    world.write(Entry("interview.state", "room", {"state": "scheduled"}))
    page = Page(world, camera=False)
    page.start()
    world.run(5.0)
    page.event(name="watch", state="stopped")
    world.run(5.0)
    world.write(Entry("interview.state", "room", {"state": "open"}))
    world.run(60.0)
    assert world.gaps() == []
    page.event(name="watch", state="started")
    world.run(60.0)
    assert world.gaps() == []
    page.event(name="watch", state="stopped")
    world.run(5.0)
    assert [gap["cause"] for gap in world.gaps()] == ["stopped"]


# ------------------------------------------------------------ the room's own restarts


def _restart(world: World, page: Page, *, away_s: float, back_s: float) -> None:
    world.up = False
    page.connection = ""
    world.run(away_s)
    world.write_quietly("room.started")
    world.boot_room()
    world.run(back_s)


def test_a_restart_of_the_room_is_one_gap_and_no_more() -> None:
    for seed in range(TRIALS):
        world, page = watched(seed, BAD_LINE)
        for number in range(1, 4):
            _restart(world, page, away_s=4.0 + seed, back_s=seed % 8)
            page.connect()
            world.run(120.0)
            causes = [gap["cause"] for gap in world.gaps("ended")]
            assert causes == ["room"] * number, seed
            assert len(world.gaps()) == number


def test_who_does_not_come_back_after_a_restart_is_no_longer_the_rooms_gap() -> None:
    world, page = watched(14)
    _restart(world, page, away_s=5.0, back_s=60.0)
    causes = [gap["cause"] for gap in world.gaps()]
    assert causes == ["room", "offline"]


def test_a_gap_goes_on_over_a_restart() -> None:
    world, page = watched(15)
    page.disconnect()
    world.run(20.0)
    _restart(world, page, away_s=5.0, back_s=5.0)
    page.connect()
    world.run(60.0)
    [began], [ended] = world.gaps(), world.gaps("ended")
    assert began["gap_id"] == ended["gap_id"]
    assert began["started_at"] == ended["started_at"]


def test_a_room_that_stood_still_reads_first_what_came_meanwhile() -> None:
    """A process that was stopped for some seconds is no gap of the page's."""
    world, page = watched(16)
    for _ in range(20):
        arrived = page.held = []
        world.up = False
        world.run(3.4)
        world.up = True
        page.held = None
        world.proof.tick()
        for what in arrived:
            what(page.connection)
        world.run(5.0)
    assert world.gaps() == []


# ------------------------------------------------------------ beats on record


def test_without_observations_beats_are_a_small_record_each_ten_seconds() -> None:
    world, _ = watched(17, camera=False)
    world.run(60.0)
    found = [one for one in world.records if one.kind == "beats"]
    assert 5 <= len(found) <= 7
    assert all(one.author == CANDIDATE for one in found)
    last = 0
    for one in found:
        assert one.facts["first"] > last
        last = one.facts["last"]
