"""Who may ask what, in which state of an interview: one table, deny by default.

`guards` enforces it before a handler or a body is looked at and holds the application
to it at its start; tests and `docs/reference/access.md` are made from it. What it
cannot say, because it depends on data in a body, is asked of `domain.access`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from nbinterview.home import SERVICE_PREFIX

# A person's role is the one in the interview that the path names; whoever has a part
# in another interview only is `visitor` there, like everybody who is signed in.
# Where no interview is named, any role that the person holds somewhere counts.
Role = Literal[
    "anonymous",
    "visitor",
    "candidate",
    "interviewer",
    "reviewer",
    "operator",
    "hub",
    "report",
    "room",
    "ticket",
]
State = Literal["scheduled", "open", "ended", "purged"]

ANYBODY: frozenset[Role] = frozenset(get_args(Role))
PEOPLE: frozenset[Role] = frozenset({"visitor", "candidate", "interviewer", "reviewer"})
_WITH_A_PART: frozenset[Role] = PEOPLE - {"visitor"}
_CANDIDATE: frozenset[Role] = frozenset({"candidate"})
_IN_ROOM: frozenset[Role] = frozenset({"candidate", "interviewer"})
_PANEL: frozenset[Role] = frozenset({"interviewer"})
_READERS: frozenset[Role] = frozenset({"interviewer", "reviewer"})
_REVIEWER: frozenset[Role] = frozenset({"reviewer"})
_OPERATOR: frozenset[Role] = frozenset({"operator"})
_HUB: frozenset[Role] = frozenset({"hub"})
_ROOM: frozenset[Role] = frozenset({"room"})
_REPORT: frozenset[Role] = frozenset({"report"})
_TICKET: frozenset[Role] = frozenset({"ticket", "operator"})

# Of a purged interview nobody gets anything: 410.
KEPT: frozenset[State] = frozenset({"scheduled", "open", "ended"})
_EVER: frozenset[State] = KEPT | {"purged"}
_NOT_ENDED: frozenset[State] = frozenset({"scheduled", "open"})
_ENDED: frozenset[State] = frozenset({"ended"})
_NOT_OPEN: frozenset[State] = frozenset({"scheduled", "ended"})
_BEGUN: frozenset[State] = frozenset({"open", "ended"})


@dataclass(frozen=True)
class Entry:
    """One line: who may ask this route, while the interview is in which states."""

    method: str
    path: str
    roles: frozenset[Role]
    states: frozenset[State] = KEPT
    limit: str = "requests"
    report: bool = False
    """Whether it judges somebody: a branch is nobody's interview, so has none."""
    otherwise: str = ""
    """What is said to a person without such a role; else that it does not exist."""
    not_now: str = "This interview has ended."
    """What is said in another state."""
    in_browser: bool = False
    """Whether the operator may come with the cookie of `operator_pages`."""
    shows: str = ""
    """What the audit log says that somebody looked at, before they are shown it."""

    @property
    def names_interview(self) -> bool:
        """Whether the path says which interview it is about."""
        return "{interview_id}" in self.path or "{invitation_id}" in self.path

    @property
    def is_page(self) -> bool:
        """Whether it is for browsers: who is not signed in is led to the hub."""
        return "/api/" not in self.path


_API = f"{SERVICE_PREFIX}api/v1"
_PAGES = SERVICE_PREFIX.rstrip("/")
_WHEN_ENDED = "The interview goes on. Come back as soon as it has ended."
_NO_CREATOR = "Only interviewers can prepare interviews."
_NO_READER = "This report is not open to you."
_NO_OPENING = "This interview has ended and cannot be opened again."
_NO_PART = "You are signed in, but have no part in an interview here."


def _rest(method: str, path: str, roles: frozenset[Role], **more: Any) -> Entry:
    return Entry(method, _API + path, roles, **more)


def _page(method: str, path: str, roles: frozenset[Role], **more: Any) -> Entry:
    return Entry(method, _PAGES + path, roles, **more)


def _read(path: str, roles: frozenset[Role], **more: Any) -> Entry:
    """Return a line of the report: for those who judge."""
    words = {"report": True, "otherwise": _NO_READER, **more}
    return _rest("GET", path, roles, **words)


_INTERVIEW = "/interviews/{interview_id}"
_INVITATION = "/invitations/{invitation_id}"
_ROOM_PATH = "/rooms/{interview_id}"

