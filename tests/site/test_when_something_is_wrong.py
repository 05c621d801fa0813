"""Error pages in the site's look, with what to do next; and what machines ask: alive, ready."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from membership.db import db
from membership.revisions import known_revisions
from membership.web import access


@pytest.fixture
def no_database(app: Flask, tmp_path) -> None:
    """The database's file is gone and cannot be made again."""
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    for file in tmp_path.glob("membership.db*"):
        file.unlink()
    (tmp_path / "membership.db").mkdir()


@pytest.mark.parametrize(
    ("path", "status"), [("/nowhere", 404), ("/articles/none", 404), ("/xx/support", 404)]
)
def test_what_is_not_there_says_so(client: FlaskClient, path: str, status: int):
    answer = client.get(path)

    assert answer.status_code == status
    assert "Go to the front page" in answer.text
    assert "Traceback" not in answer.text


def test_a_wrong_method_names_the_right_one(client: FlaskClient):
    answer = client.get("/support/checkouts")

    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_an_error_page_is_in_the_pages_language(client: FlaskClient):
    assert '<html lang="uk">' in client.get("/uk/nowhere").text


def test_too_much_is_refused_as_a_page(client: FlaskClient):
    answer = client.post("/support/checkouts", data={"note": "x" * (21 * 1024 * 1024)})

    assert answer.status_code == 413
    assert "Go to the front page" in answer.text


def test_error_pages_are_kept_by_nobody_and_set_nothing(client: FlaskClient):
    answer = client.get("/nowhere")

    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers


def test_alive_asks_nothing_and_ready_asks_the_database_and_its_schema(client: FlaskClient, session: Session):
    session.execute(text("DROP TABLE IF EXISTS alembic_version"))  # PostgreSQL's database outlives a test
    session.commit()
    assert client.get("/live").text == "live\n"
    assert client.get("/ready").text == "database\n"  # no schema was ever written down in it

    session.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
    session.execute(text("INSERT INTO alembic_version VALUES ('0000')"))
    session.commit()
    assert (client.get("/ready").status_code, client.get("/ready").text) == (503, "schema\n")

    session.execute(
        text("UPDATE alembic_version SET version_num = :newest"), {"newest": max(known_revisions())}
    )
    session.commit()
    assert (client.get("/ready").status_code, client.get("/ready").text) == (200, "ready\n")
    session.execute(text("DROP TABLE alembic_version"))
    session.commit()


@pytest.mark.one_engine
@pytest.mark.usefixtures("no_database")
def test_without_a_database_the_process_lives_but_is_not_ready(client: FlaskClient):
    assert client.get("/live").status_code == 200
    assert client.get("/ready").status_code == 503


@pytest.mark.one_engine
@pytest.mark.usefixtures("no_database")
def test_without_a_database_what_needs_it_says_so_kindly(client: FlaskClient):
    answer = client.post("/support/checkouts", data={"amount": "5"})

    assert answer.status_code in {422, 503}
    answer = client.get("/topics")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "30"
    assert "Stories can still be read" in answer.text


def test_any_lost_connection_is_a_503(app: Flask, client: FlaskClient):
    def lost() -> str:
        raise OperationalError("SELECT", {}, Exception("server closed the connection"))

    app.add_url_rule("/lost", view_func=access.public(lost))

    answer = client.get("/lost")

    assert answer.status_code == 503
    assert "server closed" not in answer.text
