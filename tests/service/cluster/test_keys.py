"""A kernel's keys, held against ZeroMQ's own."""

from __future__ import annotations

import zmq
import zmq.utils.z85
from hypothesis import given
from hypothesis import strategies as st

from nbinterview.cluster.keys import new_keys, new_suffix, z85
from nbinterview.cluster.manifest import kernel_name


def test_zeromq_takes_the_pair_for_its_own() -> None:
    keys = new_keys()
    assert zmq.curve_public(keys.secretkey.encode()).decode() == keys.publickey


def test_no_two_kernels_share_a_secret() -> None:
    one, two = new_keys(), new_keys()
    assert len({one.key, two.key, one.secretkey, two.secretkey}) == 4
    assert len(bytes.fromhex(one.key)) == 32


def test_a_suffix_is_one_that_a_name_may_end_in() -> None:
    assert kernel_name("abcdefgh23", new_suffix()).startswith("kernel-abcdefgh23-")


@given(st.binary(min_size=32, max_size=32))
def test_text_is_what_zeromq_writes(content: bytes) -> None:
    assert z85(content) == zmq.utils.z85.encode(content).decode()
