"""The appeal under an article: which one, with which amounts, where its links lead, and how it is kept quiet."""

import html
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import func, select

from membership.app import create_app
from membership.appeals import attribution, managing
from membership.appeals.choosing import ELSEWHERE
from membership.appeals.models import Appeal, Invitation, Showing
from membership.articles import publishing
from membership.articles.publishing import COMMAND
from membership.db import db
from membership.money import Money
from membership.newsroom import page_changes
from membership.newsroom.models import AuditEntry
from membership.settings import Settings
from membership.web import filters
from tests.articles.stories import a_newsroom, a_story, an_appeal, words


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)


def forms_of(page):
    """The appeal's forms, each as its action and its hidden fields."""
    return [
        (action, dict(re.findall(r'type="hidden" name="([a-z_]+)" value="([^"]*)"', inside)))
        for action, inside in re.findall(
            r'<form class="appeal-form"[^>]*action="([^"]+)"[^>]*>(.*?)</form>', page
        )
    ]


def test_of_the_appeals_that_are_on_the_highest_in_the_language_is_shown(session, client):
    an_appeal(session, "Low", priority=1)
    an_appeal(session, "Off", priority=9, is_on=False)
    an_appeal(session, "High", priority=5)
    an_appeal(session, "Високо", priority=99, language="uk")
    a_story(session)
    a_story(session, "Пором", language="uk")

    english, ukrainian = words(client.get("/articles/the-ferry")), words(client.get("/uk/articles/porom"))
    assert re.findall(r'id="appeal-heading">([^<]*)<', english) == ["High"]
    assert re.findall(r'id="appeal-heading">([^<]*)<', ukrainian) == ["Високо"]


def slot(session, public_id):
    found = attribution.slot(session, public_id)
    assert found is not None
    return found


@pytest.mark.parametrize("mark", ["is_sensitive", "is_sponsored"])
def test_nobody_is_asked_under_what_is_sensitive_or_paid_for(session, client, mark):
    an_appeal(session)
    marked: dict[str, Any] = {mark: True}
    a_story(session, **marked)

    assert "appeal-heading" not in words(client.get("/articles/the-ferry"))


def test_each_interval_is_a_plain_get_form_with_article_and_slot(session, client):
    an_appeal(session)
    article = a_story(session)
    found = forms_of(words(client.get("/articles/the-ferry")))

    assert [action for action, _fields in found] == ["/support"] * 3
    assert [fields["interval"] for _action, fields in found] == ["month", "year", "once"]
    slots = {fields["appeal"] for _action, fields in found}
    assert {fields["article"] for _action, fields in found} == {"the-ferry"}
    showing = slot(session, slots.pop())
    assert (showing.article_id, showing.appeal_id is not None) == (article.id, True)


def test_monthly_is_preselected_and_nothing_extra_is_ticked(session, client):
    an_appeal(session)
    a_story(session)
    page = words(client.get("/articles/the-ferry"))

    assert re.findall(r'name="interval" value="([a-z]+)"[^>]* checked', page) == ["month"]
    assert 'type="checkbox"' not in page


def test_amounts_are_the_appeals_own_and_else_the_newsrooms(session, client):
    an_appeal(session, suggested_amounts={"eur": {"month": [200, 450, 900]}})
    a_story(session)
    page = html.unescape(words(client.get("/articles/the-ferry")))

    assert re.findall(r'name="amount" value="([0-9.]+)"', page) == [
        *("2.00", "4.50", "9.00"),
        *("36.00", "60.00", "120.00"),
        *("10.00", "25.00", "50.00"),
    ]
    assert "€2<" in page
    assert "€4.50<" in page


@pytest.mark.parametrize(
    ("money", "language", "written"),
    [
        (Money(500, "eur"), "en", "€5"),
        (Money(550, "eur"), "en", "€5.50"),
        (Money(20_000, "uah"), "uk", "200\xa0₴"),
        (Money(500, "jpy"), "en", "¥500"),
    ],
)
def test_amounts_are_written_as_briefly_as_can_be(app, money, language, written):
    with app.test_request_context("/"):
        assert filters.money(money, language, short=True) == written