TABLE: tuple[Entry, ...] = (
    _rest("GET", "/health", ANYBODY),
    _rest("GET", "/health/ready", ANYBODY),
    # The panel and the operator.
    _rest(
        "POST",
        "/interviews",
        _PANEL | _OPERATOR,
        limit="making",
        otherwise=_NO_CREATOR,
    ),
    # A list of one's own, which is empty for those who run none.
    _rest("GET", "/interviews", PEOPLE | _OPERATOR),
    _rest("GET", _INTERVIEW, _PANEL | _OPERATOR),
    _rest(
        "POST",
        f"{_INTERVIEW}/start",
        _PANEL | _OPERATOR,
        states=_NOT_ENDED,
        not_now=_NO_OPENING,
    ),
    _rest("POST", f"{_INTERVIEW}/end", _PANEL | _OPERATOR),
    _rest("POST", f"{_INTERVIEW}/branches", _PANEL | _OPERATOR, limit="making"),
    _rest(
        "GET",
        f"{_INTERVIEW}/film",
        _PANEL | _OPERATOR,
        limit="downloads",
        shows="replay",
    ),
    _read(f"{_INTERVIEW}/checks", _READERS | _OPERATOR, shows="checks"),
    _rest("POST", f"{_INVITATION}/withdraw", _PANEL | _OPERATOR, limit="making"),
    # After the end too: it leads a candidate to the own record.
    _rest("POST", f"{_INVITATION}/renew", _PANEL | _OPERATOR, limit="making"),
    # Also when nothing but hashes is left: they still prove what was erased.
    _rest("GET", f"{_INTERVIEW}/checkpoints", _OPERATOR | _READERS, states=_EVER),
    _rest(
        "GET",
        f"{_INTERVIEW}/bundle",
        _READERS | _OPERATOR,
        states=_EVER,
        limit="downloads",
        shows="bundle",
    ),
    # What a page of the staff hears while an interview goes on.
    _read(f"{_INTERVIEW}/events", _READERS | _OPERATOR, shows="live"),
    # Public halves: whoever holds a receipt or a bundle checks it against them.
    _rest("GET", "/keys", ANYBODY),
    # The operator.
    _rest("GET", f"{_INTERVIEW}/record", _OPERATOR, limit="downloads", shows="export"),
    _rest("GET", f"{_INTERVIEW}/records", _OPERATOR, shows="records"),
    _rest("POST", "/records/import", _OPERATOR, limit="making"),
    _rest("POST", "/purge", _OPERATOR),
    _rest(
        "GET",
        "/people/{hub_name}/export",
        _OPERATOR,
        limit="downloads",
        shows="person",
    ),
    _rest("DELETE", "/people/{hub_name}", _OPERATOR),
    _rest("GET", "/error-rates", _OPERATOR),
    _rest("PUT", "/error-rates", _OPERATOR),
    _rest("DELETE", "/error-rates", _OPERATOR),
    _page("GET", "/metrics", _OPERATOR),
    _rest("GET", "/audit", _OPERATOR),
    _rest("POST", "/audit/page", _OPERATOR),
    _rest("GET", "/audit/bundle", _OPERATOR, limit="downloads", shows="log"),
    # The other parts.
    _rest("GET", _INVITATION, _HUB),
    _rest("POST", f"{_INVITATION}/arrivals", _HUB, limit="arrivals"),
    _rest("GET", _ROOM_PATH, _ROOM, limit="ingest"),
    _rest("GET", f"{_ROOM_PATH}/records", _ROOM, limit="ingest"),
    _rest("POST", f"{_ROOM_PATH}/records", _ROOM, limit="ingest"),
    _rest("POST", f"{_ROOM_PATH}/key", _ROOM),
    _rest("POST", "/tickets", _REPORT),
    _rest("GET", "/report/interviews", _TICKET),
    _read(f"/report{_INTERVIEW}", _TICKET, shows="report"),
    _read(f"/report{_INTERVIEW}/records", _TICKET, shows="report"),
    _read(f"/report{_INTERVIEW}/notebook", _TICKET, limit="downloads", shows="report"),
    _read(f"/report{_INTERVIEW}/film", _TICKET, limit="downloads", shows="report"),
    _read(f"/report{_INTERVIEW}/checks", _TICKET, shows="report"),
    # Pages. Home leads everybody with a part to their place.
    _page("GET", "/", _WITH_A_PART, otherwise=_NO_PART),
    _page("POST", "/interviews", _PANEL, limit="making", otherwise=_NO_CREATOR),
    # With what the checks of its notebook found.
    _page("GET", _INTERVIEW, _PANEL, shows="interview"),
    _page(
        "POST",
        f"{_INTERVIEW}/start",
        _PANEL,
        states=_NOT_ENDED,
        not_now=_NO_OPENING,
    ),
    _page("GET", f"{_INTERVIEW}/end", _PANEL),
    _page("POST", f"{_INTERVIEW}/end", _PANEL),
    _page("POST", f"{_INTERVIEW}/branches", _PANEL, limit="making"),
    _page(
        "GET",
        f"{_INTERVIEW}/replay",
        _READERS,
        report=True,
        otherwise=_NO_READER,
        shows="replay",
    ),
    _page(
        "GET",
        f"{_INTERVIEW}/replay/film",
        _READERS,
        limit="downloads",
        report=True,
        otherwise=_NO_READER,
        shows="replay",
    ),
    _page(
        "GET",
        f"{_INTERVIEW}/checks",
        _READERS,
        report=True,
        otherwise=_NO_READER,
        shows="checks",
    ),
    _page(
        "POST",
        f"{_INTERVIEW}/checks",
        _READERS,
        states=_ENDED,
        limit="checks",
        report=True,
        otherwise=_NO_READER,
        not_now="The interview goes on. Check the notebook in its room.",
    ),
    _page("POST", f"{_INVITATION}/withdraw", _PANEL, limit="making"),
    _page("POST", f"{_INVITATION}/renew", _PANEL, limit="making"),
    # The candidate's own record, and what those who judge make of it.
    _page("GET", f"{_INTERVIEW}/my-record", _CANDIDATE),
    _page("GET", f"{_INTERVIEW}/my-record/receipt", _CANDIDATE, limit="downloads"),
    _page(
        "GET",
        f"{_INTERVIEW}/my-record/everything",
        _CANDIDATE,
        states=_NOT_OPEN,
        limit="downloads",
        not_now=_WHEN_ENDED,
        shows="person",
    ),
    _page(
        "GET",
        f"{_INTERVIEW}/my-record/delete",
        _CANDIDATE,
        states=_NOT_OPEN,
        not_now=_WHEN_ENDED,
    ),
    _page(
        "POST",
        f"{_INTERVIEW}/my-record/delete",
        _CANDIDATE,
        states=_NOT_OPEN,
        not_now=_WHEN_ENDED,
    ),
    _page(
        "POST",
        f"{_INTERVIEW}/my-record/answers",
        _CANDIDATE,
        states=_BEGUN,
        not_now="The interview has not begun: there is nothing to answer yet.",
    ),
    _page(
        "GET",
        f"{_INTERVIEW}/findings",
        _READERS,
        report=True,
        otherwise=_NO_READER,
        shows="findings",
    ),
    _page(
        "POST",
        f"{_INTERVIEW}/findings/decisions",
        _REVIEWER,
        states=_ENDED,
        report=True,
        otherwise="Only reviewers decide about flags.",
        not_now="The interview goes on. Decide when the candidate could answer.",
        # With a fault in it, the whole page is the answer.
        shows="findings",
    ),
    _page("GET", f"{_INTERVIEW}/enter", _IN_ROOM),
    _page("GET", f"{_INTERVIEW}/enter/status", _IN_ROOM),
    # The operator, in a browser: without the command line's link a 400 for everybody.
    _page("GET", "/audit/open", ANYBODY, limit="sign-in"),
    _page("GET", "/audit", _OPERATOR, in_browser=True),
    _page(
        "GET",
        "/audit/file",
        _OPERATOR,
        in_browser=True,
        limit="downloads",
        shows="log",
    ),
    # Without a state of our own in a cookie it is a 400 for everybody.
    _page("GET", "/oauth_callback", ANYBODY, limit="sign-in"),
    # Harmless without a session; refused only to other sites.
    _page("POST", "/sign-out", ANYBODY, limit="sign-in"),
)

# Open to everybody and guarded by nobody: they hold nothing of an interview.
PUBLIC = tuple(
    _page("GET", path, ANYBODY, limit="")
    for path in ("/openapi.json", "/static", "/static/replay")
)
