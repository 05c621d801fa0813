"""Remind me in a month: one mail, after the mailbox has confirmed, and nothing is kept of it."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from membership.appeals import reminding
from membership.appeals.models import Reminder
from membership.articles import publishing, queries
from membership.articles.publishing import COMMAND
from membership.mail.models import MailState, OutgoingMail
from membership.newsroom import due
from membership.newsroom.models import DueRow
from membership.patrons import forgetting
from membership.secrets import blind_index
from tests.articles.stories import a_newsroom, a_story, an_appeal, words
from tests.cast import a_coverage, a_patron, an_account

EVE = "eve.reader@example.org"


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)
    an_appeal(session)
    a_story(session)


def ask(client, email=EVE, article="the-ferry", **more):
    return client.post("/appeal/remind", data={"email": email, "article": article}, **more)


def letters(session, kind=None):
    session.expire_all()
    found = session.scalars(select(OutgoingMail).order_by(OutgoingMail.id)).all()
    return [mail for mail in found if kind is None or mail.kind == kind]


def link(mail):
    return re.findall(r"http://localhost(/[^\s]*appeal/remind/[^\s]+)", mail.text)[0]


def confirmed(session, client, email=EVE):
    ask(client, email)
    path = link(letters(session, "appeals/confirm_reminder")[-1])
    client.post(path)
    return path


def a_month_later(session, clock):
    clock.move(timedelta(days=31))
    due.apply_all(session)
    session.rollback()


def test_the_appeal_has_a_plain_form_for_it(client):
    page = words(client.get("/articles/the-ferry"))
    form = re.findall(r'<form method="post" action="/appeal/remind">(.*?)</form>', page)[0]

    assert 'name="article" value="the-ferry"' in form
    assert 'type="email"' in form
    assert 'type="checkbox"' not in form


def test_one_mail_leaves_a_month_after_the_mailbox_has_confirmed(session, client, clock):
    confirmed(session, client)
    a_month_later(session, clock)

    (mail,) = letters(session, "appeals/reminder")
    assert mail.recipient == EVE
    assert "http://localhost/articles/the-ferry" in mail.text
    assert "http://localhost/support?article=the-ferry" in mail.text
    assert mail.text.count("/appeal/remind/") == 1
    a_month_later(session, clock)
    a_month_later(session, clock)
    assert len(letters(session, "appeals/reminder")) == 1


def test_without_the_mailbox_s_word_nothing_is_sent_and_after_a_week_nothing_is_known(session, client, clock):
    ask(client)
    path = link(letters(session)[0])
    clock.move(timedelta(days=7))
    due.apply_all(session)
    session.rollback()

    assert session.scalar(select(func.count()).select_from(Reminder)) == 0
    assert [(mail.recipient, mail.text) for mail in letters(session)] == [("", "")]
    assert client.get(path).status_code == 410
    assert client.post(path).status_code == 410
    a_month_later(session, clock)
    assert letters(session, "appeals/reminder") == []


def test_opening_the_link_confirms_nothing(session, client, clock):
    ask(client)
    path = link(letters(session)[0])
    for _scanner in range(3):
        assert client.get(path).status_code == 200
    clock.move(timedelta(days=40))
    due.apply_all(session)

    assert letters(session, "appeals/reminder") == []


def test_what_is_answered_never_depends_on_whose_address_it_is(session, client, cleo):
    known = ask(client, email=cleo.email)
    unknown = ask(client, email="nobody@example.org")

    assert (known.status_code, known.location) == (unknown.status_code, unknown.location)
    assert words(client.get(known.location)) == words(client.get(unknown.location))
    kinds = [(mail.kind, mail.priority) for mail in letters(session)]
    assert kinds[0] == kinds[1]


def test_no_cookie_is_set_but_by_not_now(client):
    answer = ask(client)
    assert "Set-Cookie" not in answer.headers
    after = words(client.get(answer.location))
    assert 'action="/appeal/off"' in after


def test_who_has_become_a_patron_since_is_not_reminded(session, client, clock):
    confirmed(session, client)
    patron = a_patron(session, an_account(session, email=EVE))
    a_coverage(session, patron, ends_at=clock.now() + timedelta(days=62))
    a_month_later(session, clock)

    assert letters(session, "appeals/reminder") == []
    assert session.scalar(select(func.count()).select_from(Reminder)) == 0


def test_the_address_is_encrypted_and_gone_once_the_mail_has_left(session, client, clock):
    confirmed(session, client)
    row = session.scalars(select(Reminder)).one()
    assert (row.email, row.email_index) == (EVE, blind_index(EVE))
    a_month_later(session, clock)
    session.expire_all()
    row = session.scalars(select(Reminder)).one()
    assert (row.email, row.email_index) == (None, None)

    clock.move(reminding.MAIL_KEPT)
    due.apply_all(session)
    session.rollback()
    assert session.scalar(select(func.count()).select_from(Reminder)) == 0
    assert {mail.recipient for mail in letters(session)} == {""}
    assert all(EVE not in row.key for row in session.scalars(select(DueRow)))


def test_the_mail_s_one_link_forgets_the_address_at_once(session, client, clock):
    confirmed(session, client)
    a_month_later(session, clock)
    path = link(letters(session, "appeals/reminder")[0])
    assert path.endswith("/forget")
    assert client.get(path).status_code == 200
    assert session.scalar(select(func.count()).select_from(Reminder)) == 1
    client.post(path)

    assert session.scalar(select(func.count()).select_from(Reminder)) == 0
    assert {mail.recipient for mail in letters(session)} == {""}
    assert client.get(path).status_code == 410


def test_a_reminder_can_be_forgotten_before_it_leaves(session, client, clock):
    path = confirmed(session, client)
    assert client.post(f"{path}/forget").status_code == 200
    a_month_later(session, clock)

    assert letters(session, "appeals/reminder") == []


def test_with_a_patron_s_data_the_reminders_of_the_mailbox_are_deleted(session, client, clock):
    confirmed(session, client)
    patron = a_patron(session, an_account(session, email=EVE))
    forgetting.forget(session, patron)
    session.commit()
    a_month_later(session, clock)

    assert session.scalar(select(func.count()).select_from(Reminder)) == 0
    assert letters(session, "appeals/reminder") == []


def test_asked_for_and_confirmed_twice_one_mail_leaves(session, client, clock):
    confirmed(session, client)
    confirmed(session, client)
    a_month_later(session, clock)

    assert len(letters(session, "appeals/reminder")) == 1


def test_a_stranger_s_asking_does_not_undo_what_the_mailbox_confirmed(session, client, clock):
    confirmed(session, client)
    ask(client)
    a_month_later(session, clock)

    assert len(letters(session, "appeals/reminder")) == 1


def test_one_address_is_written_to_twice_a_day_at_most_and_the_answer_stays_the_same(session, client):
    answers = {(ask(client).status_code, ask(client).location) for _time in range(3)}

    assert answers == {(303, "/appeal/remind?article=the-ferry")}
    assert len(letters(session)) == 2


def test_one_network_has_a_budget(client):
    codes = [ask(client, email=f"reader{number}@example.org").status_code for number in range(21)]
    assert codes == [303] * 20 + [429]


@pytest.mark.parametrize("typed", ["", "nobody", "a@b@example.org", "x\r\nBcc: y@example.org"])
def test_what_is_no_address_is_told_and_nothing_is_written(session, client, typed):
    answer = ask(client, email=typed)

    assert answer.status_code == 422
    assert session.scalar(select(func.count()).select_from(Reminder)) == 0


def test_under_no_article_there_is_nothing_to_be_reminded_of(client):
    assert ask(client, article="no-such-story").status_code == 400


def test_another_site_cannot_ask_in_a_reader_s_name(client):
    assert ask(client, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_a_story_withdrawn_meanwhile_is_not_named(session, client, clock):
    confirmed(session, client)
    (story,) = queries.latest(session, "en", limit=1)
    publishing.withdraw(session, story, by=COMMAND)
    session.commit()
    a_month_later(session, clock)

    (mail,) = letters(session, "appeals/reminder")
    assert "ferry" not in mail.text
    assert "http://localhost/support" in mail.text


def test_in_ukrainian_everything_is(session, client, clock):
    an_appeal(session, "Вільно", language="uk")
    a_story(session, "Пором", language="uk")
    answer = client.post("/uk/appeal/remind", data={"email": EVE, "article": "porom"})
    assert answer.location == "/uk/appeal/remind?article=porom"
    path = link(letters(session)[0])
    assert path.startswith("/uk/appeal/remind/")
    assert "Нагадати вам?" in words(client.get(path))
    client.post(path)
    a_month_later(session, clock)

    (mail,) = letters(session, "appeals/reminder")
    assert "Пором" in mail.text
    assert "http://localhost/uk/articles/porom" in mail.text


def test_a_mail_that_was_being_handed_over_when_it_was_forgotten_is_not_sent_again(session, client):
    ask(client)
    mail = letters(session)[0]
    mail.state = MailState.SENDING
    session.commit()
    reminding.forget(session, session.scalars(select(Reminder)).one())
    session.commit()

    assert letters(session)[0].recipient == ""
