"""What a room's pages may load and run, and the files that only a page needs."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import allow_unauthenticated
from tornado.web import StaticFileHandler

from nbinterview_server.frame_policy import frame_policy

STATIC = Path(__file__).parent / "static"
YEAR_S = 365 * 24 * 3600

TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".task": "application/octet-stream",
}

_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)

WORKER_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"
)


def inline_hashes(html: str) -> list[str]:
    """Return a source expression for each inline script of a page."""
    return [
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in _INLINE.findall(html)
    ]


def page_policy(lab_index: str) -> str:
    """Return the Content-Security-Policy of a room, for this JupyterLab's page.

    Nothing that people wrote can run: neither inline handlers nor text that is
    made into code. Nothing is loaded from, or sent to, another origin. 'self'
    covers this origin's websockets. JupyterLab's own settings need 'unsafe-eval';
    ours (extensions/lab/src/validator) stand in for them.
    """
    scripts = ["'self'", "'wasm-unsafe-eval'", *inline_hashes(lab_index)]
    return "; ".join(
        [
            "default-src 'self'",
            f"script-src {' '.join(scripts)}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "media-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self'",
            "frame-src 'self'",
            "frame-ancestors 'none'",
            "form-action 'self'",
            "object-src 'none'",
            "base-uri 'self'",
        ]
    )


def page_headers(lab_index: str) -> dict[str, str]:
    """Return what every answer of a room's server carries.

    A page of another origin, another room's too, gets no hold of this one's window
    (opener) and cannot load what it answers (resource).
    """
    return {
        "Content-Security-Policy": page_policy(lab_index),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }


class AssetHandler(StaticFileHandler):
    """Worker, WASM and model: public files that never change under one version."""

    @allow_unauthenticated
    def head(self, *args: Any, **kwargs: Any) -> Any:
        """Say what `get` would send."""
        return super().head(*args, **kwargs)

    @allow_unauthenticated
    def get(self, *args: Any, **kwargs: Any) -> Any:
        """Send one file."""
        return super().get(*args, **kwargs)

    def set_extra_headers(self, path: str) -> None:
        """Let browsers keep them, and let a worker load nothing from elsewhere."""
        self.set_header("Cache-Control", f"public, max-age={YEAR_S}, immutable")
        self.set_header("X-Content-Type-Options", "nosniff")
        policy = WORKER_POLICY
        if path.startswith("frame/"):
            policy = frame_policy(self.request.host, self.request.path)
        self.set_header("Content-Security-Policy", policy)

    def get_content_type(self) -> str:
        """Name the types that the system's table may not know."""
        suffix = Path(self.absolute_path or "").suffix
        return TYPES.get(suffix) or super().get_content_type()


# Below the server's base URL; the version in the path makes the year harmless.
ASSETS = (r"/nbinterview/static/[\w.-]+/(.+)", AssetHandler, {"path": STATIC})
