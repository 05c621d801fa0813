"""One import at a time: a row says which is at work, until when at least, and on which machine. Commits.

An import that died leaves its row. On the same machine the next one sees that its process is gone; on another one it
waits until the row has run out.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from sqlalchemy import delete, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from membership import clock
from membership.articles.errors import ImportRunningError
from membership.articles.models import ImportRun
from membership.db import add_unless_there, run_unit
from membership.secrets import new_public_id

LASTS = timedelta(minutes=2)
"""How long a sign of life counts; taking one item, pictures and all, takes less."""
SIGN_EVERY = timedelta(seconds=20)


@dataclass
class Run:
    """This import, while it is at work."""

    session: Session
    token: str

    def __post_init__(self) -> None:
        self._signed_at = clock.now()

    def goes_on(self) -> None:
        """Say that it is still at work.

        Raises:
            ImportRunningError: it was so slow that another import has begun.
        """
        now = clock.now()
        if self.token and now - self._signed_at >= SIGN_EVERY:
            run_unit(self.session, partial(self._sign))
            self._signed_at = now

    def _sign(self) -> None:
        mine = update(ImportRun).filter_by(token=self.token).values(runs_until=clock.now() + LASTS)
        if self.session.execute(mine.returning(ImportRun.id)).scalar_one_or_none() is None:
            raise ImportRunningError(clock.now())


@contextmanager
def alone(session: Session, *, is_dry: bool) -> Iterator[Run]:
    """Run an import while no other one does. A dry run only looks whether one is at work.

    Raises:
        ImportRunningError: another import is at work.
    """
    if is_dry:
        _refuse_beside(session)
        yield Run(session, "")
        return
    token = new_public_id()
    run_unit(session, partial(_begin, session, token))
    try:
        yield Run(session, token)
    finally:
        session.rollback()
        with suppress(OperationalError):  # the disk is full, say: what stays behind is seen to be over
            run_unit(session, lambda: session.execute(delete(ImportRun).filter_by(token=token)))


def _begin(session: Session, token: str) -> None:
    other = session.scalars(select(ImportRun).with_for_update()).one_or_none()
    if other is not None and not _is_over(other):
        raise ImportRunningError(other.runs_until)
    if other is not None:
        session.execute(delete(ImportRun).filter_by(token=other.token))
    now = clock.now()
    values = {"host": socket.gethostname()[:255], "process": os.getpid()}
    add_unless_there(session, ImportRun, id=1, token=token, began_at=now, runs_until=now + LASTS, **values)
    holder = session.scalars(select(ImportRun).execution_options(populate_existing=True)).one()
    if holder.token != token:
        raise ImportRunningError(holder.runs_until)


def _refuse_beside(session: Session) -> None:
    other = session.scalars(select(ImportRun)).one_or_none()
    if other is not None and not _is_over(other):
        raise ImportRunningError(other.runs_until)


def _is_over(run: ImportRun) -> bool:
    if run.runs_until <= clock.now():
        return True
    return run.host == socket.gethostname()[:255] and not _is_alive(run.process)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
