"""`membership doctor`: clean on a healthy house; each planted corruption is found, by that check alone; clean again."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alembic import command
from click.testing import Result
from cryptography.fernet import Fernet
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Text, bindparam, event, select, text
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from membership import secrets
from membership.accounts.models import Account
from membership.articles import publishing
from membership.articles.publishing import COMMAND, Draft
from membership.cli.checking import LATE
from membership.cli.database import alembic_config
from membership.cli.doctor import CHECKS, doctor
from membership.cli.snapshot import snapshot
from membership.db import ReadOnlyError, UtcDateTime, db
from membership.giving import chaining
from membership.mail import outbox
from membership.newsroom import audit, due, page_changes
from membership.newsroom.models import AuditEntry, PageChange
from membership.patrons.models import Coverage, Grant, Source
from tests.articles.stories import BODY, a_newsroom, a_story
from tests.giving.stripe_words import Life, monthly
from tests.topics.voters import a_round, a_topic, ballots, closed


@pytest.fixture
def house(app: Flask, session: Session, take: Any, pia: Account, client: FlaskClient) -> Session:
    """A newsroom that has published, been given to, mailed and voted; its schema is stamped as a release's."""
    command.stamp(alembic_config(), "head")
    a_newsroom(session)
    publishing.correct(session, a_story(session), "It was in May.", by=COMMAND)
    a_story(session, "The plan", is_out=False)
    publishing.change(
        session,
        a_story(session, "The bridge"),
        Draft(headline="The bridge", body=BODY, language="en"),
        by=COMMAND,
    )
    client.get("/articles/the-ferry")
    life = Life("sound")
    _, charge = monthly(life)
    transaction = life.balance(charge["id"], charge["amount"], 33)
    life.tell("charge.updated", charge | {"balance_transaction": transaction}, at=life.at + 3)
    take(life.events)
    chaining.extend(session)
    topics = [a_topic(session) for _ in range(3)]
    round_ = a_round(session, topics, votes=2)
    ballots(session, round_, *(topics[: 1 + number % 2] for number in range(10)))
    closed(session, round_)
    _grant_what_the_voters_have(session)
    outbox.queue(
        session, kind="accounts/no_account", to="eve@example.org", language="en", dedupe_key="1", context={}
    )
    session.commit()
    outbox.send_all(session)
    due.apply_all(session)
    session.commit()
    return session


def _grant_what_the_voters_have(session: Session) -> None:
    """The voters are covered by no payment that is there: let them be covered by grants that are."""
    for coverage in session.scalars(select(Coverage).where(Coverage.source_key.like("%voter%"))):
        grant = Grant(
            public_id=secrets.new_public_id(),
            patron_id=coverage.patron_id,
            starts_at=coverage.starts_at,
            ends_at=coverage.ends_at,
        )
        session.add(grant)
        coverage.source, coverage.source_key = Source.GRANT, grant.public_id


@pytest.fixture
def run(app: Flask, house: Session) -> Callable[..., Result]:
    """The command, as a shell runs it."""

    def ran(*words: str) -> Result:
        house.rollback()
        return app.test_cli_runner().invoke(doctor, [*words])

    return ran


@pytest.fixture
def examine(run: Callable[..., Result]) -> Callable[[], list[dict[str, Any]]]:
    """The findings of a run; its exit code says whether there are any."""

    def examined() -> list[dict[str, Any]]:
        done = run("--json")
        findings: list[dict[str, Any]] = json.loads(done.stdout)
        assert done.exit_code == (1 if findings else 0)
        return findings

    return examined


def test_a_healthy_house_is_clean(run):
    done = run()

    assert done.exit_code == 0, done.output
    assert f"Clean. {len(CHECKS)} checks found nothing." in done.stdout


@dataclass(frozen=True)
class Corruption:
    """One thing broken by raw SQL, the finding that must follow, and what mends it."""

    plant: str
    check: str
    sentence: str
    mend: str
    severity: str = "red"


LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
OTHERWISE = "Articles do not show the state, address, names, picture or corrections that were last saved."
CORRUPTIONS = {
    "an index is gone": Corruption(
        "DROP INDEX ix_due_row_state_at",
        "N64",
        "The schema is not that of this release.",
        "CREATE INDEX ix_due_row_state_at ON due_row (state, at)",
    ),
    "a column is gone": Corruption(
        "ALTER TABLE budget RENAME COLUMN used TO spent",
        "N64",
        "The schema is not that of this release.",
        "ALTER TABLE budget RENAME COLUMN spent TO used",
    ),
    "an address is stored as something else": Corruption(
        "UPDATE account SET name = email, email = substr(email, 2)",
        "N65",
        "What names people cannot be read with MEMBERSHIP_FIELD_KEYS.",
        "UPDATE account SET email = name",
    ),
    "an event's body is stored as something else": Corruption(
        "UPDATE event SET body = substr(body, 2) WHERE id = (SELECT min(id) FROM event)",
        "N65",
        "What names people cannot be read with MEMBERSHIP_FIELD_KEYS.",
        "",
    ),
    "an account has another address's index": Corruption(
        "UPDATE account SET email_index = 'x' || substr(email_index, 2) WHERE role = 'publisher'",
        "N65",
        "Accounts cannot be found by their address.",
        "",
    ),
    "an audit entry says something else": Corruption(
        "UPDATE audit_entry SET subject = 'article:9' WHERE id = 2",
        "N54",
        "Entries of the audit trail were changed or taken out.",
        "",
    ),
    "an audit entry is taken out": Corruption(
        "DELETE FROM audit_entry WHERE id = 2",
        "N54",
        "Entries of the audit trail were changed or taken out.",
        "",
    ),
    "the only publisher is blocked": Corruption(
        "UPDATE account SET blocked_at = created_at WHERE role = 'publisher'",
        "N54",
        "There is no publisher.",
        "UPDATE account SET blocked_at = NULL",
        "amber",
    ),
    "something due did not happen": Corruption(
        "INSERT INTO due_row (at, kind, key, state, tries, error) VALUES (:late, 'x', 'y', 'waiting', 0, '')",
        "N27",
        "Things that were due have not happened.",
        "DELETE FROM due_row WHERE kind = 'x'",
        "amber",
    ),
    "something due was given up": Corruption(
        "INSERT INTO due_row (at, kind, key, state, tries, error) VALUES (:late, 'x', 'y', 'failed', 8, '')",
        "N27",
        "Things that were due were given up after eight tries.",
        "DELETE FROM due_row WHERE kind = 'x'",
    ),
    "a mail waits": Corruption(
        "UPDATE outgoing_mail SET state = 'queued', not_before = :late",
        "N60",
        "Mails wait for longer than ten minutes.",
        "UPDATE outgoing_mail SET state = 'sent'",
        "amber",
    ),
    "a mail is leased by a worker that died": Corruption(
        "UPDATE outgoing_mail SET state = 'sending', not_before = :late",
        "N60",
        "Mails wait for longer than ten minutes.",
        "UPDATE outgoing_mail SET state = 'sent'",
        "amber",
    ),
    "a mail was given up": Corruption(
        "UPDATE outgoing_mail SET state = 'dead'",
        "N60",
        "Mails could not be sent and were given up.",
        "UPDATE outgoing_mail SET state = 'sent'",
        "amber",
    ),
    "a page changed and was not made anew": Corruption(
        "INSERT INTO page_change (key, at) VALUES ('/articles/the-ferry', :late)",
        "N67",
        "Pages that changed were not made anew.",
        "DELETE FROM page_change WHERE at = :late",
        "amber",
    ),
    "an article says something else": Corruption(
        "UPDATE article SET body = body || '!' WHERE slug = 'the-ferry'",
        "N62",
        "Articles do not say what was last saved.",
        "UPDATE article SET body = :body WHERE slug = 'the-ferry'",
    ),
    "a published headline is another": Corruption(
        "UPDATE article SET headline = 'The fairy' WHERE slug = 'the-ferry'",
        "N62",
        "Articles do not say what was last saved.",
        "UPDATE article SET headline = 'The ferry' WHERE slug = 'the-ferry'",
    ),
    "a story is signed by another": Corruption(
        "UPDATE byline SET name = 'Nobody'",
        "N62",
        OTHERWISE,
        "UPDATE byline SET name = 'Iryna Bevz'",
    ),
    "a story was taken from readers": Corruption(
        "UPDATE article SET state = 'withdrawn' WHERE slug = 'the-ferry'",
        "N62",
        OTHERWISE,
        "UPDATE article SET state = 'published' WHERE slug = 'the-ferry'",
    ),
    "what nobody published can be read": Corruption(
        "UPDATE article SET state = 'published', published_at = created_at WHERE slug = 'the-plan'",
        "N62",
        OTHERWISE,
        "UPDATE article SET state = 'draft', published_at = NULL WHERE slug = 'the-plan'",
    ),
    "a story has another address": Corruption(
        "UPDATE article SET slug = 'the-fairy' WHERE slug = 'the-ferry'",
        "N62",
        OTHERWISE,
        "UPDATE article SET slug = 'the-ferry' WHERE slug = 'the-fairy'",
    ),
    "a picture shows something else": Corruption(
        "UPDATE article SET picture = 'other.webp', picture_alt = 'x', picture_caption = 'y', picture_credit = 'z' "
        "WHERE slug = 'the-ferry'",
        "N62",
        OTHERWISE,
        "UPDATE article SET picture = '', picture_alt = '', picture_caption = '', picture_credit = '' "
        "WHERE slug = 'the-ferry'",
    ),
    "a correction is gone": Corruption(
        "UPDATE correction SET article_id = (SELECT max(id) FROM article)",
        "N62",
        OTHERWISE,
        "UPDATE correction SET article_id = (SELECT id FROM article WHERE slug = 'the-ferry')",
    ),
    "a correction says something else": Corruption(
        "UPDATE correction SET text = 'Nothing was wrong.'",
        "N62",
        OTHERWISE,
        "UPDATE correction SET text = 'It was in May.'",
    ),
    "an article's last revision is gone": Corruption(
        "UPDATE revision SET article_id = (SELECT max(id) FROM article)",
        "N62",
        "Articles do not say what was last saved.",
        "UPDATE revision SET article_id = (SELECT id FROM article WHERE article.headline = revision.headline)",
    ),
    "an old revision says something else": Corruption(
        "UPDATE revision SET body = 'Never said.' WHERE id = 2",
        "N62",
        "Revisions were changed after they were saved.",
        "UPDATE revision SET body = :body WHERE id = 2",
    ),
}


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_each_corruption_is_found_by_its_check_alone_and_gone_when_mended(house, examine, name):
    broken = CORRUPTIONS[name]
    write(house, broken.plant)

    found = examine()

    told = [(one["check"], one["severity"], one["sentence"]) for one in found]
    assert told == [(broken.check, broken.severity, broken.sentence)]
    assert found[0]["count"] >= 1
    if broken.mend:
        write(house, broken.mend)
        assert examine() == []


