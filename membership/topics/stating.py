"""The rounds decided by an instant, canonical, for `membership state --json`: equal rounds give equal bytes."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.topics.models import Round
from membership.topics.queries import DECIDED


def state(session: Session, at: datetime) -> list[dict[str, Any]]:
    """Each round closed by then, by public id: counted, eligible, winners, and the tally where it is public."""
    decided = select(Round).where(Round.state.in_(DECIDED), Round.closes_at <= at).order_by(Round.public_id)
    return [_stated(round_.result) for round_ in session.scalars(decided)]


def _stated(result: dict[str, Any]) -> dict[str, Any]:
    kept = ("round", "closed_at", "counted", "set_aside", "eligible", "winning")
    said = {name: result[name] for name in kept}
    return said | ({"tally": result["tally"]} if result["is_recountable"] else {})
