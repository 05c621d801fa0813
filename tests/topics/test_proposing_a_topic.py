"""Proposing: who may, how often, what is taken out of what they write, and what resembles it."""

import pytest
from sqlalchemy import select

from membership.topics import proposing, resembling, wording
from membership.topics.errors import ProposalsSpentError, StandingError
from membership.topics.models import Topic, TopicState
from tests.cast import patron_of
from tests.topics.pages import send, text
from tests.topics.voters import a_topic, a_voter


def propose(session, patron, title):
    made = proposing.propose(session, patron, title=title, text="", language="en")
    session.commit()
    return made


def topics(session):
    return session.scalars(select(Topic)).all()


def test_a_proposal_waits_for_staff(session, as_, cleo):
    answer = send(as_(cleo), "/topics/new", title="Who owns the ferry?", text="It has stood still since May.")

    assert (answer.status_code, answer.location) == (303, "/topics/new")
    (made,) = topics(session)
    assert (made.title, made.text) == ("Who owns the ferry?", "It has stood still since May.")
    assert (made.state, made.proposed_by) == (TopicState.PROPOSED, patron_of(session, cleo).id)


def test_who_proposed_it_sees_what_became_of_it(session, as_, cleo):
    a_topic(
        session,
        "Who owns the ferry?",
        state=TopicState.DECLINED,
        answer="We wrote about it in May.",
        proposed_by=patron_of(session, cleo).id,
    )

    seen = text(as_(cleo).get("/topics/new"))

    assert "We wrote about it in May." in seen
    assert "Not taken up" in seen


def test_a_lapsed_patron_proposes_nothing(session, as_, dov):
    browser = as_(dov)
    answer = send(browser, "/topics/new", title="Who owns the ferry?")

    assert (answer.status_code, browser.get("/topics/new").status_code) == (403, 403)
    assert topics(session) == []
    with pytest.raises(StandingError):
        propose(session, patron_of(session, dov), "Who owns the ferry?")


def test_who_never_gave_is_told_how_to_become_a_patron(as_, eve):
    answer = as_(eve).get("/topics/new")

    assert answer.status_code == 403
    assert "Become a patron" in text(answer)


def test_v20_what_resembles_it_is_shown_first_and_can_be_passed_by(session, as_, cleo):
    a_topic(session, "Why does bread cost more in Verbyn than in the capital?")
    browser = as_(cleo)

    first = send(browser, "/topics/new", title="Why is bread so dear in Verbyn?")
    assert first.status_code == 422
    assert "Is it one of these?" in text(first)
    assert "bread cost more in Verbyn" in text(first)
    assert 'value="yes"' in text(first)
    second = send(browser, "/topics/new", title="Why is bread so dear in Verbyn?", has_seen_similar="yes")

    assert second.status_code == 303
    assert len(topics(session)) == 2


def test_v20_topics_that_wait_or_were_hidden_are_shown_to_nobody(session):
    for state in (TopicState.PROPOSED, TopicState.HIDDEN, TopicState.DECLINED):
        a_topic(session, "Why does bread cost more in Verbyn?", state=state)

    assert proposing.resembling_topics(session, "Bread in Verbyn costs more") == []


def test_a_title_resembles_in_its_translation_too(session):
    topic = a_topic(
        session, "Why bread costs more", translations={"uk": {"title": "Чому хліб у Вербині дорожчий?"}}
    )

    assert proposing.resembling_topics(session, "Дорожчий хліб: хто винен") == [topic]


@pytest.mark.parametrize(
    ("title", "other"),
    [
        ("Where did our family doctors go?", "Family doctors are leaving. Where?"),
        ("Куди поділися сімейні лікарі", "Чому від нас ідуть сімейні лікарі?"),
        ("Хто погодив набережну?", "Нова набережна: хто її погодив"),
    ],
)
def test_titles_that_share_their_telling_words_resemble_each_other(title, other):
    assert resembling.similar(title, [("it", other)]) == ["it"]


@pytest.mark.parametrize(
    ("title", "other"),
    [
        ("Why does the ferry stand still?", "Why does the bread cost more?"),
        ("Хто і чому закрив бібліотеку?", "Хто і чому відкрив кав'ярню?"),
        ("", "Anything"),
    ],
)
def test_titles_that_share_only_what_every_question_has_do_not(title, other):
    assert resembling.similar(title, [("it", other)]) == []


def test_v20_three_proposals_a_day_are_enough(session, as_, cleo):
    browser = as_(cleo)
    for number, subject in enumerate(("ferry", "bakery", "library", "school")):
        answer = send(browser, "/topics/new", title=f"Who owns the {subject}?", has_seen_similar="yes")
        assert answer.status_code == (303 if number < 3 else 429)

    assert len(topics(session)) == 3
    assert "3 proposals a day are enough" in text(answer)
    assert "Who owns the school?" in text(answer)
    with pytest.raises(ProposalsSpentError):
        propose(session, patron_of(session, cleo), "Who owns the pool?")


def test_v23_a_form_sent_twice_is_one_proposal(session):
    patron, _coverage = a_voter(session)

    first, second = (
        propose(session, patron, "Who owns the ferry?"),
        propose(session, patron, "who owns the ferry"),
    )

    assert first is second
    assert len(topics(session)) == 1


def test_v23_two_patrons_may_propose_the_same(session):
    propose(session, a_voter(session)[0], "Who owns the ferry?")
    propose(session, a_voter(session)[0], "Who owns the ferry?")

    assert len(topics(session)) == 2


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Two\n lines \t here ", "Two lines here"),
        ("Price \u202egnp.exe\u202c", "Price gnp.exe"),
        ("zero\u200bwidth\ufeff and soft\u00adhyphen", "zerowidth and softhyphen"),
        ("Z\u0335\u0321\u0322\u0327\u0328algo", "Z\u0335\u0321algo"),
        ("non\u00a0breaking", "non breaking"),
        ("Їжак і п’ять ґав", "Їжак і п’ять ґав"),
        ("nul\x00 bell\x07", "nul bell"),
    ],
)
def test_v19_nothing_invisible_is_kept(typed, kept):
    assert wording.line(typed) == kept


def test_v19_paragraphs_stay_paragraphs():
    assert wording.text(" One \r\n\r\n\r\n\r\n two\u202e \n") == "One\n\ntwo"


@pytest.mark.parametrize(
    ("title", "body"),
    [("x" * 141, ""), ("Fine", "x" * 4_001), ("Fine", "x" * 1_000_000), ("\u200b\u202e", "")],
)
def test_v19_what_is_too_long_or_empty_is_refused(session, as_, cleo, title, body):
    answer = send(as_(cleo), "/topics/new", title=title, text=body)

    assert answer.status_code == 422
    assert topics(session) == []


def test_v19_ten_thousand_links_stay_words(session, as_, cleo, client):
    links = " ".join(f"http://x.example/{n}" for n in range(150))
    send(as_(cleo), "/topics/new", title="Links", text=links)
    (made,) = topics(session)
    made.state = TopicState.ACCEPTED
    session.commit()

    seen = client.get(f"/topics/{made.public_id}").get_data(as_text=True)

    assert "http://x.example/149" in seen
    assert 'href="http://x.example' not in seen
