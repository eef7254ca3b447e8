"""Names as they are shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbinterview.service.domain.people import initials


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Ada Lovelace", "AL"),
        ("Ada", "A"),
        ("Ada <b>Q</b>", "AB"),
        ("Juan de la Núñez", "JN"),
        ("'Ada' (2)", "A"),
        ("李 小龙", "李小"),
        ("ßeta", "S"),
        ("<3 !", "?"),
    ],
)
def test_initials_of_a_name(name: str, expected: str) -> None:
    assert initials(name) == expected


@given(st.text())
def test_initials_are_one_or_two_letters_or_a_question_mark(name: str) -> None:
    found = initials(name)
    if any(char.isalpha() for char in name):
        assert 1 <= len(found) <= 2
        assert all(char.isalpha() for char in found)
    else:
        assert found == "?"
