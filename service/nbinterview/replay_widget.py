"""`ReplayWidget`: an interview as a film, in any notebook.

    from nbinterview.replay_widget import ReplayWidget
    replay = ReplayWidget.of_record("interview.jsonl.gz")
    replay                       # plays it
    replay.go_to("23:10")

Needs anywidget (the extra `widget`) and, for a record, pycrdt (the extra `hub`).
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any, Self

import anywidget
import traitlets

from nbinterview.errors import Invalid

_STATIC = Path(__file__).parent / "replay_static"
_GZIP = b"\x1f\x8b"


def _built(name: str) -> Path:
    path = _STATIC / name
    if not path.is_file():
        raise ImportError(
            f"{path} was not built. In a source tree, run "
            "`npm run build -w dashboard/replay` first."
        )
    return path


class ReplayWidget(anywidget.AnyWidget):
    """Plays a film (`film.schema.yaml`): the notebook at any moment, flags, runs."""

    _esm = _built("replay-widget.js")
    _css = _built("replay.css")

    film = traitlets.Dict(help="What is played; see nbinterview.ledger.film.").tag(
        sync=True
    )
    at_ms = traitlets.Int(
        0, min=0, help="The moment that is shown; set it to go there."
    ).tag(sync=True)

    @classmethod
    def of_record(cls, path: str | Path) -> Self:
        """Return the replay of a record (`nbinterview record export`), packed or not.

        Raises `Invalid` when the file is no export.
        """
        # Only here: a film needs pycrdt, playing one does not.
        from nbinterview.ledger.film import make_film

        content = Path(path).read_bytes()
        try:
            if content.startswith(_GZIP):
                content = gzip.decompress(content)
            header, *records = map(json.loads, content.splitlines())
            about = {**header["interview"], "people": header["people"]}
        except (ValueError, OSError, EOFError, TypeError, KeyError) as error:
            raise Invalid("This file is not an exported record.") from error
        return cls(film=make_film(about, records))

    def go_to(self, moment: str) -> None:
        """Show a moment: `23:10`, `1:02:03`, or seconds."""
        parts = moment.split(":")
        if len(parts) > 3 or not all(part.isdecimal() for part in parts):
            raise Invalid(f"{moment!r} is not a moment such as 23:10.", field="moment")
        seconds = 0
        for part in parts:
            seconds = 60 * seconds + int(part)
        self.at_ms = min(seconds * 1000, self._length_ms())

    def _length_ms(self) -> int:
        film: dict[str, Any] = self.film
        return int(film.get("duration_ms", 0))
