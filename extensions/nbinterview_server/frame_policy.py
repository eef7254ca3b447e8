"""What an output frame may load and run: ADR 0010."""

from __future__ import annotations

import re

# What has no meaning of its own in a policy.
_PLAIN = re.compile(r"[\w.:/\[\]-]+")


def frame_policy(host: str, path: str) -> str:
    """Return the Content-Security-Policy of the file of a frame.

    `host` is where the file was asked for (with a port), `path` its path there. The
    frame has no origin, no network and no storage; it runs the scripts of its own
    directory alone, and no text becomes code.
    """
    # Without a scheme: it is the frame's, whatever a proxy made of it. The directory
    # and not 'self', so that nothing else of the room's origin is a script here.
    directory = path.rpartition("/")[0]
    own = f"{host}{directory}/"
    if _PLAIN.fullmatch(own) is None:
        own = "'self'"
    return "; ".join(
        [
            "sandbox allow-scripts",
            "default-src 'none'",
            f"script-src {own}",
            f"style-src {own} 'unsafe-inline'",
            "img-src data: blob:",
            "font-src data:",
            "frame-ancestors 'self'",
            "form-action 'none'",
            "base-uri 'none'",
        ]
    )
