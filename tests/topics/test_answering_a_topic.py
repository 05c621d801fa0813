"""A topic becomes a story: the link, the count on the story, one mail to each voter."""

import pytest
from sqlalchemy import select

from membership import clock
from membership.articles.models import Article, ArticleState
from membership.mail.models import OutgoingMail
from membership.newsroom import due
from membership.newsroom.models import PageChange
from membership.topics import answering, queries
from membership.topics.errors import TopicStandsError
from membership.topics.models import TopicState
from tests.topics.pages import send, text
from tests.topics.voters import a_ballot, a_round, a_topic, a_voter, ballots, closed


def a_story(session, slug="price-of-bread", *, language="en", state=ArticleState.PUBLISHED, key=""):
    """A published article. Committed."""
    now = clock.now()
    story = Article(
        slug=slug,
        language=language,
        headline=f"Headline of {slug}",
        body="Text.",
        created_at=now,
        updated_at=now,
        state=state,
        published_at=now,
        translation_key=key,
    )
    session.add(story)
    session.commit()
    return story


@pytest.fixture
def topic(session):
    """A topic that won a closed round with eleven voters."""
    topic = a_topic(session, "Why does bread cost more?")
    round_ = a_round(session, [topic, a_topic(session)])
    ballots(session, round_, *[[topic]] * 11)
    closed(session, round_)
    return topic


def mails(session):
    return session.scalars(select(OutgoingMail).order_by(OutgoingMail.id)).all()


def answered(session, topic, story):
    answering.answer(session, topic, story)
    session.commit()
    due.apply_all(session)


def test_the_story_says_how_many_asked_for_it(session, topic):
    story = a_story(session)

    answered(session, topic, story)

    session.refresh(story)
    assert (story.asked_for_by, topic.state) == (11, TopicState.ANSWERED)
    assert "/articles/price-of-bread" in set(session.scalars(select(PageChange.key)))


def test_each_voter_gets_one_mail_with_the_story(session, topic):
    answered(session, topic, a_story(session))

    told = mails(session)
    assert len({mail.recipient for mail in told}) == len(told) == 11
    assert "http://localhost/articles/price-of-bread" in told[0].text
    assert "Why does bread cost more?" in told[0].text


def test_a_second_link_mails_nobody_again(session, topic):
    answered(session, topic, a_story(session))
    other = a_story(session, "bread-again")

    answering.unlink(session, topic)
    session.commit()
    answered(session, topic, other)
    answered(session, topic, other)

    assert len(mails(session)) == 11
    session.refresh(other)
    assert other.asked_for_by == 11


def test_a_link_taken_back_takes_the_count_from_the_story(session, topic):
    story = a_story(session)
    answered(session, topic, story)

    answering.unlink(session, topic)
    session.commit()

    assert (story.asked_for_by, topic.state, topic.article_id) == (None, TopicState.ACCEPTED, None)


def test_more_voters_than_one_job_tells_are_told_in_several(session, topic, monkeypatch):
    monkeypatch.setattr(answering, "AT_ONCE", 4)  # a size, not a function

    answered(session, topic, a_story(session))

    assert len(mails(session)) == 11


def test_who_wants_no_such_mail_gets_none(session):
    topic = a_topic(session)
    round_ = a_round(session, [topic, a_topic(session)])
    patron, _coverage = a_voter(session)
    patron.wants_topic_mail = False
    a_ballot(session, round_, [topic], patron)
    closed(session, round_)

    answered(session, topic, a_story(session))

    assert mails(session) == []


def test_v14_under_ten_ballots_the_story_does_not_say_how_many_asked(session):
    topic = a_topic(session)
    round_ = a_round(session, [topic, a_topic(session)])
    ballots(session, round_, *[[topic]] * 9)
    closed(session, round_)
    story = a_story(session)

    answered(session, topic, story)

    assert story.asked_for_by is None
    assert len(mails(session)) == 9