def test_words_with_markup_are_shown_as_words(session, client):
    an_appeal(session, "<b>Free</b>", body="<script>alert(1)</script>\n\nTwo.", highlight="{{ 7*7 }}")
    a_story(session)
    page = words(client.get("/articles/the-ferry"))

    assert "&lt;b&gt;Free" in page
    assert "<script>alert" not in page
    assert "{{ 7*7 }}" in page


def test_every_page_leads_to_support_with_its_slot_even_without_an_appeal(session, client):
    a_story(session, is_sensitive=True)
    page = html.unescape(words(client.get("/articles/the-ferry")))
    told = parse_qs(urlsplit(re.findall(r'href="(/support\?[^"]+)"', page)[0]).query)

    assert told["article"] == ["the-ferry"]
    assert slot(session, told["appeal"][0]).appeal_id is None


def test_slots_are_made_when_an_article_is_published_and_none_by_reading(session, client):
    appeal = an_appeal(session)
    article = a_story(session, is_out=False)
    assert (
        session.scalar(select(func.count()).select_from(Showing).where(Showing.article_id != ELSEWHERE)) == 0
    )
    publishing.publish(session, article, by=COMMAND)
    session.commit()
    for _time in range(3):
        client.get("/articles/the-ferry")

    made = session.execute(select(Showing.article_id, Showing.appeal_id).order_by(Showing.id)).all()
    assert made == [(ELSEWHERE, appeal.id), (article.id, appeal.id), (article.id, None)]


def test_a_new_appeal_gets_its_slots_under_every_article_of_its_language(session, client):
    an_appeal(session, "First", priority=1)
    ferry = a_story(session)
    a_story(session, "Пором", language="uk")
    second = an_appeal(session, "Second", priority=2)

    under = session.scalars(select(Showing.article_id).filter_by(appeal_id=second.id)).all()
    assert sorted(under) == [ELSEWHERE, ferry.id]
    assert managing.let_stand(session, second) == 0
    (_action, fields), *_others = forms_of(words(client.get("/articles/the-ferry")))
    assert slot(session, fields["appeal"]).appeal_id == second.id


@pytest.mark.parametrize("nonsense", ["", "x", "x" * 33, "' OR 1=1 --"])
def test_an_unknown_slot_is_nobodys(session, nonsense):
    a_story(session)
    assert attribution.slot(session, nonsense) is None


@pytest.mark.parametrize(("reason", "days"), [("not-now", 30), ("supporter", 180)])
def test_who_asks_not_to_be_asked_gets_a_cookie_without_identity(session, client, reason, days):
    an_appeal(session)
    a_story(session)
    answer = client.post("/appeal/off", data={"reason": reason, "article": "the-ferry"})

    assert (answer.status_code, answer.location) == (303, "/articles/the-ferry")
    (cookie,) = answer.headers.getlist("Set-Cookie")
    parts = {part.strip() for part in cookie.split(";")}
    assert {
        "appeal=off",
        f"Max-Age={timedelta(days=days).total_seconds():.0f}",
        "HttpOnly",
        "Path=/",
    } <= parts
    assert "SameSite=Lax" in parts
    assert "appeal-heading" not in words(client.get("/articles/the-ferry"))


def test_over_https_the_cookie_is_secure(settings_env):
    env = {**settings_env, "MEMBERSHIP_BASE_URL": "https://richka.example.org"}
    client = create_app(Settings.from_environment(env)).test_client()
    with client.application.app_context():
        db.create_all()
    answer = client.post("/appeal/off", data={"reason": "not-now"})
    assert "Secure" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(
    "data",
    [{}, {"reason": "because"}, {"reason": ""}],
    ids=["nothing", "unknown", "empty"],
)
def test_another_reason_is_refused_and_sets_nothing(client, data):
    answer = client.post("/appeal/off", data=data)
    assert answer.status_code == 400
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_the_way_back_never_leaves_the_site(client, target):
    assert client.post("/appeal/off", data={"reason": "not-now", "next": target}).location == "/"
    outside = client.post(
        "/appeal/off", data={"reason": "not-now"}, headers={"Referer": "https://evil.example/x"}
    )
    assert outside.location == "/"
    inside = client.post(
        "/appeal/off", data={"reason": "not-now"}, headers={"Referer": "http://localhost/topics?x=1"}
    )
    assert inside.location == "/topics"


