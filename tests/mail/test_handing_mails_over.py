"""From the outbox to a real mail server on loopback: taken, refused, cut off; once by one worker."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email import message_from_string
from email.header import decode_header, make_header
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from membership.db import db
from membership.mail import folder, outbox, sending, transport
from membership.mail.models import MailState, OutgoingMail, Priority
from membership.newsroom import settings_rows
from membership.settings import Settings, SettingsError
from tests.mail.mail_server import mail_server


def a_mail(session: Session, number: int = 1, **changes: Any) -> OutgoingMail:
    options: dict[str, Any] = {
        "kind": "accounts/no_account",
        "to": f"reader-{number}@example.org",
        "language": "en",
        "dedupe_key": f"cause:{number}",
        "context": {},
    }
    mail = outbox.queue(session, **options | changes)
    assert mail is not None
    session.commit()
    return mail


def send(session: Session, url: str) -> int:
    taken = sending.send_due(session, transport.from_url(url))
    session.expire_all()
    return taken


def test_a_mail_is_handed_over_in_two_parts_to_one_recipient(session):
    mail = a_mail(session)

    with mail_server() as server:
        send(session, server.url)

    message = message_from_string(server.messages[0], policy=default)
    assert server.recipients == ["<reader-1@example.org>"]
    assert message["To"] == "reader-1@example.org"
    assert message["Message-ID"] == mail.message_id
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert mail.state is MailState.SENT


def test_both_parts_say_the_same_in_ukrainian_letters(session):
    settings_rows.change(session, {"name": "Наша редакція"})
    a_mail(session)

    with mail_server() as server:
        send(session, server.url)

    message = message_from_string(server.messages[0], policy=default)
    assert "Наша редакція" in message["Subject"]
    assert message["From"].addresses[0].display_name == "Наша редакція"
    assert all("Наша редакція" in part.get_content() for part in message.iter_parts())
    assert server.messages[0].isascii()


@pytest.mark.parametrize("shift", range(0, 24, 3))
def test_no_blank_is_lost_where_a_long_header_goes_on_in_the_next_line(session, shift):
    name = f"{'А' * shift}Вербинська незалежна редакція «Річка» та друзі, місто і села довкола"
    settings_rows.change(session, {"name": name})
    a_mail(session)

    with mail_server() as server:
        send(session, server.url)

    message = message_from_string(server.messages[0])
    for header in ("Subject", "From"):
        assert name in str(make_header(decode_header(message[header])))
    assert max(map(len, server.messages[0].partition("\n\n")[0].splitlines())) <= 78


def test_no_name_can_add_a_header_or_a_recipient(session):
    settings_rows.change(session, {"name": "Desk\r\nBcc: evil@example.org\r\n\r\nbody \u202e=?utf-8?q?x?="})
    a_mail(session)

    with mail_server() as server:
        send(session, server.url)

    message = message_from_string(server.messages[0], policy=default)
    assert message["Bcc"] is None
    assert len(server.recipients) == 1
    assert set(message.keys()) == {
        "Message-ID",
        "Date",
        "From",
        "To",
        "Subject",
        "Content-Language",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
    }


def test_a_mail_that_is_sent_is_not_sent_again(session):
    a_mail(session)

    with mail_server() as server:
        assert (send(session, server.url), send(session, server.url)) == (1, 0)

    assert len(server.messages) == 1


@pytest.mark.parametrize("where", ["MAIL", "RCPT", "DATA", "."])
def test_a_refusal_for_now_puts_it_back_for_a_minute(session, clock, where):
    mail = a_mail(session)

    with mail_server(**{where: "451 try later"}) as server:
        send(session, server.url)

    assert mail.state is MailState.QUEUED
    assert timedelta(seconds=48) <= mail.not_before - clock.now() <= timedelta(seconds=72)
    assert mail.error == "451 try later"


@pytest.mark.parametrize("where", ["MAIL", "RCPT", "DATA", "."])
def test_a_refusal_for_good_is_a_bounce(session, where):
    mail = a_mail(session)

    with mail_server(**{where: "550 no such mailbox"}) as server:
        send(session, server.url)

    assert (mail.state, mail.error) == (MailState.BOUNCED, "550 no such mailbox")


@pytest.mark.parametrize("where", ["MAIL", "RCPT", "DATA", "."])
def test_a_line_cut_off_in_the_middle_is_tried_again_under_the_same_message_id(session, clock, where):
    mail = a_mail(session)
    with mail_server(**{where: ""}) as server:
        send(session, server.url)
    assert mail.state is MailState.QUEUED

    clock.move(timedelta(hours=1))
    with mail_server() as server:
        send(session, server.url)

    assert message_from_string(server.messages[0])["Message-ID"] == mail.message_id


def test_one_recipient_who_is_refused_holds_back_no_other(session):
    refused, other = a_mail(session, 1), a_mail(session, 2)

    with mail_server(**{"RCPT TO:<READER-1@EXAMPLE.ORG>": "550 no"}) as server:
        send(session, server.url)

    assert (refused.state, other.state) == (MailState.BOUNCED, MailState.SENT)


def test_a_server_that_is_down_is_asked_once_a_round_and_mails_wait(session):
    first, second = a_mail(session, 1), a_mail(session, 2)

    taken = send(session, "smtp://127.0.0.1:1?timeout=1")

    assert taken == 0
    assert sorted([first.tries, second.tries]) == [0, 1]
    assert {first.state, second.state} == {MailState.QUEUED}


def test_pauses_grow_from_a_minute_to_an_hour():
    pauses = [sending.pause_after(tries) for tries in range(1, 60)]

    assert timedelta(seconds=48) <= pauses[0] <= timedelta(seconds=72)
    assert all(pause <= timedelta(minutes=72) for pause in pauses)
    assert pauses[10] >= timedelta(minutes=48)


def test_a_mail_is_given_up_after_about_three_days(session, clock):
    mail = a_mail(session)
    mail.tries = sending.MOST_TRIES - 1
    session.commit()

    with mail_server(RCPT="451 later") as server:
        send(session, server.url)

    assert mail.state is MailState.DEAD


def test_a_way_in_that_would_come_too_late_is_not_sent(session, clock):
    mail = a_mail(session, expires_at=clock.now() + timedelta(minutes=15), priority=Priority.SIGN_IN)
    clock.move(timedelta(minutes=15))

    with mail_server() as server:
        send(session, server.url)

    assert (mail.state, server.messages, mail.text) == (MailState.EXPIRED, [], "")


def test_sign_in_mails_overtake_all_others(session):
    for number in range(20):
        a_mail(session, number, priority=Priority.BULK)
    a_mail(session, 99, priority=Priority.SIGN_IN)

    with mail_server() as server:
        send(session, server.url)

    assert server.recipients[0] == "<reader-99@example.org>"


def test_a_mail_for_later_waits_for_its_time(session, clock):
    a_mail(session, not_before=clock.now() + timedelta(hours=1))

    with mail_server() as server:
        assert send(session, server.url) == 0
        clock.move(timedelta(hours=1))
        assert send(session, server.url) == 1


def test_two_workers_never_send_one_mail_twice(app, session):
    for number in range(30):
        a_mail(session, number)
    session.rollback()

    with mail_server() as server:

        def work(_number: int) -> int:
            with app.app_context():
                return sending.send_due(db.session(), transport.from_url(server.url))

        with ThreadPoolExecutor(3) as pool:
            taken = list(pool.map(work, range(3)))

    assert sum(taken) == 30
    assert len(server.messages) == 30
    assert len(set(server.recipients)) == 30


def test_the_lease_of_a_worker_that_died_ends_and_the_mail_keeps_its_message_id(session, clock):
    mail = a_mail(session)
    message_id = mail.message_id
    sending._lease(session)
    session.commit()

    with mail_server() as server:
        assert send(session, server.url) == 0  # still leased
        clock.move(timedelta(minutes=5))
        assert send(session, server.url) == 1

    assert message_from_string(server.messages[0])["Message-ID"] == message_id


def test_a_slow_worker_whose_lease_has_ended_still_records_that_it_was_sent(app, session, clock):
    mail = a_mail(session)
    session.rollback()
    with mail_server() as server:
        server.pause = threading.Event()

        def slow() -> None:
            with app.app_context():
                sending.send_due(db.session(), transport.from_url(server.url))

        worker = threading.Thread(target=slow)
        worker.start()
        while not server.recipients:
            threading.Event().wait(0.01)
        clock.move(timedelta(minutes=6))
        sending._end_old_leases(session)
        session.commit()
        server.pause.set()
        worker.join()

    session.refresh(mail)
    assert mail.state is MailState.SENT


def test_words_are_emptied_thirty_days_after_sending_and_ways_in_at_once(session, clock):
    receipt, way_in = a_mail(session, 1), a_mail(session, 2, priority=Priority.SIGN_IN)
    with mail_server() as server:
        send(session, server.url)
    assert (receipt.text != "", way_in.text) == (True, "")

    clock.move(timedelta(days=31))
    sending.empty_old(session)

    session.expire_all()
    assert (receipt.subject, receipt.text, receipt.html) == ("", "", "")
    assert receipt.message_id


def test_a_folder_takes_each_mail_as_a_file_that_can_be_read_again(session, tmp_path):
    a_mail(session)

    send(session, f"file://{tmp_path}/mail-out")

    letter = folder.letters(tmp_path / "mail-out")[0]
    assert letter.to == "reader-1@example.org"
    assert "no account" in letter.text
    assert folder.letter(tmp_path / "mail-out", "../membership") is None


def test_a_demo_never_mails_to_the_outside(tmp_path: Path):
    made = Settings.from_environment(
        {
            "MEMBERSHIP_MODE": "demo",
            "MEMBERSHIP_DATA_DIR": str(tmp_path),
            "MEMBERSHIP_MAIL_URL": "smtp://mail.example.org",
        }
    )

    with pytest.raises(SettingsError):
        outbox.configure(made)


def test_a_password_is_never_sent_in_clear_to_another_machine(session):
    chosen = transport.from_url("smtp://user:secret@127.0.0.1:2525")

    assert isinstance(chosen, transport.SmtpTransport)
    assert "secret" not in repr(chosen)
