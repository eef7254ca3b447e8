"""The notebook as it was after some of the record's document updates.

What comes out was written by a candidate: show it, never run or trust it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from nbinterview.errors import Invalid

if TYPE_CHECKING:
    from pycrdt import Doc

DEFAULT_PATH = "interview.ipynb"


def document_updates(
    payloads: Iterable[Mapping[str, Any]], path: str = DEFAULT_PATH
) -> list[bytes]:
    """Return the Yjs updates of one document, from payloads of `document` records."""
    return [
        base64.b64decode(payload["update"], validate=True)
        for payload in payloads
        if payload["path"] == path
    ]


def apply_update(document: Doc[Any], update: bytes) -> None:
    """Apply one Yjs update to a document. Raise `Invalid` for bytes that are none."""
    try:
        document.apply_update(update)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic of pycrdt is no Exception
        raise Invalid("The bytes of an update are not Yjs.") from error


def rebuild(updates: Iterable[bytes]) -> dict[str, Any]:
    """Return the notebook (nbformat) after all these updates, in their order."""
    # Here, so that what never rebuilds one can do without them.
    from jupyter_ydoc import YNotebook
    from pycrdt import Doc

    document: Doc[Any] = Doc()
    for update in updates:
        apply_update(document, update)
    # Afterwards: its undo manager would keep everything that was ever deleted.
    notebook = YNotebook(document)
    # As it is: giving doubled cells new ids would make this depend on chance.
    content = notebook.get(deduplicate=False)
    found: dict[str, Any] = json.loads(json.dumps(content))
    return found
