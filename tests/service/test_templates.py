"""Templates: refused with the reason, or cleaned and said so."""

from __future__ import annotations

import json
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbinterview.errors import Invalid, TooLarge
from nbinterview.service.domain.templates import (
    MAX_TEMPLATE_BYTES,
    clean_template,
    read_template,
)
from tests.service.support import notebook


def _code(source: str = "1", **extra: Any) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": f"c{abs(hash(source)) % 1000}",
        "metadata": {},
        "source": source,
        "outputs": [],
        "execution_count": None,
        **extra,
    }


def test_questions_are_locked_and_code_is_free() -> None:
    tagged = _code("data = 1", metadata={"tags": ["locked"]})
    cleaned, notes = clean_template(
        notebook(
            {"cell_type": "markdown", "id": "q", "metadata": {}, "source": "Q"},
            tagged,
            _code("mine", metadata={"editable": False, "deletable": False}),
        )
    )
    locked = [
        (cell["metadata"].get("editable"), cell["metadata"].get("deletable"))
        for cell in cleaned["cells"]
    ]
    assert locked == [(False, False), (False, False), (None, None)]
    assert notes == ["2 question cells locked for the candidate"]


def test_what_a_run_left_behind_is_removed_and_said() -> None:
    output = {"output_type": "stream", "name": "stdout", "text": "42\n"}
    cleaned, notes = clean_template(
        notebook(
            _code("a", outputs=[output], execution_count=3),
            _code("b", execution_count=4, metadata={"trusted": True}),
        )
    )
    assert all(cell["outputs"] == [] for cell in cleaned["cells"])
    assert all(cell["execution_count"] is None for cell in cleaned["cells"])
    assert all("trusted" not in cell["metadata"] for cell in cleaned["cells"])
    assert notes == [
        "outputs of 1 cell removed",
        "execution counts of 2 cells removed",
        "the mark 'trusted' of 1 cell removed",
    ]


def test_solutions_and_hidden_tests_never_get_into_a_template() -> None:
    region = (
        "def f(x):\n    ### BEGIN SOLUTION\n    return CANARY + x\n"
        "    ### END SOLUTION\n\n### BEGIN HIDDEN TESTS\nassert f(CANARY)\n"
    )
    cleaned, notes = clean_template(
        notebook(
            _code(region),
            _code("CANARY = 1", metadata={"tags": ["solution"]}),
            _code("CANARY == 2", metadata={"tags": ["x", "hidden-tests"]}),
            {
                "cell_type": "markdown",
                "id": "m",
                "metadata": {"tags": ["hidden"]},
                "source": "CANARY",
            },
            _code("3", metadata={"nbgrader": {"grade_id": "CANARY"}, "tags": ["x"]}),
        )
    )
    assert "CANARY" not in json.dumps(cleaned)
    sources = [cell["source"] for cell in cleaned["cells"]]
    assert sources == ["def f(x):\n\n", "3"]
    assert cleaned["cells"][1]["metadata"] == {"tags": ["x"]}
    assert notes == [
        "3 cells tagged as solution or hidden left out",
        "2 regions with a solution or tests left out",
        "other tools' metadata of 1 cell removed",
    ]


def test_the_interviews_kernel_is_set_and_other_metadata_goes() -> None:
    raw = notebook()
    raw["metadata"] = {"kernelspec": {"name": "evil", "display_name": "x"}, "w": 1}
    cleaned, _ = clean_template(raw)
    assert cleaned["metadata"]["kernelspec"]["name"] == "nbinterview-python3"
    assert set(cleaned["metadata"]) == {"kernelspec", "language_info"}


def test_an_older_format_is_converted_and_gets_ids() -> None:
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": ""},
        "worksheets": [
            {
                "cells": [
                    {
                        "cell_type": "code",
                        "input": "1",
                        "language": "python",
                        "outputs": [],
                        "metadata": {},
                    },
                    {"cell_type": "heading", "level": 1, "source": "Q", "metadata": {}},
                ],
                "metadata": {},
            }
        ],
    }
    cleaned, notes = clean_template(old)
    assert (cleaned["nbformat"], cleaned["nbformat_minor"]) == (4, 5)
    assert all(cell["id"] for cell in cleaned["cells"])
    assert "converted from notebook format 3.0 to 4.5" in notes


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG\r\n",
        b"[]",
        b'{"a": 1}',
        b'{"nbformat": 4, "cells": 3}',
        b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{}]}',
        b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [7]}',
        b'{"nbformat": 9, "nbformat_minor": 0, "metadata": {}, "cells": []}',
        b'{"nbformat": 4, "nbformat_minor": 9, "metadata": {}, "cells": []}',
        b"[" * 100_000,
        # Found by tests/attacks/fuzz_decoders: nbformat stumbles over these.
        b'{"nbformat": true, "nbformat_minor": 0, "metadata": {}, "worksheets": []}',
        b'{"nbformat": 3, "nbformat_minor": "", "metadata": {}, "worksheets": []}',
        b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "worksheets": []}',
        (
            b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": '
            b'[{"cell_type": 5, "id": "a", "metadata": {}, "source": ""}]}'
        ),
        b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {"n": NaN}, "cells": []}',
        (
            b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {"n": "\\udc00"},'
            b' "cells": []}'
        ),
    ],
)
def test_what_is_not_a_notebook_is_refused_with_the_reason(data: bytes) -> None:
    with pytest.raises(Invalid, match="not a Jupyter notebook") as refusal:
        read_template(data)
    assert refusal.value.field == "template"


def test_a_cell_of_an_unknown_kind_is_refused() -> None:
    bad = {"cell_type": "spell", "id": "s", "metadata": {}, "source": ""}
    with pytest.raises(Invalid, match="not a Jupyter notebook"):
        clean_template(notebook(bad))


def test_two_mebibytes_are_the_limit() -> None:
    small = json.dumps(notebook()).encode()
    read_template(small + b" " * (MAX_TEMPLATE_BYTES - len(small)))
    with pytest.raises(TooLarge, match="at most 2 MiB"):
        read_template(small + b" " * (MAX_TEMPLATE_BYTES - len(small) + 1))


_cells = st.lists(
    st.builds(
        lambda kind, source, cell_id: {
            "cell_type": kind,
            "id": cell_id,
            "metadata": {},
            "source": source,
            **({"outputs": [], "execution_count": None} if kind == "code" else {}),
        },
        st.sampled_from(["code", "markdown", "raw"]),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
        # Ids repeat on purpose: people copy cells by hand.
        st.sampled_from(["a", "b", "c"]),
    ),
    max_size=6,
)


@given(_cells)
def test_cleaning_is_repeatable_and_gives_a_valid_notebook(
    cells: list[dict[str, Any]],
) -> None:
    raw = notebook()
    raw["cells"] = cells
    cleaned, _ = clean_template(raw)
    nbformat.validate(cleaned)
    assert len({cell["id"] for cell in cleaned["cells"]}) == len(cells)
    assert [cell["source"] for cell in cleaned["cells"]] == [
        cell["source"] for cell in cells
    ]
    assert clean_template(cleaned)[0] == cleaned
