"""One page view: what its kernel is told, and nothing else.

Voila copies the server's whole environment into each kernel. Here the kernel's
environment is made anew from a short list, so that nothing the server knows can
reach it by accident.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field

TICKET_VARIABLE = "NBINTERVIEW_REPORT_TICKET"
INTERVIEW_VARIABLE = "NBINTERVIEW_REPORT_INTERVIEW"
API_VARIABLE = "NBINTERVIEW_SERVICE_API"
SERVICE_URL_VARIABLE = "NBINTERVIEW_SERVICE_URL"

_INHERITED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR")


@dataclass
class Visit:
    """One page view: what its kernel may read, and which kernels it started."""

    ticket: str = field(repr=False)
    interview: str | None
    service_api: str
    service_url: str
    kernel_ids: list[str] = field(default_factory=list)

    def env(self) -> dict[str, str]:
        """Return what the kernel is told."""
        return {
            TICKET_VARIABLE: self.ticket,
            INTERVIEW_VARIABLE: self.interview or "",
            API_VARIABLE: self.service_api,
            SERVICE_URL_VARIABLE: self.service_url,
        }


current_visit: ContextVar[Visit] = ContextVar("current_visit")


def kernel_environment(
    server_env: Mapping[str, str], visit: Visit, scratch_dir: str
) -> dict[str, str]:
    """Return the whole environment of a kernel.

    `scratch_dir` takes the place of home, so that no start-up file of the person
    who runs the platform is executed.
    """
    inherited = {name: server_env[name] for name in _INHERITED if name in server_env}
    private = {"HOME": scratch_dir, "IPYTHONDIR": f"{scratch_dir}/ipython"}
    return {**inherited, **private, "PYTHONNOUSERSITE": "1", **visit.env()}