def test_who_voted_for_it_in_two_rounds_is_counted_and_told_once(session, topic):
    voters = [a_voter(session)[0] for _ in range(10)]
    other = a_round(session, [topic, a_topic(session)])
    third = a_round(session, [topic, a_topic(session)])
    for voter in voters:
        a_ballot(session, other, [topic], voter)
        a_ballot(session, third, [topic], voter)
    closed(session, other)
    closed(session, third)
    story = a_story(session)

    answered(session, topic, story)

    assert story.asked_for_by == 21
    assert len(mails(session)) == 21


def test_each_is_told_in_their_language_of_the_story_in_that_language(session):
    topic = a_topic(session, "Bread", translations={"uk": {"title": "Хліб"}})
    round_ = a_round(session, [topic, a_topic(session)])
    patron, _coverage = a_voter(session, language="uk")
    patron.language = "uk"
    a_ballot(session, round_, [topic], patron)
    closed(session, round_)
    story = a_story(session, key="bread")
    a_story(session, "tsina-khliba", language="uk", key="bread")

    answered(session, topic, story)

    (mail,) = mails(session)
    assert "/uk/articles/tsina-khliba" in mail.text
    assert "Хліб" in mail.text


def test_all_languages_of_a_story_say_how_many_asked(session, topic):
    story, other = a_story(session, key="bread"), a_story(session, "tsina-khliba", language="uk", key="bread")

    answered(session, topic, story)

    session.refresh(other)
    assert (story.asked_for_by, other.asked_for_by) == (11, 11)


def test_a_topic_that_is_being_voted_on_is_not_answered(session):
    topic = a_topic(session)
    a_round(session, [topic, a_topic(session)])

    with pytest.raises(TopicStandsError):
        answering.answer(session, topic, a_story(session))


@pytest.mark.parametrize(
    "typed", ["price-of-bread", "/articles/price-of-bread", "http://localhost/articles/price-of-bread?a=1"]
)
def test_an_editor_links_a_story_by_its_address(session, as_, ada, topic, typed):
    story = a_story(session)
    path = f"/staff/topics/{topic.public_id}"

    answer = send(as_(ada), path, to=f"{path}/story", article=typed)

    session.refresh(topic)
    assert (answer.status_code, topic.article_id) == (303, story.id)


@pytest.mark.parametrize("state", [ArticleState.DRAFT, ArticleState.SCHEDULED, ArticleState.WITHDRAWN])
def test_a_story_that_is_not_published_cannot_be_linked(session, as_, ada, topic, state):
    a_story(session, state=state)
    path = f"/staff/topics/{topic.public_id}"

    answer = send(as_(ada), path, to=f"{path}/story", article="price-of-bread")

    assert answer.status_code == 422
    assert "No published story has this address" in text(answer)


def test_readers_find_the_story_on_the_pages_of_topics_and_rounds(session, client, topic):
    answered(session, topic, a_story(session))
    round_ = queries.rounds_of(session, topic.id)[0]

    for path in ("/topics", f"/topics/{topic.public_id}", f"/rounds/{round_.public_id}"):
        assert 'href="/articles/price-of-bread"' in text(client.get(path))
    assert "Asked for by 11 patrons" in text(client.get("/topics"))


def test_a_patron_finds_the_story_among_the_own_votes(session):
    patron, _coverage = a_voter(session)
    other = a_topic(session, "Dogs")
    round_ = a_round(session, [other, a_topic(session)])
    a_ballot(session, round_, [other], patron)
    closed(session, round_)
    answered(session, other, a_story(session, "dogs"))

    (votes,) = queries.votes_of(session, patron.id)

    assert (votes.round, votes.is_counted) == (round_, True)
    (voted,) = votes.topics
    assert (voted.topic, voted.has_won) == (other, True)
    assert voted.story is not None
    assert (voted.story.slug, voted.story_url, voted.title) == ("dogs", "/articles/dogs", "Dogs")
