"""One text of a value: the quick way writes what RFC 8785's reference writes."""

import math

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from nbinterview.errors import Invalid
from nbinterview.ledger.canonical import canonical

_text = st.text(st.characters(exclude_categories=["Cs"]))
_numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(
    allow_nan=False, allow_infinity=False
)
# Numbers near where ECMAScript changes their form, and where orjson might.
_edges = st.builds(
    lambda digits, exponent: float(f"{digits}e{exponent}"),
    st.integers(-(10**17), 10**17),
    st.integers(-30, 25),
)
_json = st.recursive(
    st.none() | st.booleans() | _numbers | _edges | _text,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(_text, inner, max_size=4)
    ),
    max_leaves=12,
)


@given(_json)
@example([1.0, -0.0, 0.0, 1e16, 1e21, 1e22, 1e-6, 1e-7, 123456789012345680.0])
@example({"\ue000": 1, "\U00010000": 2, "\ud7ff": 3})
@example({'\x7f\x00\x1f\\"\u2028': "\b\f\n\r\t\x01/"})
@example({"a": [0.0000012, 5e-324, 1.7976931348623157e308, 0.1]})
def test_it_is_the_text_of_rfc_8785(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


def test_the_example_of_rfc_8785() -> None:
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 1e-27],
        "string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
        "literals": [None, True, False],
    }
    assert canonical(value) == (
        b'{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,'
        b'1e-27],"string":"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        [math.nan],
        {"a": [None, math.inf]},
        {"a": -math.inf},
        2**53,
        [-(2**53)],
        {"a": 2**70},
        "\ud800",
        {"\udfff": 1},
        {1: 2},
        {"a": object()},
        {"a": b"bytes"},
    ],
)
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(Invalid):
        canonical(value)


def test_a_value_nested_too_deeply_is_refused() -> None:
    value: list[object] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(Invalid):
        canonical(value)
    while value:  # taken apart by hand: Python would recurse
        value = value[0]  # type: ignore[assignment]
