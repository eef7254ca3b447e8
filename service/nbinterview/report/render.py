"""From the view model to HTML: pure, and the only place where HTML is made.

Jinja escapes everything; what is marked as safe here was built from escaped text:
the timeline (ElementTree), highlighted sources and Markdown's structure (`cells`),
and the film, which is JSON without a character that HTML knows (`replay`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

from nbinterview.report import timeline, words
from nbinterview.report.model import ReportView, Row
from nbinterview.report.origins import ORIGINS
from nbinterview.report.replay import Replay
from nbinterview.report.scoring import base_rates
from nbinterview.report.text import clock, duration
from nbinterview.wording import CHECK_TITLE


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(clock=clock, duration=duration)
    environment.globals.update(words=words, origins=ORIGINS, base_rates=base_rates())
    return environment


def list_page(rows: Sequence[Row], service_url: str) -> str:
    """Return the list of interviews."""
    template = _environment().get_template("list.html.j2")
    return template.render(rows=rows, service_url=service_url)


@dataclass(frozen=True)
class Check:
    """Whether the final notebook runs from the top."""

    url: str
    """The service's page of it, where one is asked for."""
    verdict: str
    """The last one's, in a sentence; empty when there is none."""


def report_page(
    view: ReportView,
    replay: Replay | None = None,
    check: Check | None = None,
    decide_url: str = "",
) -> str:
    """Return the report of one interview; without a film no time is a link.

    `decide_url` is the service's page on which reviewers decide about flags.
    """
    template = _environment().get_template("report.html.j2")

    def moment_link(at_s: float) -> str:
        return "" if replay is None else replay.link(at_s, view.start_s)

    drawing = timeline.svg(view.lanes, view.length_s, moment_link)
    return template.render(
        view=view,
        timeline=Markup(drawing),  # noqa: S704 - see above
        sources={cell.number: Markup(cell.html) for cell in view.cells},  # noqa: S704
        replay=replay,
        film=Markup(replay.film) if replay else "",  # noqa: S704 - see `replay`
        moment_link=moment_link,
        check=check,
        check_title=CHECK_TITLE,
        decide_url=decide_url,
    )


def problem_page(title: str, detail: str) -> str:
    """Return why there is no report, in words for the reader."""
    template = _environment().get_template("problem.html.j2")
    return template.render(title=title, detail=detail)


def progress(text: str) -> str:
    """Return a line that is shown until the page is complete."""
    return str(Markup('<p class="progress" role="status">{}</p>').format(text))
