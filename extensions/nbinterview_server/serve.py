"""`python -m nbinterview_server.serve`: the room's server, what `launch` becomes.

The stock single-user server, with one thing before it: its log has no secrets.
"""

from __future__ import annotations

import os

from nbinterview.redaction import redact_own_streams, secrets_in


def main() -> None:
    """Serve until a signal."""
    redact_own_streams(secrets_in(os.environ))
    # Imported late: loggers keep the streams that they find.
    from jupyterhub.singleuser import main as serve

    serve()


if __name__ == "__main__":
    main()
