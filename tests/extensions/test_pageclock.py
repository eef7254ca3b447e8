"""A page's clock against the room's."""

from __future__ import annotations

from nbinterview_server.pageclock import AHEAD_S, SETTLING_S, PageClocks

BOOT = "boot"


def test_delays_are_no_jump() -> None:
    clocks = PageClocks()
    for second in range(100):
        late_s = 0.3 * (second % 4)
        assert clocks.skew_ms(BOOT, 1000.0 * second, 50.0 + second + late_s) is None
    # A minute offline: all of it comes late, at once, and in its order.
    for second in range(100, 160):
        assert clocks.skew_ms(BOOT, 1000.0 * second, 211.0) is None
    assert clocks.said_s(BOOT, 100_000.0, 211.0) == 150.0


def test_what_waited_since_before_this_room_sets_no_clock() -> None:
    """After a restart the first messages are old ones, each less late than before."""
    clocks = PageClocks()
    for second in range(60):
        assert clocks.skew_ms(BOOT, 1000.0 * second, 100.0 + second / 10) is None
    assert clocks.said_s(BOOT, 59_000.0, 106.0) == 105.9


def test_a_clock_that_jumps_ahead_is_marked_once_and_followed() -> None:
    clocks = PageClocks()
    now_s = 0.0
    for now_s in (0.0, SETTLING_S, SETTLING_S + 1):
        assert clocks.skew_ms(BOOT, 1000 * now_s, now_s) is None
    hour_ms = 3_600_000.0
    now_s += 1.0
    assert clocks.skew_ms(BOOT, 1000 * now_s + hour_ms, now_s) == hour_ms
    now_s += 1.0
    assert clocks.skew_ms(BOOT, 1000 * now_s + hour_ms, now_s) is None
    assert clocks.said_s(BOOT, 1000 * now_s + hour_ms, now_s) == now_s
    assert clocks.skew_ms(BOOT, 1000 * now_s, now_s) == -hour_ms


def test_nothing_is_dated_after_now() -> None:
    clocks = PageClocks()
    clocks.skew_ms(BOOT, 0.0, 10.0)
    assert clocks.said_s(BOOT, 1e12, 11.0) == 11.0
    assert clocks.said_s("other", 1e12, 11.0) == 11.0
    assert clocks.skew_ms(BOOT, 1000 * AHEAD_S, 10.5) is None
