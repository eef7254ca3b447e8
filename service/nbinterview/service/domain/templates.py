"""From an uploaded file to a notebook that a room may open: checked, cleaned, locked.

Cleaning is said, not done in secret: every function that drops something returns
the words for it.
"""

from __future__ import annotations

import json
import re
from copy import deepcopy
from typing import Any
from uuid import UUID, uuid5

import nbformat
from nbformat.validator import NotebookValidationError

from nbinterview.errors import Invalid, TooLarge

MAX_TEMPLATE_BYTES = 2 * 1024 * 1024
KERNEL = {
    "name": "nbinterview-python3",
    "display_name": "Python 3 (interview)",
    "language": "python",
}
LOCKED_TAG = "locked"
# What only the interviewers are to know. It does not even reach the database.
HIDDEN_TAGS = frozenset({"solution", "hidden", "hidden-tests"})
_HIDDEN_REGION = re.compile(
    r"^[ \t]*### BEGIN (SOLUTION|HIDDEN TESTS)\b.*?"
    r"(?:^[ \t]*### END \1\b[^\n]*\n?|\Z)",
    re.DOTALL | re.MULTILINE,
)
# Of a cell's metadata; anything else may tell what the question is about.
_KEPT_METADATA = frozenset({"tags", "editable", "deletable", "jupyter", "collapsed"})
_LEFT_BY_RUNS = frozenset({"trusted", "execution"})
_CELL_IDS = UUID("6a0d4b1e-54a7-4c65-9d0c-7a5b7a1f2c11")


def read_template(data: bytes) -> tuple[dict[str, Any], list[str]]:
    """Return the cleaned notebook of an uploaded file, and what was changed.

    Raises `Invalid` or `TooLarge` with the reason, for the person who uploads.
    """
    if len(data) > MAX_TEMPLATE_BYTES:
        size_mib = len(data) / 1024 / 1024
        raise TooLarge(
            f"The template is {size_mib:.1f} MiB; at most 2 MiB are taken. "
            "Data belongs in a file beside the notebook, not inside it.",
            field="template",
        )
    try:
        loaded = json.loads(data.decode("utf-8-sig"))
    except ValueError as error:
        raise _not_a_notebook("it is not JSON") from error
    except RecursionError as error:
        raise _not_a_notebook("it is nested too deeply") from error
    return clean_template(loaded)


def clean_template(loaded: object) -> tuple[dict[str, Any], list[str]]:
    """Return a notebook of nbformat 4.5 with locked questions, and what was changed."""
    notebook, notes = _upgraded(loaded)
    notes += _leave_out_hidden(notebook)
    notes += _strip_results(notebook)
    locked = _lock(notebook)
    _number_cells(notebook)
    notebook["metadata"] = {
        "kernelspec": dict(KERNEL),
        "language_info": {"name": "python"},
    }
    _validate(notebook)
    if locked:
        notes.append(f"{_count(locked, 'question cell')} locked for the candidate")
    return notebook, notes


def _upgraded(loaded: object) -> tuple[dict[str, Any], list[str]]:
    if not isinstance(loaded, dict) or not isinstance(loaded.get("nbformat"), int):
        raise _not_a_notebook("the field 'nbformat' is missing")
    if not isinstance(loaded.get("cells", loaded.get("worksheets")), list):
        raise _not_a_notebook("it has no cells")
    notes = []
    before = (loaded["nbformat"], loaded.get("nbformat_minor", 0))
    try:
        notebook: Any = nbformat.from_dict(deepcopy(loaded))  # type: ignore[no-untyped-call]
        if before[0] != 4:
            notebook = nbformat.convert(notebook, 4)  # type: ignore[no-untyped-call]
        # Numbers and characters that JSON over HTTP cannot carry fail here.
        text = json.dumps(notebook, allow_nan=False, ensure_ascii=False)
        plain: dict[str, Any] = json.loads(text.encode())
    # nbformat raises whatever it stumbles over in what is nearly a notebook.
    except Exception as error:
        raise _not_a_notebook(f"it cannot be read ({_short(error)})") from error
    if not isinstance(plain.get("cells"), list):
        raise _not_a_notebook("it has no cells")
    if before[0] == 4 and isinstance(before[1], int) and before[1] > 5:
        raise _not_a_notebook(f"its format 4.{before[1]} is newer than 4.5")
    plain["nbformat"], plain["nbformat_minor"] = 4, 5
    if before != (4, 5):
        notes.append(f"converted from notebook format {before[0]}.{before[1]} to 4.5")
    for cell in plain["cells"]:
        if not isinstance(cell, dict) or not isinstance(cell.get("metadata"), dict):
            raise _not_a_notebook("a cell has no metadata")
    return plain, notes


