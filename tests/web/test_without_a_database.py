"""With the database stopped readers go on reading: without cookie, with `appeal=off`, signed in."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import event

from membership.articles import publishing
from membership.articles.publishing import COMMAND
from membership.db import db
from tests.articles.stories import a_newsroom, a_story, an_appeal, words
from tests.web import workers


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)


@pytest.fixture
def stop_database(app):
    """Stop it really: its file is gone and cannot be made anew, or every connection is refused."""
    undo = []

    def stop():
        with app.app_context():
            engine = db.engine
            db.session.remove()
            engine.dispose()
        if engine.dialect.name == "sqlite":
            file = Path(str(engine.url.database))
            shutil.move(file, file.with_suffix(".away"))
            file.mkdir()
            return
        event.listen(engine, "do_connect", refuse)
        undo.append(lambda: event.remove(engine, "do_connect", refuse))

    def refuse(_dialect, _record, _arguments, parameters):
        parameters["port"] = 1

    yield stop
    for step in undo:
        step()


@pytest.mark.parametrize("visitor", ["anonymous", "quiet", "signed in"])
def test_with_the_database_stopped_an_article_opens(app, session, client, as_, cleo, visitor, stop_database):
    an_appeal(session)
    a_story(session)
    client.get("/articles/the-ferry")
    browser = as_(cleo) if visitor == "signed in" else client
    if visitor == "quiet":
        browser.set_cookie("appeal", "off")
    stop_database()
    restarted = workers.another(app)  # with nothing in memory
    app.wsgi_app = restarted

    answer = browser.get("/articles/the-ferry")

    assert answer.status_code == 200
    assert "The ferry has stood still since May." in words(answer)
    assert (f'data-kind="{"quiet" if visitor == "quiet" else "asking"}"') in words(answer)
    assert "Set-Cookie" not in answer.headers


def test_with_the_database_stopped_a_page_out_of_date_is_better_than_none(session, client, stop_database):
    article = a_story(session)
    client.get("/articles/the-ferry")
    publishing.correct(session, article, "It stood still since June.", by=COMMAND)
    session.commit()
    stop_database()

    assert "since May" in words(client.get("/articles/the-ferry"))
