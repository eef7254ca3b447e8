"""`python -m nbinterview.service`: the service as a process of its own."""

from __future__ import annotations

import sys

import uvicorn

from nbinterview.errors import NBInterviewError
from nbinterview.service.app import create_app
from nbinterview.service.settings import Settings


def main() -> int:
    """Serve until a signal; return the exit status."""
    try:
        settings = Settings.from_env()
    except NBInterviewError as error:
        print(f"nbinterview: {error.detail}", file=sys.stderr)
        return 1
    except KeyError as error:
        print(f"nbinterview: the variable {error} is not set", file=sys.stderr)
        return 1
    uvicorn.run(
        create_app(settings),
        host="127.0.0.1",
        port=settings.addresses.service_port,
        # Links hold secrets in their query; the hub and the pages log what matters.
        access_log=False,
        server_header=False,
        # Whose address counts is decided in one place: `rates.address_of`.
        proxy_headers=False,
        # What waits for a slow client must not hold up the platform's end.
        timeout_graceful_shutdown=5,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