def write(session: Session, statement: str) -> None:
    """Raw SQL, committed; `:late` is long ago, `:body` what the articles say."""
    known = (bindparam("late", LONG_AGO, UtcDateTime), bindparam("body", BODY, Text))
    session.execute(text(statement).bindparams(*(one for one in known if f":{one.key}" in statement)))
    session.commit()


@pytest.mark.one_engine
def test_a_row_that_points_nowhere_is_found(house, examine):
    """On SQLite alone: PostgreSQL never lets it happen."""
    house.rollback()
    with db.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.execute("PRAGMA foreign_keys=OFF")
        raw.execute(
            "INSERT INTO byline (article_id, position, name, slug) VALUES (999, 0, 'Nobody', 'nobody')"
        )
        raw.execute("PRAGMA foreign_keys=ON")

    (found,) = examine()

    assert (found["check"], found["ids"]) == ("N64", ["byline:4"])
    assert found["sentence"] == "Rows point at rows that are not there."


@pytest.mark.one_engine
def test_a_row_that_a_constraint_forbids_is_found(house, examine):
    """As a damaged file or a careless hand may leave it, on SQLite."""
    house.rollback()
    with db.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.execute("PRAGMA ignore_check_constraints=ON")
        raw.execute(
            "INSERT INTO budget (name, key, window_starts_at, used) VALUES ('x', 'y', '2026-01-01', -1)"
        )
        raw.execute("PRAGMA ignore_check_constraints=OFF")

    (found,) = examine()

    assert (found["check"], found["severity"]) == ("N64", "red")
    assert found["sentence"] == "The database file is damaged."


