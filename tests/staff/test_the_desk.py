"""The desk and the trail: what waits, the ways one may go, who did what."""

from membership import clock as clocks
from membership.accounts.models import Role
from membership.giving.models import Interval, Subscription
from membership.mail.models import MailState, OutgoingMail
from membership.newsroom import audit
from membership.newsroom.models import DueRow, DueState
from membership.staff import desk
from membership.staff.desk import Task
from membership.topics.models import Topic
from tests.cast import an_account


def test_the_desk_names_only_ways_that_are_open_to_one(as_, ben, pia):
    for_staff, for_publisher = as_(ben).get("/staff").text, as_(pia).get("/staff").text

    assert "/staff/people" not in for_staff
    assert "/staff/people" in for_publisher
    assert "/staff/reports" in for_staff


def test_what_waits_is_sorted_by_how_urgent_it_is(app, session, pia):
    def provider(_session, _account):
        yield {"title": "Later", "count": 2, "url": "/staff", "tone": "info"}
        yield {"title": "Nothing", "count": 0, "url": "/staff", "tone": "bad"}
        yield {"title": "Now", "count": 1, "url": "/staff", "tone": "bad"}

    desk._providers.insert(0, provider)
    try:
        with app.test_request_context():
            tasks = [task for task in desk.waiting(session, pia) if task.url == "/staff"]
    finally:
        desk._providers.remove(provider)

    assert tasks == [Task("Now", 1, "/staff", "bad"), Task("Later", 2, "/staff", "info")]


def test_a_person_without_second_factor_waits_on_the_publishers_desk(session, as_, pia, ben):
    an_account(session, role=Role.EDITOR).totp_confirmed_at = None
    session.commit()

    assert "without a second factor" in as_(pia).get("/staff").text
    assert "without a second factor" not in as_(ben).get("/staff").text


def test_a_mail_that_was_refused_waits_on_the_desk_without_its_words(session, as_, pia, client):
    client.post("/sign-in", data={"email": "nobody@example.org"})
    mail = session.query(OutgoingMail).one()
    mail.state, mail.error, mail.tries = MailState.BOUNCED, "550 no such mailbox", 1
    session.commit()
    browser = as_(pia)

    assert "Mails refused within a week" in browser.get("/staff").text
    page = browser.get("/staff/mail").text
    assert "550 no such mailbox" in page
    assert "There is no account" not in page


def test_addresses_of_mails_need_the_right_to_see_patrons(session, as_, client):
    blind = an_account(session, role=Role.PUBLISHER)
    client.post("/sign-in", data={"email": "nobody@example.org"})
    session.query(OutgoingMail).one().state = MailState.DEAD
    session.commit()

    assert "nobody@example.org" not in as_(blind).get("/staff/mail").text


def test_the_trail_shows_who_did_what_and_can_be_narrowed(session, as_, pia, ada):
    for number in range(60):
        audit.write(
            session,
            action="article.published" if number % 2 else "topic.hidden",
            subject=f"article:{number}",
            actor_id=ada.id,
            actor=ada.public_id,
        )
    session.commit()
    browser = as_(pia)

    first = browser.get("/staff/audit").text
    narrowed = browser.get("/staff/audit?action=topic.hidden&subject=article:4").text

    assert "Ada Editor" in first
    assert "article:59" in first
    assert "article:9<" not in first
    assert "Next page" in first
    assert narrowed.count("<tr") == 2


def test_the_trail_survives_hostile_filters(as_, pia):
    for query in (
        "before=abc",
        "before=-1",
        f"before={2**70}",
        "subject=%27",
        "action=" + "x" * 5000,
    ):
        assert as_(pia).get(f"/staff/audit?{query}").status_code == 200


def test_failing_renewals_wait_only_for_who_may_see_patrons(session, as_, pia, ada):
    session.add(
        Subscription(
            id="sub_1",
            customer_id="cus_1",
            is_ours=True,
            status="past_due",
            amount=500,
            currency="eur",
            interval=Interval.MONTH,
            created=clocks.now(),
            as_of=clocks.now(),
        )
    )
    session.commit()

    assert "Renewals that fail" in as_(pia).get("/staff").text
    assert "Renewals that fail" not in as_(ada).get("/staff").text


def test_a_proposal_waits_for_editors(session, as_, ada, ben):
    session.add(Topic(public_id="t1", title="Trams", text="", language="en", proposed_at=clocks.now()))
    session.commit()

    assert "Proposals to look at" in as_(ada).get("/staff").text
    assert "Proposals to look at" not in as_(ben).get("/staff").text


def test_work_by_the_clock_that_failed_waits_for_publishers(session, as_, pia):
    session.add(DueRow(at=clocks.now(), kind="k", key="1", state=DueState.FAILED))
    session.commit()

    assert "Work by the clock that failed" in as_(pia).get("/staff").text
