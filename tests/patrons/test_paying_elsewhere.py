"""Who supports us through other platforms: shown to staff, invited once to give directly, counted when they move."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from membership import clock
from membership.accounts.models import Role
from membership.mail.models import OutgoingMail
from membership.newsroom import due
from membership.newsroom.models import AuditEntry
from membership.patrons import elsewhere, inviting
from membership.patrons.elsewhere import Supporter
from membership.patrons.models import Patron, Source, SupportElsewhere, Visibility
from tests.cast import a_coverage, an_account, patron_of

PAGE = "/staff/patrons/elsewhere"


def _take(session, *names: str, platform: str = "Patreon", language: str = "en") -> None:
    until = clock.now() + timedelta(days=30)
    elsewhere.take(
        session,
        [
            Supporter(
                email=f"{name}@example.org", name=name, language=language, platform=platform, paid_until=until
            )
            for name in names
        ],
    )
    session.commit()


def _patron(session, name: str) -> Patron:
    found: list[Patron] = [patron for patron in session.scalars(select(Patron)) if patron.name == name]
    return found[0]


def _invited(session) -> list[tuple[str, str]]:
    due.apply_all(session)
    session.rollback()
    mails = session.scalars(
        select(OutgoingMail).filter_by(kind="patrons/invited_to_move").order_by(OutgoingMail.id)
    )
    return sorted((mail.recipient, mail.language) for mail in mails)


@pytest.fixture
def press(as_, pia):
    """Send the invitation, as a publisher; gives the answer."""
    browser = as_(pia)
    return lambda: browser.post(f"{PAGE}/invitation", follow_redirects=True)


def test_staff_see_how_many_pay_where(as_, pia, session):
    _take(session, "iryna", "ivan")
    _take(session, "ivan", platform="Steady")

    page = as_(pia).get(PAGE).text

    assert "Patreon" in page
    assert "Steady" in page
    assert "Invite 2 patrons" in page
    record = as_(pia).get(f"/staff/patrons/{_patron(session, 'iryna').public_id}").text
    assert "supports us through Patreon" in record


def test_an_empty_page_says_how_they_come_in(as_, pia):
    assert "membership import patrons" in as_(pia).get(PAGE).text


def test_each_is_mailed_once_ever_in_her_language_and_it_is_written_down(press, session, clock):
    _take(session, "iryna", "ivan")
    _take(session, "ivan", platform="Steady")
    _take(session, "oksana", language="uk")

    assert "3 invitations are on their way." in press().text
    first = _invited(session)
    clock.move(timedelta(minutes=5))
    again = press().text

    assert first == [("iryna@example.org", "en"), ("ivan@example.org", "en"), ("oksana@example.org", "uk")]
    assert "Everybody has been invited already." in again
    assert _invited(session) == first
    assert session.scalars(select(AuditEntry.action)).all() == ["patrons.invited_to_move"]
    (mail,) = session.scalars(select(OutgoingMail).filter_by(language="uk"))
    assert "Patreon" in mail.subject
    assert "/uk/support" in mail.text


def test_a_second_press_before_the_worker_comes_mails_nobody_twice(press, session):
    _take(session, "iryna")
    press()
    press()

    assert _invited(session) == [("iryna@example.org", "en")]


def test_hundreds_are_mailed_some_at_a_time(press, session):
    names = [f"p{number}" for number in range(inviting.AT_ONCE + 3)]
    _take(session, *names)

    press()

    assert len(_invited(session)) == len(names)


def test_who_is_hidden_wants_no_mails_gives_here_or_has_moved_is_not_mailed(press, session, cleo):
    _take(session, "hidden", "quiet", "moved", "iryna", "cleo")
    _patron(session, "hidden").visibility = Visibility.SECRET
    _patron(session, "quiet").wants_topic_mail = False
    a_coverage(session, _patron(session, "moved"), source=Source.PAID, starts_at=clock.now())
    assert patron_of(session, cleo).account is not None
    session.commit()

    press()

    assert _invited(session) == [("iryna@example.org", "en")]


def test_who_gives_here_since_has_moved_and_who_gave_before_has_not(as_, pia, session, cleo, clock):
    _take(session, "iryna", "ivan", "cleo")
    clock.move(timedelta(days=10))
    for name in ("iryna", "Cleo Patron"):
        a_coverage(session, _patron(session, name), source=Source.ONCE, starts_at=clock.now())

    assert inviting.count_moved(session) == 1
    assert [(p.marked, p.gave_here, p.moved) for p in inviting.platforms(session, clock.now())] == [(3, 1, 1)]
    assert "Have moved" in as_(pia).get(PAGE).text


def test_only_a_publisher_who_sees_patrons_sends_it(as_, ada, ben, session):
    _take(session, "iryna")
    carer = an_account(session, role=Role.STAFF, sees_patrons=True)
    for account, page, sending in ((ada, 403, 403), (ben, 403, 403), (carer, 200, 403)):
        browser = as_(account)
        assert browser.get(PAGE).status_code == page
        assert browser.get(f"{PAGE}/invitation").status_code == sending
        assert browser.post(f"{PAGE}/invitation").status_code == sending
    assert "A publisher sends it." in as_(carer).get(PAGE).text
    assert _invited(session) == []
    assert session.scalars(select(SupportElsewhere.invited_at)).all() == [None]


def test_the_patrons_page_names_the_platform_the_last_day_and_the_way_to_us(as_, session):
    account = an_account(session, name="Iryna", email="iryna@example.org")
    _take(session, "iryna")  # paid to 22 December 2026, 14:00

    page = as_(account).get("/patron").text

    assert "Through Patreon" in page
    assert "That counts here until 22 December 2026" in page
    assert "end the other one at Patreon" in page
    assert "Give to us directly" in page
    assert "You gave once" not in page


def test_a_day_that_is_paid_to_its_end_is_the_last_one_named(as_, session):
    account = an_account(session, email="iryna@example.org")
    midnight = datetime(2026, 12, 24, 22, tzinfo=UTC)  # as 25 December begins in Kyiv
    told = Supporter(
        email="iryna@example.org", name="", language="en", platform="Steady", paid_until=midnight
    )
    elsewhere.take(session, [told])
    session.commit()

    page = as_(account).get("/patron").text

    assert "covered until 24 December 2026" in page
    assert "counts here until 24 December 2026" in page
    assert "25 December" not in page


def test_the_patrons_page_says_when_it_has_run_out_or_a_gift_runs_beside_it(as_, session, cleo, clock):
    _take(session, "cleo")
    running = as_(cleo).get("/patron").text
    clock.move(timedelta(days=31))
    over = as_(cleo).get("/patron").text

    assert "Through Patreon" in running
    assert "that counted here until 22 December 2026" in over