def _leave_out_hidden(notebook: dict[str, Any]) -> list[str]:
    """Remove solutions, hidden tests and metadata of other tools; say what went."""
    cells, regions, metadata = notebook["cells"], 0, 0
    shown = [cell for cell in cells if not HIDDEN_TAGS & set(_tags(cell))]
    for cell in shown:
        cell["source"], found = _HIDDEN_REGION.subn("", _source(cell))
        regions += found
        unknown = cell["metadata"].keys() - _KEPT_METADATA
        metadata += bool(unknown - _LEFT_BY_RUNS)
        for key in unknown - _LEFT_BY_RUNS:
            del cell["metadata"][key]
    notebook["cells"] = shown
    notes = []
    if len(shown) < len(cells):
        hidden = _count(len(cells) - len(shown), "cell")
        notes.append(f"{hidden} tagged as solution or hidden left out")
    if regions:
        notes.append(f"{_count(regions, 'region')} with a solution or tests left out")
    if metadata:
        notes.append(f"other tools' metadata of {_count(metadata, 'cell')} removed")
    return notes


def _tags(cell: dict[str, Any]) -> list[str]:
    tags = cell["metadata"].get("tags")
    if not isinstance(tags, list):
        return []
    return [tag for tag in tags if isinstance(tag, str)]


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    lines = source if isinstance(source, list) else [source]
    if not all(isinstance(line, str) for line in lines):
        raise _not_a_notebook("a cell's source is no text")
    return "".join(lines)


def _strip_results(notebook: dict[str, Any]) -> list[str]:
    """Remove what only a run may bring: outputs, counts, trust; say what went."""
    outputs = counts = trusted = 0
    for cell in notebook["cells"]:
        if cell.get("cell_type") == "code":
            outputs += bool(cell.get("outputs"))
            counts += cell.get("execution_count") is not None
            cell["outputs"], cell["execution_count"] = [], None
        metadata = cell["metadata"]
        trusted += metadata.pop("trusted", None) is not None
        metadata.pop("execution", None)
        cell.pop("trusted", None)
    notes = []
    if outputs:
        notes.append(f"outputs of {_count(outputs, 'cell')} removed")
    if counts:
        notes.append(f"execution counts of {_count(counts, 'cell')} removed")
    if trusted:
        notes.append(f"the mark 'trusted' of {_count(trusted, 'cell')} removed")
    return notes


def _lock(notebook: dict[str, Any]) -> int:
    """Lock the texts, and the code cells tagged `locked`; return how many."""
    locked = 0
    for cell in notebook["cells"]:
        metadata = cell["metadata"]
        tagged = LOCKED_TAG in _tags(cell)
        for key in ("editable", "deletable"):
            metadata.pop(key, None)
        if cell.get("cell_type") == "markdown" or tagged:
            metadata["editable"] = metadata["deletable"] = False
            locked += 1
    return locked


def _number_cells(notebook: dict[str, Any]) -> None:
    """Give every cell an id of its own, the same for the same template."""
    taken: set[str] = set()
    for index, cell in enumerate(notebook["cells"]):
        found = cell.get("id")
        if not isinstance(found, str) or not found or found in taken:
            found = uuid5(_CELL_IDS, f"{index}:{cell.get('source')}").hex[:12]
        cell["id"] = found
        taken.add(found)


def _validate(notebook: dict[str, Any]) -> None:
    try:
        nbformat.validate(notebook, version=4, version_minor=5)
    except NotebookValidationError as error:
        path = ".".join(str(part) for part in error.relative_path) or "the notebook"
        raise _not_a_notebook(f"{path} does not fit the notebook format") from error
    except Exception as error:  # it fails at explaining what does not fit
        raise _not_a_notebook("a cell does not fit the notebook format") from error


def _short(error: Exception) -> str:
    words = str(error) or type(error).__name__
    return words if len(words) <= 200 else words[:197] + "..."


def _not_a_notebook(reason: str) -> Invalid:
    return Invalid(
        f"The template is not a Jupyter notebook: {reason}. "
        "Choose a file with the ending .ipynb, as JupyterLab saves it.",
        field="template",
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
