"""The report's way to the service: tickets for the web server, data for the kernel."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import httpx

from nbinterview.errors import (
    Forbidden,
    NBInterviewError,
    NotFound,
    TooLarge,
    Unauthenticated,
    Unavailable,
)

RECORDS_A_PAGE = 1000
_TIMEOUT = httpx.Timeout(30, connect=3)


async def ask_ticket(
    service_api: str,
    report_key: str,
    *,
    hub_name: str,
    interview: str | None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> str:
    """Return a read-only ticket for this person, or raise what the service answers.

    `interview` None asks for the list of interviews.
    """
    async with httpx.AsyncClient(
        trust_env=False, timeout=httpx.Timeout(10, connect=3), transport=transport
    ) as client:
        try:
            answer = await client.post(
                f"{service_api}/tickets",
                headers={"Authorization": f"Bearer {report_key}"},
                json={"hub_name": hub_name, "interview": interview},
            )
        except httpx.HTTPError as error:
            raise Unavailable("The interview service does not answer.") from error
    return str(_checked(answer)["ticket"])


class Service:
    """Reads one interview, or the list, with a ticket."""

    def __init__(
        self,
        service_api: str,
        ticket: str,
        *,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._client = httpx.Client(
            base_url=f"{service_api}/report/",
            headers={"Authorization": f"Bearer {ticket}"},
            trust_env=False,
            timeout=_TIMEOUT,
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def interviews(self) -> list[dict[str, Any]]:
        """Return the interviews that this ticket's person may see."""
        found = self._get("interviews")["interviews"]
        assert isinstance(found, list)
        return found

    def interview(self, interview: str) -> dict[str, Any]:
        """Return one interview: people, policy, times."""
        return self._get(f"interviews/{interview}")

    def notebook(self, interview: str) -> dict[str, Any] | None:
        """Return the final notebook (nbformat), or None when there is none yet."""
        try:
            return self._get(f"interviews/{interview}/notebook")
        except NotFound:
            return None

    def checks(self, interview: str) -> list[dict[str, Any]]:
        """Return the checks of the final notebook, newest first."""
        found = self._get(f"interviews/{interview}/checks")["checks"]
        assert isinstance(found, list)
        return found

    def film(self, interview: str, max_bytes: int) -> str | None:
        """Return the film as JSON text, or None when there is no record yet.

        Raises `TooLarge` as soon as more than `max_bytes` have come.
        """
        path = f"interviews/{interview}/film"
        content = bytearray()
        try:
            with self._client.stream("GET", path) as answer:
                if not answer.is_success:
                    answer.read()
                    _checked(answer)
                for piece in answer.iter_bytes():
                    content += piece
                    if len(content) > max_bytes:
                        raise TooLarge("This film is too large for a page.")
        except NotFound:
            return None
        except httpx.HTTPError as error:
            raise Unavailable("The interview service does not answer.") from error
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise Unavailable("The service answered with no film.") from error

    def records(self, interview: str) -> Iterator[list[dict[str, Any]]]:
        """Yield the records in order, a page at a time."""
        after = 0
        while True:
            page = self._get(
                f"interviews/{interview}/records",
                {"after": after, "limit": RECORDS_A_PAGE},
            )["records"]
            if not page:
                return
            yield page
            after = int(page[-1]["seq"])

    def _get(self, path: str, query: dict[str, int] | None = None) -> dict[str, Any]:
        try:
            return _checked(self._client.get(path, params=query))
        except httpx.HTTPError as error:
            raise Unavailable("The interview service does not answer.") from error


_ERRORS: dict[int, type[NBInterviewError]] = {
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
}


def _checked(answer: httpx.Response) -> dict[str, Any]:
    """Return the JSON object of an answer, or raise its error."""
    try:
        found = answer.json()
    except ValueError as error:
        raise Unavailable("The interview service answered with no JSON.") from error
    if not isinstance(found, dict):
        raise Unavailable("The interview service answered with no JSON object.")
    if answer.is_success:
        return found
    kind = _ERRORS.get(answer.status_code, Unavailable)
    raise kind(str(found.get("detail", "The interview service refused.")))
