"""A mail is a row of the transaction of its cause, once for each cause, written in the reader's language."""

from typing import Any

import pytest
from flask_babel import get_locale
from sqlalchemy.orm import Session

from membership import secrets
from membership.mail import outbox
from membership.mail.models import MailState, OutgoingMail
from membership.newsroom.settings_rows import NewsroomSettings
from membership.web.emails import AddressError


def queue(session: Session, **changes: Any) -> OutgoingMail | None:
    options: dict[str, Any] = {
        "kind": "accounts/no_account",
        "to": "eve@example.org",
        "language": "en",
        "dedupe_key": "cause:1",
        "context": {},
    }
    return outbox.queue(session, **options | changes)


def a_mail(session: Session, **changes: Any) -> OutgoingMail:
    mail = queue(session, **changes)
    assert mail is not None
    return mail


def test_a_queued_mail_has_a_subject_a_text_and_an_html_part(session):
    mail = a_mail(session)

    assert mail.subject == "No account with this address at Our newsroom"
    assert "There is no account with it." in mail.text
    assert "There is no account with it." in mail.html
    assert mail.state is MailState.QUEUED


def test_the_same_cause_never_makes_a_second_row(session):
    a_mail(session)

    assert queue(session) is None
    assert session.query(OutgoingMail).count() == 1


def test_a_cause_that_is_rolled_back_leaves_no_mail(session):
    a_mail(session)
    session.rollback()

    assert session.query(OutgoingMail).count() == 0


def test_styles_are_written_into_the_elements(session):
    html = a_mail(session).html

    assert 'style="' in html
    assert "prefers-color-scheme" in html
    assert "<link" not in html


def test_a_mail_asks_no_other_site_for_anything(session):
    html = a_mail(session).html

    assert "<img" not in html
    assert "http" not in html.replace("http://localhost", "")


@pytest.mark.parametrize(
    "to", ["eve@example.org, bcc@example.org", "eve@example.org\r\nBcc: x@example.org", ""]
)
def test_a_recipient_is_exactly_one_address(session, to):
    with pytest.raises(AddressError):
        a_mail(session, to=to)


def test_an_unknown_language_falls_back_to_english(session):
    assert a_mail(session, language="xx").language == "en"


class _Untranslatable(NewsroomSettings):
    """A name that cannot be written in Ukrainian, as where a translation asks for a value that is not given."""

    def __getattribute__(self, field: str) -> Any:
        if field == "name" and str(get_locale()) == "uk":
            raise KeyError("newsrom")
        return super().__getattribute__(field)


def test_m13_a_mail_that_cannot_be_written_in_one_language_leaves_in_english(session):
    mail = a_mail(session, language="uk", context={"newsroom": _Untranslatable()})

    assert mail.language == "en"
    assert "There is no account with it." in mail.text


def test_cancelling_takes_back_what_has_not_left(session):
    kept, dropped = a_mail(session), a_mail(session, dedupe_key="cause:2", subject_key="patron:1")

    assert outbox.cancel(session, "patron:1") == 1

    session.expire_all()
    assert (kept.state, dropped.state) == (MailState.QUEUED, MailState.CANCELED)


def test_cancelling_can_be_limited_to_kinds(session):
    mail = a_mail(session, subject_key="patron:1")

    assert outbox.cancel(session, "patron:1", kinds={"giving/failed"}) == 0
    assert mail.state is MailState.QUEUED


def test_what_the_table_holds_cannot_be_read_without_the_keys(session):
    a_mail(session)
    session.commit()

    raw = session.connection().exec_driver_sql("SELECT recipient, subject, text FROM outgoing_mail").one()

    # Words with an @ or a blank in them: what is sealed is letters and digits, and could hold any short word by chance.
    assert all(b"eve@" not in bytes(value) and b"no account" not in bytes(value) for value in raw)


def test_each_mail_has_a_message_id_of_its_own(session):
    first, second = a_mail(session), a_mail(session, dedupe_key=secrets.new_token())

    assert first.message_id != second.message_id
    assert first.message_id.endswith("@localhost>")
