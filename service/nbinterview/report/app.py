"""The report's web server: Voila on its own, one notebook, one page, no other route.

The page is complete when it arrives: its style, its few lines of script and the
replay's player are inline and named by hash in the policy, so that nothing else is
loaded or run, and Voila's own front end (which needs `unsafe-eval` and a CDN) is left
out. See docs/adr/0006-static-report.md and 0008-replay-is-a-film.md.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jinja2
from jupyter_server.utils import url_path_join
from traitlets import Instance, Unicode
from traitlets.config import Config
from voila.app import Voila
from voila.paths import collect_template_paths

import nbinterview
from nbinterview.errors import Unavailable
from nbinterview.home import REPORT_PREFIX, Addresses, Home
from nbinterview.report.handlers import (
    CallbackHandler,
    HealthHandler,
    NotFoundHandler,
    PageHandler,
)
from nbinterview.report.identity import ReportIdentityProvider
from nbinterview.report.kernels import OwnInterpreterOnly, ReportKernelManager

_CELL_TIMEOUT_S = 60
_IDLE_KERNEL_S = 120


def dashboard_dir() -> Path:
    """Return where the notebook and its template are: a checkout or an installation."""
    package = Path(nbinterview.__file__).parent
    for found in (
        package.parents[1] / "dashboard",
        Path(sys.prefix) / "share" / "nbinterview" / "dashboard",
    ):
        if (found / "report.ipynb").is_file():
            return found
    raise Unavailable("The report's notebook is not installed.")


@dataclass(frozen=True)
class Inline:
    """What stands in the page itself: one style, and scripts by their use."""

    style: str
    script: str
    player: str
    """Of the replay; only in a page that has a film."""


def inline_parts(dashboard: Path) -> Inline:
    """Read the page's own files and the player's, which are built."""
    template = dashboard / "template"
    built = Path(nbinterview.__file__).parent / "replay_static"
    try:
        player = (built / "replay-inline.js").read_text("utf-8")
        look = (built / "replay.css").read_text("utf-8")
    except FileNotFoundError as error:
        raise Unavailable(
            f"{error.filename} was not built: run `npm run build -w dashboard/replay`."
        ) from error
    style = (template / "report.css").read_text("utf-8")
    script = (template / "report.js").read_text("utf-8")
    return Inline(f"{style}\n{look}", script, player)


def content_security_policy(inline: Inline) -> str:
    """Return the strictest policy under which the page works.

    Pictures come as data: URLs (plots); there is nothing to connect to, to frame, or
    to send a form to.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src {_source(inline.style)}",
            f"script-src {_source(inline.script)} {_source(inline.player)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def _source(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def cookie_secret(report_token: str) -> bytes:
    """Return the key of this server's cookies; the same after a restart."""
    return hmac.digest(report_token.encode(), b"report cookies", "sha256")


def voila_config(dashboard: Path, inline: Inline) -> Config:
    """Return Voila's configuration: one template, our kernels, nothing to choose."""
    return Config(
        {
            "VoilaConfiguration": {
                "template": "nbinterview",
                "allow_template_override": "NO",
                "allow_theme_override": "NO",
                "file_allowlist": [],
                "multi_kernel_manager_class": ReportKernelManager,
                "kernel_spec_manager_class": OwnInterpreterOnly,
                "resources": asdict(inline),
                "extension_allowlist": [],
                "extension_denylist": [],
            },
            "VoilaExecutor": {"timeout": _CELL_TIMEOUT_S},
            "KernelManager": {"transport": "ipc", "autorestart": False},
            "MappingKernelManager": {
                "cull_idle_timeout": _IDLE_KERNEL_S,
                "cull_interval": _IDLE_KERNEL_S // 2,
                "cull_connected": True,
                "root_dir": str(dashboard),
            },
        }
    )


class ReportApp(Voila):  # type: ignore[misc]  # untyped
    """Voila with our identity provider, kernels, template and routes."""

    addresses = Instance(Addresses)
    report_token = Unicode()
    report_key = Unicode()
    dashboard = Instance(Path)
    inline = Instance(Inline)

    def setup_template_dirs(self) -> None:
        """Look templates up in our folder, then in nbconvert's plain base."""
        self.template_paths = [
            str(self.dashboard / "template"),
            *collect_template_paths(["nbconvert"], "base"),
        ]
        self.static_paths: list[str] = []

    def init_settings(self) -> dict[str, Any]:
        """Add what our handlers need; nothing is open to the anonymous."""
        settings: dict[str, Any] = super().init_settings()
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(self.dashboard / "template"),
            autoescape=True,
        )
        environment.globals.update(resources=asdict(self.inline))
        policy = content_security_policy(self.inline)
        settings.update(
            allow_unauthenticated_access=False,
            hub_auth=self.identity_provider.hub_auth,
            jinja2_env=environment,
            headers={
                "Content-Security-Policy": policy,
                "Referrer-Policy": "no-referrer",
                "X-Frame-Options": "DENY",
                "Cross-Origin-Opener-Policy": "same-origin",
                "Cross-Origin-Resource-Policy": "same-origin",
            },
            report_csp=policy,
            report_addresses=self.addresses,
            report_key=self.report_key,
            default_handler_class=NotFoundHandler,
        )
        return settings

    def init_handlers(self) -> list[Any]:
        """Return the only routes: page, callback, log-out, health."""
        hub_auth = self.identity_provider.hub_auth
        page = {
            "notebook_path": "report.ipynb",
            "template_paths": self.template_paths,
            "config": self.config,
            "voila_configuration": self.voila_configuration,
        }
        return [
            (
                url_path_join(REPORT_PREFIX, "oauth_callback"),
                CallbackHandler,
                {"hub_auth": hub_auth},
            ),
            *(
                rule
                for rule in self.identity_provider.get_handlers()
                if rule[0].endswith("/logout")
            ),
            (url_path_join(REPORT_PREFIX, "health"), HealthHandler),
            (REPORT_PREFIX.rstrip("/") + "/?", PageHandler, page),
        ]


def make_app(home: Home, addresses: Addresses) -> ReportApp:
    """Return the server, ready to `start`."""
    dashboard = dashboard_dir()
    inline = inline_parts(dashboard)
    token = home.secret("report_token")
    app: ReportApp = ReportApp.instance(
        config=voila_config(dashboard, inline),
        config_file_paths=[],
        identity_provider_class=ReportIdentityProvider,
        addresses=addresses,
        report_token=token,
        report_key=home.secret("report_key"),
        cookie_secret=cookie_secret(token),
        dashboard=dashboard,
        inline=inline,
        # Else Voila gives the identity provider a token that it does not take.
        auto_token=True,
        base_url=REPORT_PREFIX,
        root_dir=str(dashboard),
        notebook_path=str(dashboard / "report.ipynb"),
        ip="127.0.0.1",
        port=addresses.report_port,
        port_retries=0,
        open_browser=False,
    )
    app.initialize([])
    return app


def main() -> None:
    """Serve until SIGTERM."""
    make_app(Home.from_env(), Addresses.from_env()).start()