def test_another_site_cannot_silence_the_appeal(client):
    answer = client.post("/appeal/off", data={"reason": "not-now"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_both_copies_invite_to_what_is_being_voted_on(session, client):
    an_appeal(session)
    a_story(session)
    session.add(Invitation(language="en", text="What about the bridge?", path="/rounds/abc"))
    page_changes.record(session, page_changes.EVERYTHING)
    session.commit()

    assert '<a href="/rounds/abc">What about the bridge?</a>' in words(client.get("/articles/the-ferry"))
    client.set_cookie("appeal", "off")
    assert '<a href="/rounds/abc">What about the bridge?</a>' in words(client.get("/articles/the-ferry"))


APPEAL = {
    "name": "Coffee",
    "language": "en",
    "heading": "You have just read this for nothing",
    "body": "One.\r\n\r\nTwo\r\nlines.",
    "highlight": "Become a patron.",
    "priority": "7",
    "is_on": "y",
    "asks_month": "y",
    "asks_year": "y",
    "asks_once": "y",
    "amounts_eur_month": "3; 5 10",
    "amounts_uah_month": "150,50",
}


def test_an_editor_writes_an_appeal_and_readers_see_it(session, as_, ada, client):
    a_story(session)
    answer = as_(ada).post("/staff/appeals/new", data=APPEAL)

    appeal = session.scalars(select(Appeal)).one()
    assert (answer.status_code, answer.location) == (303, f"/staff/appeals/{appeal.public_id}")
    assert appeal.suggested_amounts == {"eur": {"month": [300, 500, 1000]}, "uah": {"month": [15_050]}}
    page = words(client.get("/articles/the-ferry"))
    assert "You have just read this for nothing" in page
    assert "<p>Two lines.</p>" in page
    assert (
        session.scalars(select(AuditEntry.action).order_by(AuditEntry.id.desc())).first() == "appeal.written"
    )


def test_an_appeal_switched_off_is_gone_from_every_page(session, as_, ada, client):
    a_story(session)
    appeal = an_appeal(session)
    assert "Free for all" in words(client.get("/articles/the-ferry"))
    as_(ada).post(f"/staff/appeals/{appeal.public_id}", data={**APPEAL, "is_on": ""})

    session.expire_all()
    assert session.scalars(select(Appeal)).one().is_on is False
    assert "appeal-heading" not in words(client.get("/articles/the-ferry"))


@pytest.mark.parametrize("typed", ["0", "-5", "NaN", "1e309", "5.555", "1 2 3 4 5 6", "1" * 200])
def test_amounts_that_are_none_are_refused(session, as_, ada, typed):
    answer = as_(ada).post("/staff/appeals/new", data={**APPEAL, "amounts_eur_month": typed})

    assert answer.status_code == 422
    assert typed[:20] in words(answer)
    assert session.scalars(select(Appeal)).all() == []


def test_an_appeal_can_be_seen_under_an_article_before_readers_do(session, as_, ada, client):
    a_story(session)
    appeal = an_appeal(session, "Not yet on", is_on=False)
    browser = as_(ada)

    assert "Not yet on" in words(browser.get(f"/staff/articles/under-appeal/{appeal.public_id}"))
    quiet = words(browser.get(f"/staff/articles/under-appeal/{appeal.public_id}?copy=quiet"))
    assert "appeal-heading" not in quiet
    assert 'data-kind="quiet"' in quiet
    assert "Not yet on" not in words(client.get("/articles/the-ferry"))


def test_only_editors_touch_appeals(as_, ben, eve, client):
    assert client.get("/staff/appeals").status_code == 303
    assert as_(eve).get("/staff/appeals").status_code == 404
    assert as_(ben).get("/staff/appeals").status_code == 403
    assert as_(ben).post("/staff/appeals/new", data=APPEAL).status_code == 403