@pytest.mark.one_engine
@pytest.mark.parametrize(
    ("pragma", "name"), [("synchronous=OFF", "synchronous"), ("foreign_keys=OFF", "foreign_keys")]
)
def test_an_engine_that_could_lose_money_is_found(house, examine, pragma, name):
    """As a library or a later line might set it, on SQLite."""
    house.rollback()

    def unsafe(connection: Any, _record: object) -> None:
        connection.execute(f"PRAGMA {pragma}")

    db.engine.dispose()
    event.listen(Engine, "connect", unsafe)
    try:
        found = examine()
    finally:
        event.remove(Engine, "connect", unsafe)
        db.engine.dispose()

    assert [(one["check"], one["ids"]) for one in found] == [("N64", [name])]
    assert examine() == []


def test_keys_of_another_database_are_found(house, app, run):
    keys = secrets._keys
    before = (keys.fernet, keys.index_keys, keys.signing_key)
    secrets.configure(field_keys=(Fernet.generate_key().decode(),), secret_key="x" * 40)
    try:
        done = run("--json")
    finally:
        keys.fernet, keys.index_keys, keys.signing_key = before

    assert done.exit_code == 1
    assert {one["check"] for one in json.loads(done.stdout)} == {"N65"}


def test_findings_name_at_most_five_rows_and_nobody(house, run):
    write(house, "UPDATE account SET email = substr(email, 2)")

    told = run("--json").stdout

    (found,) = json.loads(told)
    assert found["count"] > 5
    assert len(found["ids"]) == 5
    assert set(found) == {"check", "severity", "sentence", "count", "ids", "repair"}
    assert "@" not in told
    assert "Pia" not in told


def test_for_people_a_finding_says_what_mends_it(house, run):
    write(house, "UPDATE account SET blocked_at = created_at WHERE role = 'publisher'")

    done = run()

    assert done.exit_code == 1
    assert "There is no publisher." in done.stdout
    assert "to mend it: membership staff add ADDRESS --role publisher" in done.stdout


def test_it_changes_nothing(house, run):
    def everything() -> list[tuple[str, list[Any]]]:
        house.rollback()
        return [
            (table.name, sorted(map(repr, house.connection().execute(select(text("*")).select_from(table)))))
            for table in db.metadata.sorted_tables
        ]

    write(house, "UPDATE article SET body = 'Changed.'")
    before = everything()

    run()

    assert everything() == before


def test_nothing_can_be_written_while_it_looks(house):
    before = house.query(PageChange).count()

    with snapshot(house):
        page_changes.record(house, "/")
        with pytest.raises(ReadOnlyError):
            house.flush()

    assert house.query(PageChange).count() == before


def test_it_sees_one_instant_while_others_write(app, house):
    """A payment applied between two of its sums must not look like one that is missing."""

    def elsewhere() -> None:
        with app.app_context():
            audit.write(db.session(), action="x", subject="x", actor_id=None, actor="system")
            db.session.commit()

    with snapshot(house):
        before = house.query(AuditEntry).count()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(elsewhere).result(timeout=10)
        house.expire_all()
        assert house.query(AuditEntry).count() == before

    assert house.query(AuditEntry).count() == before + 1


def test_a_schema_of_another_release_cannot_be_examined(house, run):
    write(house, "UPDATE alembic_version SET version_num = '9999'")
    try:
        done = run("--json")
    finally:
        write(house, "DROP TABLE alembic_version")

    assert done.exit_code == 2
    assert "newer than this release" in done.stderr


@pytest.mark.one_engine
def test_a_database_that_cannot_be_read_is_exit_code_two(app, house, run, tmp_path):
    house.rollback()
    db.engine.dispose()
    (tmp_path / "membership.db").write_bytes(b"not a database" * 1000)
    for beside in ("-wal", "-shm"):
        (tmp_path / f"membership.db{beside}").unlink(missing_ok=True)

    done = run("--json")

    assert done.exit_code == 2
    assert "cannot be read" in done.stderr


def test_what_is_late_by_less_than_ten_minutes_is_no_finding(house, examine, clock):
    due.at(house, clock.now(), kind="x", key="y")
    house.commit()

    clock.move(LATE - timedelta(seconds=1))
    assert examine() == []
    clock.move(timedelta(seconds=2))
    assert [one["check"] for one in examine()] == ["N27"]
