"""V14, N46: nothing but the two tables of ballots joins a voter to a choice."""

import ast
from pathlib import Path

from sqlalchemy import inspect, select

from membership import paths
from membership.db import db
from membership.mail.models import OutgoingMail
from membership.newsroom import due
from membership.topics import answering, moderating
from tests.topics.test_answering_a_topic import a_story
from tests.topics.voters import a_ballot, a_round, a_topic, a_voter, closed

MAY_READ = {
    "topics/models.py",
    "topics/voting.py",
    "topics/tallying.py",
    "topics/checking.py",
    "topics/forgetting.py",  # whose data is deleted: ballots are taken back or become nobody's, unread
}


def names_imported(path: Path) -> set[str]:
    """Every name that a module imports or reaches through another module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    reached = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return imported | reached


def test_only_voting_tallying_and_checking_read_ballots_and_votes():
    readers = {
        path.relative_to(paths.PACKAGE).as_posix()
        for path in paths.PACKAGE.rglob("*.py")
        if {"Vote", "Ballot"} & names_imported(path)
    }

    assert readers <= MAY_READ, readers - MAY_READ


def test_no_other_table_points_at_ballots(app):
    with app.app_context():
        tables = inspect(db.engine)
        pointing = {
            table
            for table in tables.get_table_names()
            for key in tables.get_foreign_keys(table)
            if key["referred_table"] in {"ballot", "vote"}
        }

    assert pointing == {"vote"}


def test_mails_to_voters_name_neither_account_nor_topic_in_clear(session):
    topics = [a_topic(session, "Bread"), a_topic(session, "Dogs")]
    patron, _coverage = a_voter(session)
    done, running = a_round(session, topics), a_round(session, topics)
    receipts = [a_ballot(session, round_, topics, patron).receipt for round_ in (done, running)]
    running.closes_at = done.closes_at.replace(year=2027)
    moderating.hide(session, topics[1])
    session.commit()
    due.apply_all(session)
    closed(session, done)
    running.state = done.state
    answering.answer(session, topics[0], a_story(session))
    session.commit()
    due.apply_all(session)

    rows = session.scalars(select(OutgoingMail)).all()
    assert {row.kind for row in rows} == {"topics/story_out", "topics/vote_freed"}
    for row in rows:
        clear = f"{row.dedupe_key} {row.subject_key} {row.error}"
        assert row.account_id is None
        for told in (*receipts, patron.public_id, *(topic.public_id for topic in topics)):
            assert told not in clear
