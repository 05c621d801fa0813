"""`membership export`: everything of the newsroom in open formats, whole or not at all, and what it says adds up."""

import csv
import stat
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from membership import clock
from membership.accounts import enrolling
from membership.articles.models import Article
from membership.articles.sources import markdown
from membership.articles.sources.items import Item
from membership.cli import membership
from membership.giving import offline_gifts
from membership.giving.ledger import Book, LedgerLine
from membership.giving.offline_gifts import Wish
from membership.money import Money
from membership.newsroom.models import AuditEntry
from membership.patrons.models import Patron, Visibility
from tests.articles.stories import a_newsroom, a_story
from tests.giving.sandboxed import Account, account, hear
from tests.topics.voters import a_round, a_topic, ballots, closed

__all__ = ["account", "hear"]


@pytest.fixture
def newsroom(account: Account, app: Flask, session: Session, hear, pia) -> Session:
    """Articles in three states, two patrons (one hidden), gifts in and outside of Stripe, a closed round."""
    a_newsroom(session)
    a_story(
        session, "The ferry: a story", tags=["river", "war"], standfirst="Still  since\nMay", series="Water"
    )
    a_story(session, "Old news", body="<p>From <b>before</b></p>", body_format="html")
    a_story(session, "Not yet", is_out=False)
    account.subscribe(account.customer("cleo@example.org"))
    account.pay(account.customer("hidden@example.org"), 2000)
    hear()
    wanted = enrolling.by_email(session, "hidden@example.org")
    assert wanted is not None
    hidden = session.scalars(select(Patron).filter_by(account_id=wanted.id)).one()
    hidden.visibility, hidden.name, hidden.note = Visibility.SECRET, "Nobody Knows", "Please tell nobody"
    given = Wish(
        form_key="one",
        received_on=date(2026, 11, 20),
        money=Money(2500, "eur"),
        fee=35,
        payer="=Olena",
        reference="=1+1",
        email="",
    )
    offline_gifts.enter(session, given, entered_by_id=pia.id)
    topics = [a_topic(session, title) for title in ("Bread", "Doctors")]
    round_ = a_round(session, topics)
    ballots(session, round_, *(topics[: 1 + number % 2] for number in range(12)))
    closed(session, round_)
    session.commit()
    return session


def run(app: Flask, *words: object) -> Result:
    return app.test_cli_runner().invoke(membership, ["export", *map(str, words)])


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_all_is_there_and_adds_up(newsroom: Session, app: Flask, tmp_path: Path):
    folder = tmp_path / "out"
    done = run(app, folder)
    assert done.exit_code == 0, done.output

    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {"README.txt", "articles/en/the-ferry-a-story.md", "articles/draft/en-not-yet.md"} <= names
    said = (folder / "README.txt").read_text()
    assert all(name in said for name in names if "/" not in name and name != "README.txt")
    books = Counter[str]()
    for line in table(folder, "ledger"):
        books[line["book"]] += round(float(line["amount"]) * 100)
    known = newsroom.scalar(select(func.sum(LedgerLine.amount)).filter_by(book=Book.GIFTS))
    assert (books["gifts"], sum(books.values())) == (known, 0)
    gifts = table(folder, "gifts")
    assert sorted((gift["source"], gift["amount"]) for gift in gifts) == [
        ("offline", "25.00"),
        ("stripe", "20.00"),
        ("stripe", "5.00"),
    ]
    assert {gift["patron"] for gift in gifts} <= {patron["patron"] for patron in table(folder, "patrons")}
    assert next(gift["reference"] for gift in gifts if gift["source"] == "offline") == "'=1+1"
    (round_,) = table(folder, "rounds")
    counted = app.test_cli_runner().invoke(
        membership, ["recount", str(folder / "ballots" / f"{round_['round']}.csv")]
    )
    assert "equals the published result" in counted.output, counted.output


def test_a_hidden_patron_is_masked_and_no_choice_is_told(newsroom: Session, app: Flask, tmp_path: Path):
    run(app, tmp_path / "out")

    whole = "".join(
        path.read_text(encoding="utf-8") for path in (tmp_path / "out").rglob("*") if path.is_file()
    )
    assert "cleo@example.org" in whole
    for secret in ("hidden@example.org", "Nobody Knows", "tell nobody"):
        assert secret not in whole
    assert "Hidden patron" in whole
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700


def test_articles_come_back_by_import_as_they_were(newsroom: Session, app: Flask, tmp_path: Path):
    run(app, tmp_path / "out")

    read = markdown.read(tmp_path / "out/articles/en", language="en", now=clock.now(), shift=timedelta())
    items = {item.draft.headline: item for item in read if isinstance(item, Item)}
    ferry, old = items["The ferry: a story"], items["Old news"]
    assert ferry.notes == []
    assert (ferry.draft.tags, ferry.draft.series) == (["river", "war"], "Water")
    assert (ferry.draft.standfirst, ferry.draft.authors) == ("Still since May", ["Iryna Bevz"])
    assert (
        ferry.published_at
        == newsroom.scalars(select(Article.published_at).filter_by(slug="the-ferry-a-story")).one()
    )
    assert (old.draft.body_format, old.draft.body.strip()) == ("html", "<p>From <b>before</b></p>")


def test_it_overwrites_nothing_and_is_written_down(newsroom: Session, app: Flask, tmp_path: Path):
    folder = tmp_path / "out"
    assert run(app, folder).exit_code == 0
    again = run(app, folder)

    assert again.exit_code == 1
    assert "is there already" in again.output
    newsroom.rollback()
    assert newsroom.scalars(select(AuditEntry.action)).all().count("newsroom.exported") == 1
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []


def test_what_fails_midway_leaves_no_folder(newsroom: Session, app: Flask, tmp_path: Path):
    newsroom.execute(text("UPDATE patron SET name = 'not sealed'"))
    newsroom.commit()

    failed = run(app, tmp_path / "out")

    assert failed.exit_code != 0
    assert not (tmp_path / "out").exists()
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []


def test_the_help_has_an_example(app: Flask):
    assert "Example: membership export" in run(app, "--help").output
