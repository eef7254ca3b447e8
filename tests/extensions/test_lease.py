"""The lease: one page of the candidate counts, and a reload asks nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nbinterview_server.lease import ALIVE_S, RESERVED_S, Change, Lease


def test_the_first_page_has_it_and_the_second_does_not() -> None:
    lease = Lease()
    assert lease.came("a", "boot-a", 0.0) == [Change("taken", "boot-a", "a")]
    assert lease.came("b", "boot-b", 1.0) == [Change("second", "boot-b", "b")]
    assert (lease.connection, lease.boot_id) == ("a", "boot-a")
    assert lease.left("b", 2.0) == [Change("released", "boot-b", "b")]


def test_the_person_moves_it() -> None:
    lease = Lease()
    lease.came("a", "boot-a", 0.0)
    lease.came("b", "boot-b", 1.0)
    assert lease.take("b", 2.0) == [Change("taken", "boot-b", "b")]
    assert lease.take("b", 3.0) == []
    assert lease.take("c", 3.0) == []
    # The other one does not get it back by coming again.
    assert lease.came("a2", "boot-a", 3.0) == [Change("second", "boot-a", "a2")]


def test_a_page_that_comes_back_has_it_still() -> None:
    lease = Lease()
    lease.came("a", "boot-a", 0.0)
    lease.came("b", "boot-b", 1.0)
    assert lease.left("a", 2.0) == []
    assert lease.tick(2.0 + RESERVED_S - 1) == []
    assert lease.came("a2", "boot-a", 2.0 + RESERVED_S - 1) == []
    assert lease.connection == "a2"


def test_one_that_stays_away_loses_it_to_one_that_waits() -> None:
    lease = Lease()
    lease.came("a", "boot-a", 0.0)
    lease.came("b", "boot-b", 1.0)
    lease.left("a", 2.0)
    assert lease.tick(2.0 + RESERVED_S) == [Change("taken", "boot-b", "b")]


def test_a_reload_takes_it_at_once_and_also_from_a_dead_connection() -> None:
    lease = Lease()
    lease.came("a", "boot-a", 0.0)
    lease.left("a", 1.0)
    assert lease.came("b", "boot-b", 1.5) == [Change("taken", "boot-b", "b")]
    # Its connection is dead, and the room has not noticed.
    assert lease.came("c", "boot-c", 1.5 + ALIVE_S) == [Change("taken", "boot-c", "c")]
    # It said that it unloads, and its connection is still open.
    lease.spoke("c", 6.0, leaving=True)
    assert lease.came("d", "boot-d", 6.1) == [Change("taken", "boot-d", "d")]


def test_a_page_that_crashed_and_is_loaded_again_at_once_gets_it_soon() -> None:
    """Its old connection is dead, and nobody said so."""
    lease = Lease()
    lease.came("old", "boot-old", 0.0)
    lease.came("a", "boot-a", 1.0)
    lease.take("a", 2.0)
    lease.came("b", "boot-b", 2.0 + ALIVE_S - 1)
    assert lease.connection == "a"
    assert lease.tick(2.0 + RESERVED_S - 1) == []
    assert lease.tick(2.0 + RESERVED_S) == [Change("taken", "boot-b", "b")]


def test_a_page_that_stands_still_loses_it_to_none_that_was_there_before() -> None:
    lease = Lease()
    lease.came("a", "boot-a", 0.0)
    lease.came("b", "boot-b", 1.0)
    lease.spoke("a", 2.0)
    lease.spoke("b", 20.0)
    assert lease.tick(20.0) == []
    assert lease.connection == "a"


def test_after_a_restart_of_the_room_the_page_that_had_it_has_it() -> None:
    lease = Lease()
    lease.restore("taken", "boot-a", 0.0)
    lease.restore("second", "boot-b", 0.0)
    assert lease.came("b", "boot-b", 1.0) == [Change("second", "boot-b", "b")]
    assert lease.came("a", "boot-a", 2.0) == []
    assert (lease.connection, lease.boot_id) == ("a", "boot-a")


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["came", "take", "spoke", "left", "tick"]),
        st.sampled_from("abcd"),
        st.floats(0.0, 12.0),
    ),
    max_size=40,
)


@given(STEPS)
def test_whatever_happens_one_open_page_at_most_has_it(
    steps: list[tuple[str, str, float]],
) -> None:
    lease, now_s = Lease(), 0.0
    here: set[str] = set()
    for what, name, passed_s in steps:
        now_s += passed_s
        match what:
            case "came" if name not in here:
                here.add(name)
                changes = lease.came(name, f"boot-{name}", now_s)
            case "take":
                changes = lease.take(name, now_s)
            case "left":
                here.discard(name)
                changes = lease.left(name, now_s)
            case "tick":
                changes = lease.tick(now_s)
            case _:
                lease.spoke(name, now_s)
                changes = []
        assert lease.connection is None or lease.connection in here
        taken = [one for one in changes if one.state == "taken"]
        assert all(one.boot_id == lease.boot_id for one in taken[-1:])
        assert len(taken) <= 1
    if here:
        lease.tick(now_s + RESERVED_S)
        assert lease.connection in here
