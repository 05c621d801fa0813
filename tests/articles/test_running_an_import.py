"""One import at a time; one that was killed goes on when it is run again; and it says how far it is."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from membership import clock
from membership.articles import importing, running
from membership.articles.commands import imports
from membership.articles.errors import ImportRunningError
from membership.articles.models import ImportRun
from membership.articles.sources import counting
from membership.db import Base
from tests.articles.exports import articles, post, wxr
from tests.articles.stories import a_newsroom

SCRIPT = Path(__file__).with_name("kill_while_importing.py")


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)


@pytest.fixture
def file(tmp_path):
    made = tmp_path / "export.xml"
    made.write_text(wxr(*(one_of(number) for number in range(1, 31))))
    return made


def one_of(number):
    """A post of thirty: two share each address, one in five is a draft."""
    state = "publish" if number % 5 else "draft"
    at = f"2026-05-{number:02} 08:00:00"
    return post(number, f"Story {number}", post_name=f"story-{number % 15}", status=state, post_date_gmt=at)


def told(session):
    return [
        (one.source_id, one.slug, one.state, one.body, one.headline, one.published_at)
        for one in articles(session)
    ]


def runs(session):
    session.expire_all()
    return session.scalars(select(ImportRun)).all()


def another(session):
    """An import that is at work on another machine."""
    now = clock.now()
    until = now + timedelta(minutes=2)
    session.add(ImportRun(token="x", host="elsewhere", process=1, began_at=now, runs_until=until))
    session.commit()


def test_i16_an_import_that_was_killed_goes_on_at_once_and_ends_the_same(
    session, file, settings_env, tmp_path
):
    session.commit()
    killed = subprocess.run(
        [sys.executable, str(SCRIPT), str(file), "Story 18"], env=os.environ | settings_env, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert len(articles(session)) == 17
    assert len(runs(session)) == 1

    again = importing.import_file(session, "wordpress", file, media_folder=tmp_path / "media")
    assert (again.taken, again.unchanged, again.skipped) == (13, 17, [])
    assert [one.headline for one in articles(session)] == [f"Story {n}" for n in range(1, 31)]
    assert runs(session) == []

    ended = told(session)
    for table in reversed(Base.metadata.sorted_tables):
        session.execute(table.delete())
    a_newsroom(session)
    undisturbed = importing.import_file(session, "wordpress", file, media_folder=tmp_path / "media")
    assert (undisturbed.taken, told(session)) == (30, ended)


def test_i17_a_second_import_is_refused_while_one_is_at_work(session, file, tmp_path):
    another(session)
    with pytest.raises(ImportRunningError):
        importing.import_file(session, "wordpress", file, media_folder=tmp_path / "media")
    session.rollback()

    assert articles(session) == []
    assert [one.token for one in runs(session)] == ["x"]


def test_i17_what_another_machine_left_behind_ends_by_itself(session, file, tmp_path, clock):
    another(session)
    clock.move(timedelta(minutes=2, seconds=1))

    assert importing.import_file(session, "wordpress", file, media_folder=tmp_path / "media").taken == 30


def test_a_long_import_keeps_its_place(session, clock):
    with running.alone(session, is_dry=False) as run:
        for _minute in range(10):
            clock.move(timedelta(minutes=1))
            run.goes_on()
            with pytest.raises(ImportRunningError), running.alone(session, is_dry=True):
                pass
    assert runs(session) == []


def test_an_import_that_was_overtaken_stops(session, clock):
    with running.alone(session, is_dry=False) as run:
        clock.move(timedelta(minutes=5))
        session.execute(delete(ImportRun))
        another(session)
        with pytest.raises(ImportRunningError):
            run.goes_on()


def test_the_command_says_when_to_try_again(app, session, file):
    another(session)
    done = app.test_cli_runner().invoke(imports, ["articles", "wordpress", str(file)])

    assert done.exit_code == 1
    assert "Another import is at work. Nothing was changed." in done.output
    assert "14:02:00" in done.output


def test_i13_the_command_says_that_it_read_another_encoding(app, session, file):
    file.write_bytes(wxr(post(1, "Пором")).encode("windows-1251"))
    done = app.test_cli_runner().invoke(imports, ["articles", "wordpress", str(file)])

    assert done.exit_code == 0
    assert "export.xml: The file is not UTF-8, as it says; it was read as Windows-1251." in done.output
    assert articles(session)[0].headline == "Пором"


def test_pictures_go_with_wordpress_and_ghost_only(app, session, file, tmp_path):
    done = app.test_cli_runner().invoke(imports, ["articles", "feed", str(file), "--images", str(tmp_path)])

    assert done.exit_code == 2
    assert "--images goes with wordpress and ghost" in done.output


@pytest.mark.parametrize(
    ("source", "text", "count"),
    [
        ("wordpress", "x" * (counting.CHUNK - 3) + "<item>" + "<item >" * 2 + "<items>", 3),
        ("feed", "<entry><item>", 2),
        ("ghost", '{"posts": [{"comment_id": 1}, {"comment_id": 2}]}', 2),
        ("ghost", "nothing", None),
    ],
)
def test_it_knows_about_how_much_there_is(tmp_path, source, text, count):
    file = tmp_path / "export"
    file.write_text(text)
    assert counting.items_in(source, file) == count
