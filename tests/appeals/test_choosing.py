"""Which appeal stands under an article: by language, sections, tags and days; of those that fit the highest."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from membership import clock
from membership.appeals import choosing
from membership.appeals.choosing import ArticleFacts, Rules
from membership.appeals.models import Appeal
from tests.articles.stories import an_appeal

SECTIONS = ["land", "people", "school"]
TAGS = ["War", "bread", "річка"]
TODAY = date(2026, 11, 22)
sections = st.lists(st.sampled_from(SECTIONS), unique=True).map(tuple)
tags = st.lists(st.sampled_from([*TAGS, "WAR", " bread "]), unique=True).map(tuple)
days = st.none() | st.integers(-3, 3).map(lambda away: TODAY + timedelta(days=away))


@st.composite
def appeals(draw):
    rules = Rules(
        sections_in=draw(sections), sections_out=draw(sections), tags_in=draw(tags), tags_out=draw(tags)
    )
    first, last = draw(days), draw(days)
    if first and last and last < first:
        first, last = last, first
    now = clock.now()
    appeal = Appeal(
        public_id="",
        name="",
        language=draw(st.sampled_from(["en", "uk"])),
        heading="",
        body="",
        highlight="",
        created_at=now,
        updated_at=now,
        priority=draw(st.integers(0, 3)),
        is_on=draw(st.booleans()),
        rules=rules.as_json(),
        first_day=first,
        last_day=last,
    )
    return appeal, rules


facts = st.builds(
    ArticleFacts,
    id=st.just(1),
    language=st.sampled_from(["en", "uk"]),
    section=st.sampled_from(["", *SECTIONS]),
    tags=tags,
    is_sensitive=st.sampled_from([False, False, False, True]),
    is_sponsored=st.sampled_from([False, False, False, True]),
)


def may_stand(appeal, rules, article):
    """The rules told once more, plainly."""
    borne = {tag.strip().lower() for tag in article.tags}
    wanted, unwanted = ({tag.strip().lower() for tag in one} for one in (rules.tags_in, rules.tags_out))
    return all(
        (
            appeal.is_on,
            not article.is_sensitive,
            not article.is_sponsored,
            appeal.language == article.language,
            not rules.sections_in or article.section in rules.sections_in,
            article.section not in rules.sections_out,
            not wanted or borne & wanted,
            not borne & unwanted,
            appeal.first_day is None or appeal.first_day <= TODAY,
            appeal.last_day is None or appeal.last_day + timedelta(days=1) > TODAY,
        )
    )


@given(st.lists(appeals(), max_size=6), facts)
def test_the_first_that_may_stand_does_and_no_other(told, article):
    ranked = sorted((appeal for appeal, _rules in told), key=lambda appeal: -appeal.priority)
    chosen = choosing.first(ranked, article, on=TODAY)
    may = {id(appeal) for appeal, rules in told if may_stand(appeal, rules, article)}

    assert (chosen is None) == (not may)
    if chosen is not None:
        assert id(chosen) in may
        assert chosen.priority == max(appeal.priority for appeal, _ in told if id(appeal) in may)


@given(facts, st.lists(appeals(), max_size=6))
def test_nobody_is_ever_asked_under_what_is_sensitive_or_paid_for(article, told):
    if article.is_sensitive or article.is_sponsored:
        assert choosing.first([appeal for appeal, _rules in told], article, on=TODAY) is None


@given(appeals())
def test_rules_are_kept_as_they_were_written(told):
    appeal, rules = told
    assert choosing.rules_of(appeal) == rules


def test_of_equal_priority_the_older_one_stands_and_those_that_are_off_do_not(session):
    an_appeal(session, "Off", priority=9, is_on=False)
    older = an_appeal(session, "Older", priority=5)
    an_appeal(session, "Newer", priority=5)
    an_appeal(session, "Lower", priority=1)

    chosen = choosing.for_article(session, ArticleFacts(id=1, language="en"), on=TODAY)
    assert chosen is older


@pytest.mark.parametrize(
    ("away", "stands"),
    [(-1, False), (0, True), (1, True), (2, False)],
    ids=["before", "first", "last", "after"],
)
def test_it_stands_from_its_first_day_through_its_last(session, away, stands):
    an_appeal(session, first_day=TODAY, last_day=TODAY + timedelta(days=1))
    article = ArticleFacts(id=1, language="en")

    found = choosing.for_article(session, article, on=TODAY + timedelta(days=away))
    assert (found is not None) is stands


@pytest.mark.parametrize(
    "wrong",
    [
        {"asks_month": False, "asks_year": False, "asks_once": False},
        {"first_day": TODAY, "last_day": TODAY - timedelta(days=1)},
    ],
    ids=["asks for nothing", "ends before it begins"],
)
def test_the_database_refuses_an_appeal_that_could_never_stand(session, wrong):
    with pytest.raises(IntegrityError):
        an_appeal(session, **wrong)
    session.rollback()
