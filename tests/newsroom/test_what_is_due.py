"""What happens by the clock alone: once, in order, dated at its own instant, never in the way of the rest."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.newsroom import due
from membership.newsroom.models import DueRow, DueState
from tests.conftest import Clock

Applied = list[tuple[str, datetime]]


@pytest.fixture
def applied() -> Iterator[Applied]:
    """What has happened; keys that begin with "broken" fail until they are taken out of the set."""
    happened: Applied = []

    def happen(_session: Session, key: str, at: datetime) -> None:
        if key.startswith("broken"):
            raise ValueError("cleo@example.org could not be reached")
        happened.append((key, at))

    due.handler("test.thing")(happen)
    yield happened
    due._handlers.pop("test.thing")


def _row(session: Session, key: str) -> DueRow:
    session.rollback()
    return session.scalars(select(DueRow).filter_by(key=key)).one()


@pytest.mark.usefixtures("app")
def test_what_failed_once_is_still_dated_at_its_own_instant(session: Session, applied: Applied, clock: Clock):
    at = clock.now() - timedelta(minutes=1)
    due.at(session, at, kind="test.thing", key="broken")
    session.commit()
    assert due.apply_all(session) == 0
    row = _row(session, "broken")
    assert (row.at, row.tries, row.state) == (at, 1, DueState.WAITING)

    row.key = "mended"
    session.commit()
    assert due.apply_all(session) == 0  # not before its next try
    clock.move(timedelta(minutes=3))

    assert due.apply_all(session) == 1
    assert applied == [("mended", at)]


@pytest.mark.usefixtures("app")
def test_one_that_fails_keeps_none_of_the_others_back(session: Session, applied: Applied, clock: Clock):
    for minutes, key in ((3, "broken"), (2, "first"), (1, "second")):
        due.at(session, clock.now() - timedelta(minutes=minutes), kind="test.thing", key=key)
    session.commit()

    assert due.apply_all(session) == 2
    assert [key for key, _at in applied] == ["first", "second"]


@pytest.mark.usefixtures("app")
def test_why_it_failed_is_kept_without_anybodys_address(
    session: Session, applied: Applied, clock: Clock, capsys: pytest.CaptureFixture[str]
):
    due.at(session, clock.now(), kind="test.thing", key="broken")
    session.commit()

    due.apply_all(session)

    assert _row(session, "broken").error.startswith("ValueError in tests.newsroom.test_what_is_due")
    printed = capsys.readouterr()
    assert "cleo@" not in printed.out + printed.err + _row(session, "broken").error
    assert applied == []


@pytest.mark.usefixtures("app")
def test_it_gives_up_visibly_after_eight_tries(session: Session, applied: Applied, clock: Clock):
    due.at(session, clock.now(), kind="test.thing", key="broken")
    session.commit()
    for _try in range(due.MOST_TRIES + 2):
        due.apply_all(session)
        clock.move(timedelta(days=1))

    row = _row(session, "broken")
    assert (row.state, row.tries) == (DueState.FAILED, due.MOST_TRIES)
    assert applied == []
