"""Makes a film in a process of its own, so that nobody in the room waits for it.

`python -m nbinterview_server.filmmaker`: on stdin a header and then the records, a
JSON line each; on stdout the film, JSON packed by gzip.
"""

from __future__ import annotations

import json
import os
import sys

from nbinterview.ledger.film import make_film, packed

# Edits and runs of the room come first.
_NICENESS = 10


def main() -> None:
    """Read everything, then write the film."""
    os.nice(_NICENESS)
    lines = iter(sys.stdin.buffer)
    film = make_film(json.loads(next(lines)), map(json.loads, lines))
    sys.stdout.buffer.write(packed(film))


if __name__ == "__main__":
    main()
