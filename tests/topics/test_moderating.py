"""Staff decide on proposals: accept, decline with words, hide with one press; votes are given back, once told."""

import pytest
from sqlalchemy import func, select

from membership.accounts.models import Account
from membership.mail.models import MailState, OutgoingMail
from membership.newsroom import due
from membership.newsroom.models import AuditEntry
from membership.patrons.models import Patron
from membership.topics import answering, moderating, voting
from membership.topics.errors import TopicStandsError
from membership.topics.models import Topic, TopicState, Vote
from membership.topics.moderating import TopicDraft
from tests.topics.pages import send, text
from tests.topics.test_answering_a_topic import a_story
from tests.topics.voters import a_ballot, a_round, a_topic, a_voter, ballots, closed


@pytest.fixture
def proposal(session):
    return a_topic(session, "Who owns the ferry?", state=TopicState.PROPOSED)


def act(browser, topic, deed, **fields):
    return send(browser, "/staff/topics", to=f"/staff/topics/{topic.public_id}/{deed}", **fields)


def test_the_queue_shows_proposals_with_what_resembles_them(session, as_, ada):
    a_topic(session, "Who owns the ferry?", state=TopicState.PROPOSED)
    a_topic(session, "The ferry: who owns it?")

    seen = text(as_(ada).get("/staff/topics"))

    assert "Who owns the ferry?" in seen
    assert "The ferry: who owns it?" in seen
    assert "Proposals (1)" in seen


def test_an_editor_accepts_and_the_queue_is_shown_again(session, as_, ada, proposal):
    answer = act(as_(ada), proposal, "acceptance", back="queue")

    session.refresh(proposal)
    assert (answer.status_code, answer.location) == (303, "/staff/topics")
    assert proposal.state is TopicState.ACCEPTED


def test_an_editor_declines_with_words(session, as_, ada, proposal):
    answer = act(as_(ada), proposal, "refusal", answer="We wrote about it in May.")

    session.refresh(proposal)
    assert answer.status_code == 303
    assert (proposal.state, proposal.answer) == (TopicState.DECLINED, "We wrote about it in May.")


def test_declining_without_words_is_refused(session, as_, ada, proposal):
    assert act(as_(ada), proposal, "refusal", answer=" ").status_code == 422
    session.refresh(proposal)
    assert proposal.state is TopicState.PROPOSED


def test_v24_one_press_hides(session, as_, ada, proposal, client):
    proposal.state = TopicState.ACCEPTED
    session.commit()

    assert act(as_(ada), proposal, "hiding").status_code == 303
    assert client.get(f"/topics/{proposal.public_id}").status_code == 404


@pytest.mark.parametrize("deed", ["acceptance", "hiding", "refusal", "story/delete"])
def test_each_decision_stands_in_the_audit_trail(session, as_, ada, proposal, deed):
    act(as_(ada), proposal, deed, answer="No.")

    entries = session.scalars(select(AuditEntry).filter_by(subject=f"topic:{proposal.public_id}")).all()
    assert [entry.actor for entry in entries] == [ada.public_id]


@pytest.mark.parametrize("deed", ["acceptance", "hiding", "story/delete"])
def test_v17_a_button_without_the_token_does_nothing(session, as_, ada, proposal, deed):
    answer = as_(ada).post(f"/staff/topics/{proposal.public_id}/{deed}", data={"csrf_token": ""})

    session.refresh(proposal)
    assert (answer.status_code, proposal.state) == (400, TopicState.PROPOSED)


def test_staff_without_the_role_of_editor_are_refused(as_, ben, proposal):
    browser = as_(ben)

    for path in ("", "/new", f"/{proposal.public_id}", "/rounds", "/rounds/new"):
        assert browser.get(f"/staff/topics{path}").status_code == 403


def test_an_editor_writes_a_topic_in_two_languages(session, as_, ada):
    fields = {"title_en": "Bread", "text_en": "Why?", "title_uk": "Хліб", "text_uk": "Чому?"}

    answer = send(as_(ada), "/staff/topics/new", **fields)

    assert answer.status_code == 303
    topic = session.query(Topic).filter_by(public_id=answer.location.rsplit("/", 1)[1]).one()
    assert (topic.title, topic.language, topic.state) == ("Bread", "en", TopicState.ACCEPTED)
    assert topic.translations == {"uk": {"title": "Хліб", "text": "Чому?"}}


