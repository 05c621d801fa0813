"""What the newsroom decides is shown, tried, and only then saved."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from membership.newsroom import settings_rows
from membership.newsroom.models import AuditEntry, PageChange
from membership.staff import deciding

GROUPS = ("name", "sections", "language", "gifts", "rules", "texts")


def fields(session: Session, group_name: str) -> dict[str, str]:
    """What the page's form holds as it is opened."""
    settings = settings_rows.current(session)
    group = next(each for each in deciding.groups(settings) if each.name == group_name)
    return {d.key: d.show(settings) for d in group.decisions if d.show(settings)}


def send(
    browser: FlaskClient, session: Session, group: str, *, confirmed: bool = True, **typed: str
) -> TestResponse:
    data = fields(session, group) | typed | ({"confirmed": "1"} if confirmed else {})
    session.rollback()
    return browser.post(f"/staff/settings/{group}", data={k: v for k, v in data.items() if v != "–"})


@pytest.mark.parametrize("group", GROUPS)
def test_each_page_opens_and_saving_it_untouched_changes_nothing(session, as_, pia, group):
    browser = as_(pia)
    before = settings_rows.current(session)

    assert browser.get(f"/staff/settings/{group}").status_code == 200
    assert send(browser, session, group).status_code == 303

    assert settings_rows.current(session) == before
    assert session.query(AuditEntry).count() == 0


def test_a_change_is_shown_before_it_is_saved(session, as_, pia):
    answer = send(as_(pia), session, "rules", confirmed=False, grace_days="21")

    assert "<del>30</del>" in answer.text
    assert "<ins>21</ins>" in answer.text
    assert settings_rows.current(session).grace_days == 30


def test_a_confirmed_change_is_saved_audited_and_shown_to_readers(session, as_, pia):
    send(as_(pia), session, "rules", grace_days="21")

    assert settings_rows.current(session).grace_days == 21
    entry = session.query(AuditEntry).one()
    assert entry.details == {"before": {"grace_days": 30}, "after": {"grace_days": 21}}
    assert session.query(PageChange).count() == 1


def test_amounts_are_read_in_the_currencys_own_units(session, as_, pia):
    send(as_(pia), session, "gifts", suggested_eur_month="4, 8.50, 15", smallest_eur_month="2")

    settings = settings_rows.current(session)
    assert settings.suggested("eur", "month") == [400, 850, 1500]
    assert settings.smallest("eur", "month") == 200


def test_the_largest_gift_is_decided_for_each_currency_and_follows_its_worth_until_then(session, as_, pia):
    send(as_(pia), session, "gifts", largest_eur="7000", smallest_uah_month="40")

    settings = settings_rows.current(session)
    assert settings.largest("eur") == 700_000
    assert settings.largest("usd") == 10_000 * settings.smallest("usd", "month")
    assert settings.largest("uah") == 10_000 * 4_000


@pytest.mark.parametrize(("typed", "told"), [("0.49", "Stripe takes no less than €0.50."), ("0.50", None)])
def test_c13_no_smallest_gift_is_below_what_stripe_charges(session, as_, pia, typed, told):
    answer = send(as_(pia), session, "gifts", smallest_eur_once=typed)

    assert answer.status_code == (422 if told else 303)
    assert told is None or told in answer.text
    assert settings_rows.current(session).smallest("eur", "once") == (200 if told else 50)


def test_c13_what_stripe_charges_at_least_is_said_in_ukrainian_too(session, as_, pia):
    data = fields(session, "gifts") | {"smallest_eur_once": "0.10", "confirmed": "1"}
    session.rollback()

    answer = as_(pia).post("/uk/staff/settings/gifts", data=data)

    assert "Stripe не приймає менше ніж 0,50" in answer.text


def test_a_fee_is_kept_as_an_exact_fraction(session, as_, pia):
    send(as_(pia), session, "gifts", fee_rate_eur="1.4", fee_fixed_eur="0.30")

    rate, fixed = settings_rows.current(session).fee_rate("eur")
    assert (rate.numerator, rate.denominator, fixed) == (7, 500, 30)


def test_words_in_another_language_are_kept_beside_the_default(session, as_, pia):
    send(as_(pia), session, "name", names_uk="Наша редакція")

    assert settings_rows.current(session).in_language("uk").name == "Наша редакція"


def test_sections_are_named_in_each_language_and_keep_their_order(session, as_, pia):
    send(as_(pia), session, "sections", sections="land | Land and water | Земля й вода\npeople | People")

    settings = settings_rows.current(session)
    assert [section["slug"] for section in settings.sections] == ["land", "people"]
    assert settings.section_name("land", "uk") == "Земля й вода"
    assert settings.section_name("people", "uk") == "People"


@pytest.mark.parametrize(
    ("group", "typed"),
    [
        ("name", {"name": "–"}),
        ("name", {"name": "x" * 81}),
        ("name", {"contact_email": "desk@example.org, b@example.org"}),
        ("language", {"time_zone": "Europe/Atlantis"}),
        ("language", {"languages": "en, xx"}),
        ("language", {"languages": "uk"}),
        ("gifts", {"currencies": "eur, xyz"}),
        ("gifts", {"suggested_eur_month": "5, 3"}),
        ("gifts", {"suggested_eur_month": "1, 2, 3, 4, 5, 6, 7"}),
        ("gifts", {"suggested_eur_month": "NaN"}),
        ("gifts", {"suggested_eur_month": "5.555"}),
        ("gifts", {"smallest_eur_month": "0"}),
        ("gifts", {"smallest_eur_month": "1e309"}),
        ("gifts", {"smallest_eur_month": "4"}),
        ("gifts", {"largest_eur": "49"}),
        ("gifts", {"largest_eur": "900000"}),
        ("gifts", {"fee_rate_eur": "100"}),
        ("gifts", {"fee_rate_eur": "-1"}),
        ("sections", {"sections": "Poli tics | Politics"}),
        ("sections", {"sections": "a | A\na | B"}),
        ("sections", {"sections": "politics"}),
        ("sections", {"sections": "a | A | B | C"}),
        ("sections", {"sections": "\n".join(f"s{n} | S" for n in range(21))}),
        ("rules", {"grace_days": "0"}),
        ("rules", {"grace_days": "9" * 5000}),
        ("rules", {"votes_per_patron": "three"}),
        ("texts", {"about_en": "x" * 20_001}),
        ("texts", {"about_en": "a\x01b"}),
    ],
)
def test_what_cannot_be_decided_is_refused_at_its_field(session, as_, pia, group, typed):
    before = settings_rows.current(session)

    answer = send(as_(pia), session, group, **typed)

    assert answer.status_code == 422
    assert 'data-state="error"' in answer.text
    assert settings_rows.current(session) == before


def test_no_page_of_another_name_is_found(as_, pia):
    assert as_(pia).get("/staff/settings/secrets").status_code == 404
