"""The ballot as a voter meets it: signed in, without script, with a receipt to keep."""

from datetime import timedelta

from sqlalchemy import select

from membership.topics import presenting, voting
from membership.topics.models import Ballot
from tests.cast import patron_of
from tests.topics.pages import send, text
from tests.topics.voters import a_ballot, a_round, a_topic, ballots, closed


def path(round_):
    return f"/rounds/{round_.public_id}/ballot"


def test_a_patron_casts_a_ballot_and_sees_the_receipt(session, as_, cleo):
    topics = [a_topic(session, "Bread"), a_topic(session, "Doctors"), a_topic(session, "Dogs")]
    round_ = a_round(session, topics)
    browser = as_(cleo)

    answer = send(browser, path(round_), topics=[topics[0].public_id, topics[2].public_id])

    assert (answer.status_code, answer.location) == (303, path(round_))
    own = voting.ballots_of(session, patron_of(session, cleo).id)[0]
    assert own.topics == {topics[0].id, topics[2].id}
    assert own.receipt in text(browser.get(path(round_)))


def test_v10_a_ballot_is_withdrawn_by_a_button(session, as_, cleo):
    round_ = a_round(session, topics := [a_topic(session) for _ in range(2)])
    a_ballot(session, round_, topics[:1], patron_of(session, cleo))

    answer = send(as_(cleo), path(round_), to=f"{path(round_)}/delete")

    assert answer.status_code == 303
    assert session.scalars(select(Ballot)).all() == []


def test_too_many_topics_are_refused_and_what_was_ticked_is_kept(session, as_, cleo):
    topics = [a_topic(session) for _ in range(3)]
    round_ = a_round(session, topics, votes=2)

    answer = send(as_(cleo), path(round_), topics=[topic.public_id for topic in topics])

    assert answer.status_code == 422
    assert "choose 2 topics at most" in text(answer)
    assert text(answer).count("checked") == 3
    assert session.scalars(select(Ballot)).all() == []


def test_v18_a_topic_of_another_round_is_refused(session, as_, cleo):
    elsewhere = a_round(session, others := [a_topic(session), a_topic(session)])
    round_ = a_round(session)

    answer = send(as_(cleo), path(round_), topics=[others[0].public_id])

    assert (answer.status_code, elsewhere.id != round_.id) == (422, True)
    assert session.scalars(select(Ballot)).all() == []


def test_v06_a_lapsed_patron_meets_403_and_the_way_to_renew(session, as_, dov):
    round_ = a_round(session, topics := [a_topic(session) for _ in range(2)])
    browser = as_(dov)

    answer = send(browser, path(round_), topics=[topics[0].public_id])

    assert (answer.status_code, browser.get(path(round_)).status_code) == (403, 403)
    assert "Support us again" in text(answer)
    assert session.scalars(select(Ballot)).all() == []


def test_who_never_gave_is_told_how_to_become_a_patron(session, as_, eve):
    answer = as_(eve).get(path(a_round(session)))

    assert answer.status_code == 403
    assert "Become a patron" in text(answer)


def test_a_stranger_is_sent_to_sign_in_and_comes_back(session, client):
    round_ = a_round(session)

    answer = client.get(path(round_))

    assert answer.status_code == 303
    assert "/sign-in" in answer.location
    assert f"next={path(round_)}" in answer.location


def test_v04_a_vote_after_the_close_is_refused_in_plain_words(session, as_, cleo, clock):
    round_ = a_round(session, topics := [a_topic(session) for _ in range(2)])
    browser = as_(cleo)
    page = browser.get(path(round_))
    clock.set(round_.closes_at)

    answer = send(_Remembering(browser, page), path(round_), topics=[topics[0].public_id])

    assert answer.status_code == 409
    assert "takes no votes now" in text(answer)
    assert session.scalars(select(Ballot)).all() == []


class _Remembering:
    """A browser that still has the page open as it was before the close."""

    def __init__(self, browser, page):
        self.post = browser.post
        self._page = page

    def get(self, _path):
        return self._page


def test_v17_opening_an_address_never_votes(session, as_, cleo):
    round_ = a_round(session, topics := [a_topic(session) for _ in range(2)])

    as_(cleo).get(path(round_), query_string={"topics": topics[0].public_id})

    assert session.scalars(select(Ballot)).all() == []


def test_v17_a_form_of_another_site_is_refused(session, as_, cleo):
    round_ = a_round(session, topics := [a_topic(session) for _ in range(2)])

    answer = as_(cleo).post(
        path(round_), data={"topics": topics[0].public_id}, headers={"Sec-Fetch-Site": "cross-site"}
    )

    assert answer.status_code == 403
    assert session.scalars(select(Ballot)).all() == []


def test_v17_a_form_without_the_sessions_token_is_refused(session, as_, cleo):
    round_ = a_round(session, topics := [a_topic(session) for _ in range(2)])

    answer = as_(cleo).post(path(round_), data={"topics": topics[0].public_id, "csrf_token": ""})

    assert answer.status_code == 422
    assert session.scalars(select(Ballot)).all() == []


def test_v17_the_ballot_stands_in_no_frame(session, as_, cleo):
    answer = as_(cleo).get(path(a_round(session)))

    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_unknown_round_is_not_found(as_, cleo):
    assert as_(cleo).get("/rounds/nothing/ballot").status_code == 404


def test_each_voter_sees_the_topics_in_an_order_of_their_own_that_stays():
    topics = [presenting.TopicView(f"topic{n}", f"Topic {n}", "", "en") for n in range(8)]

    orders = {voter: presenting.for_voter(topics, voter) for voter in ("cleo", "dov")}

    assert orders["cleo"] == presenting.for_voter(topics[::-1], "cleo")
    assert orders["cleo"] != orders["dov"]
    assert sorted(orders["cleo"], key=str) == sorted(topics, key=str)


def test_after_the_close_the_ballot_leads_to_its_line_in_the_published_list(session, as_, cleo):
    round_ = a_round(session, topics := [a_topic(session) for _ in range(2)])
    receipt = a_ballot(session, round_, topics[:1], patron_of(session, cleo)).receipt
    ballots(session, round_, *[topics[1:]] * 9)
    closed(session, round_)
    browser = as_(cleo)

    page = text(browser.get(path(round_)))

    assert f"/rounds/{round_.public_id}/ballots#r-{receipt}" in page
    assert f'id="r-{receipt}"' in text(browser.get(f"/rounds/{round_.public_id}/ballots"))


def test_v06_a_lapsed_voter_still_sees_the_ballot_and_that_it_cannot_be_changed(session, as_, cleo, clock):
    round_ = a_round(
        session, topics := [a_topic(session) for _ in range(2)], closes_at=clock.now() + timedelta(days=40)
    )
    receipt = a_ballot(session, round_, topics[:1], patron_of(session, cleo)).receipt
    clock.move(timedelta(days=30))

    answer = as_(cleo).get(path(round_))

    assert answer.status_code == 200
    assert receipt in text(answer)
    assert "can no longer be changed" in text(answer)
