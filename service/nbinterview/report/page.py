"""What the notebook calls, cell by cell: read with the ticket, build, render.

The kernel knows nothing but a ticket and where the service is. Each cell shows what
is being done next, since Voila sends a cell's output when the cell is done.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from IPython.display import HTML, display

from nbinterview.errors import NBInterviewError, TooLarge
from nbinterview.report import model, render, replay
from nbinterview.report.client import Service
from nbinterview.report.visit import (
    API_VARIABLE,
    INTERVIEW_VARIABLE,
    SERVICE_URL_VARIABLE,
    TICKET_VARIABLE,
)
from nbinterview.wording import check_verdict


class Page:
    """One page view: the list, or the report of one interview."""

    def __init__(
        self, service: Service, interview_id: str | None, service_url: str
    ) -> None:
        self._service = service
        self._interview_id = interview_id
        self._service_url = service_url
        self._html = ""

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Page:
        """Return the page that this kernel was started for."""
        _show(render.progress("Reading the record."))
        service = Service(env[API_VARIABLE], env[TICKET_VARIABLE])
        return cls(service, env[INTERVIEW_VARIABLE] or None, env[SERVICE_URL_VARIABLE])

    def read(self) -> None:
        """Read everything and make the page; a failure becomes a page too."""
        try:
            with self._service as service:
                self._html = self._make(service)
        except NBInterviewError as error:
            self._html = render.problem_page(error.title, error.detail)

    def _make(self, service: Service) -> str:
        if self._interview_id is None:
            rows = model.list_rows(service.interviews())
            return render.list_page(rows, self._service_url)
        interview = service.interview(self._interview_id)
        records: list[dict[str, Any]] = []
        for some in service.records(self._interview_id):
            records += map(model.slim, some)
        _show(render.progress(f"{len(records)} records read."))
        notebook = service.notebook(self._interview_id)
        view = model.build(interview, records, notebook)
        return render.report_page(
            view,
            self._replay(service, self._interview_id),
            self._check(service, self._interview_id, view),
            f"{self._service_url}interviews/{self._interview_id}/findings",
        )

    def _check(
        self, service: Service, interview_id: str, view: model.ReportView
    ) -> render.Check | None:
        """Return how the last check went; before the end, the room makes them."""
        if view.state != "ended" or not view.cells:
            return None
        url = f"{self._service_url}interviews/{interview_id}/checks"
        checks = service.checks(interview_id)
        return render.Check(url, check_verdict(checks[0]) if checks else "")

    def _replay(self, service: Service, interview_id: str) -> replay.Replay | None:
        """Return the film, or the way to it: a report is whole without."""
        url = f"{self._service_url}interviews/{interview_id}/replay"
        try:
            text = service.film(interview_id, replay.MAX_FILM_BYTES)
            return None if text is None else replay.in_page(url, text)
        except TooLarge:
            return replay.elsewhere(url, replay.TOO_LARGE)
        except NBInterviewError:
            return replay.elsewhere(url, replay.NOT_MADE)

    def show(self) -> None:
        """Display the page."""
        _show(self._html)


def _show(html: str) -> None:
    # IPython's functions have no types.
    display(HTML(html))  # type: ignore[no-untyped-call]
