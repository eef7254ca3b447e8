"""Invitation links say exactly one thing, until exactly one moment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbinterview.tokens import (
    InvitationAltered,
    InvitationExpired,
    InvitationToken,
    read_invitation,
    room_token,
    sign_invitation,
)

TOKEN = InvitationToken("abcdefgh23", 1_000)


def test_a_link_is_read_until_it_expires() -> None:
    text = sign_invitation("key", TOKEN)
    assert read_invitation("key", text, now_s=999.9) == TOKEN
    with pytest.raises(InvitationExpired):
        read_invitation("key", text, now_s=1_000)


@given(position=st.integers(0, 10_000), character=st.characters(codec="ascii"))
def test_an_altered_link_never_says_anything_else(
    position: int, character: str
) -> None:
    text = sign_invitation("key", TOKEN)
    at = position % len(text)
    altered = text[:at] + character + text[at + 1 :]
    try:
        # The last character of base64 has bits that mean nothing.
        assert read_invitation("key", altered, now_s=0) == TOKEN
    except InvitationAltered:
        assert altered != text


@pytest.mark.parametrize("cut", [1, 2, 5, 20])
def test_a_link_that_was_cut_off_is_refused(cut: int) -> None:
    with pytest.raises(InvitationAltered):
        read_invitation("key", sign_invitation("key", TOKEN)[:-cut], now_s=0)


def test_a_link_for_another_invitation_or_time_cannot_be_made_from_one() -> None:
    body, dot, signature = sign_invitation("key", TOKEN).rpartition(".")
    other, _, _ = sign_invitation("x", InvitationToken("zzzzzzzzzz", 1)).rpartition(".")
    assert body != other
    with pytest.raises(InvitationAltered):
        read_invitation("key", f"{other}{dot}{signature}", now_s=0)


def test_another_platforms_link_is_refused() -> None:
    with pytest.raises(InvitationAltered):
        read_invitation("key", sign_invitation("other", TOKEN), now_s=0)


def test_every_room_has_its_own_token() -> None:
    assert room_token("key", "abcdefgh23") != room_token("key", "abcdefgh24")
    assert room_token("key", "abcdefgh23") != room_token("other", "abcdefgh23")
