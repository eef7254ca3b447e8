"""Error rates that somebody measured on labelled recordings: one for each finding.

Where there is none, a report says "not measured on people yet".
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, get_args

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from nbinterview.errors import Invalid
from nbinterview.ledger.records import format_time
from nbinterview.schemas.live_types import Rule
from nbinterview.service.db.models import ErrorRate
from nbinterview_proctor import rates

RULES = frozenset(get_args(Rule))
# Their bounds are sums over as many terms.
MAX_EPISODES = 100_000


async def replace(session: AsyncSession, data: Any, *, now: datetime) -> None:
    """Keep these, as `rates.read` takes them, in place of all that are there.

    Raises `Invalid` that names the finding at fault; then nothing is changed.
    """
    try:
        found = rates.read(data)
    except ValueError as error:
        raise Invalid(f"These are no error rates: {error}.", field="rates") from error
    for rule, rate in found.items():
        if rule not in RULES:
            raise Invalid(f"There is no finding {rule!r}.", field="rates")
        if max(rate.false_episodes, rate.cheats) > MAX_EPISODES:
            raise Invalid(f"{rule}: more episodes than anybody counts.", field="rates")
    await forget(session)
    session.add_all(
        ErrorRate(rule=rule, rate=rate.to_dict(), imported_at=now)
        for rule, rate in found.items()
    )


async def forget(session: AsyncSession) -> None:
    """Forget all of them."""
    await session.execute(delete(ErrorRate))


async def kept(session: AsyncSession) -> dict[str, dict[str, Any]]:
    """Return them by finding."""
    found = await session.scalars(select(ErrorRate).order_by(ErrorRate.rule))
    return {one.rule: one.rate for one in found}


async def imported_at(session: AsyncSession) -> str | None:
    """Return when they were imported, if there are any."""
    found = await session.scalar(select(ErrorRate.imported_at).limit(1))
    return None if found is None else format_time(found)