def test_a_topic_in_the_second_language_alone_is_in_that_language(session, as_, ada):
    answer = send(as_(ada), "/staff/topics/new", title_uk="Хліб")

    topic = session.query(Topic).filter_by(public_id=answer.location.rsplit("/", 1)[1]).one()
    assert (topic.title, topic.language, topic.translations) == ("Хліб", "uk", {})


def test_a_topic_without_a_title_is_refused(as_, ada):
    assert send(as_(ada), "/staff/topics/new", text_en="Why?").status_code == 422


def test_an_editor_changes_the_words_of_a_proposal(session, as_, ada, proposal):
    path = f"/staff/topics/{proposal.public_id}"

    answer = send(as_(ada), path, title_en="Who owns the ferry of Nyzhnia Luka?", text_en="")

    session.refresh(proposal)
    assert (answer.status_code, proposal.title) == (303, "Who owns the ferry of Nyzhnia Luka?")


def test_words_that_people_vote_for_are_not_changed_under_them(session):
    topic = a_topic(session, "Bread")
    a_round(session, [topic, a_topic(session)])

    with pytest.raises(TopicStandsError):
        moderating.edit(session, topic, TopicDraft(title="Tax on bread", text="", language="en"))
    with pytest.raises(TopicStandsError):
        moderating.decline(session, topic, "No.")


def test_words_that_people_voted_for_stay_after_the_close(session, as_, ada):
    topic = a_topic(session, "Bread")
    closed(session, a_round(session, [topic, a_topic(session)]))
    path, browser = f"/staff/topics/{topic.public_id}", as_(ada)

    answer = send(browser, path, title_en="Tax on bread")

    session.refresh(topic)
    assert (answer.status_code, topic.title) == (409, "Bread")
    assert 'name="title_en"' not in text(browser.get(path))


def test_v12_votes_for_a_hidden_topic_are_given_back_and_each_voter_is_told_once(session):
    topics = [a_topic(session, title) for title in ("Where she lives", "Bread", "Dogs")]
    round_ = a_round(session, topics)
    voters = [a_voter(session)[0] for _ in range(3)]
    addresses = sorted(
        session.scalars(select(Account.email).join(Patron).where(Patron.id.in_(v.id for v in voters[:2])))
    )
    for voter in voters[:2]:
        a_ballot(session, round_, topics[:2], voter)
    a_ballot(session, round_, topics[1:2], voters[2])

    moderating.hide(session, topics[0])
    session.commit()
    due.apply_all(session)
    due.apply_all(session)

    told = session.scalars(select(OutgoingMail).filter_by(kind="topics/vote_freed")).all()
    assert sorted(mail.recipient for mail in told) == addresses
    assert "Where she lives" not in told[0].subject + told[0].text + told[0].html
    assert voting.ballots_of(session, voters[0].id)[0].topics == {topics[1].id}
    assert session.scalar(select(func.count()).select_from(Vote)) == 3


def test_v12_more_votes_than_one_job_gives_back_are_given_back_in_several(session, monkeypatch):
    monkeypatch.setattr(moderating, "AT_ONCE", 2)  # a size, not a function
    topics = [a_topic(session) for _ in range(2)]
    round_ = a_round(session, topics)
    ballots(session, round_, *[topics[:1]] * 5)

    moderating.hide(session, topics[0])
    session.commit()
    due.apply_all(session)

    assert session.scalar(select(func.count()).select_from(OutgoingMail)) == 5
    assert session.scalar(select(func.count()).select_from(Vote)) == 0


def test_v12_a_hidden_topic_comes_back_without_its_votes(session):
    topics = [a_topic(session) for _ in range(2)]
    round_ = a_round(session, topics)
    a_ballot(session, round_, topics[:1])
    moderating.hide(session, topics[0])

    moderating.accept(session, topics[0])
    session.commit()

    assert session.scalar(select(func.count()).select_from(Vote)) == 0
    closed(session, round_)
    assert round_.result["counted"] == 0


def test_v24_hiding_stops_mails_about_the_topic_that_have_not_left(session):
    topic = a_topic(session)
    round_ = a_round(session, [topic, a_topic(session)])
    a_ballot(session, round_, [topic])
    closed(session, round_)
    answering.answer(session, topic, a_story(session))
    session.commit()
    due.apply_all(session)

    moderating.hide(session, topic)
    session.commit()

    states = session.scalars(select(OutgoingMail.state).execution_options(populate_existing=True)).all()
    assert states == [MailState.CANCELED]
