"""Wake-ups for the worker are sent once the work is committed, and not before."""

import pytest
from huey.api import Huey

from membership import jobs


@pytest.fixture
def sent(app) -> Huey:
    """The queue, counted."""
    return jobs.queue()


def test_a_wake_up_leaves_with_the_commit_and_not_with_a_savepoint(session, sent):
    jobs.wake(session, "mail")
    with session.begin_nested():
        jobs.wake(session, "due")
    assert len(sent) == 0

    session.commit()

    assert len(sent) == 2


def test_a_savepoint_taken_back_keeps_the_wake_ups_and_a_rollback_drops_them(session, sent):
    jobs.wake(session, "mail")
    session.begin_nested().rollback()
    session.commit()
    assert len(sent) == 1

    session.connection()
    jobs.wake(session, "mail")
    session.rollback()
    session.commit()
    assert len(sent) == 1
