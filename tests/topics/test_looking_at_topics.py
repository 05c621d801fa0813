"""The public pages: the same for everybody, no cookie, nothing of what is not public."""

import csv
import io
import re

import pytest

from membership.topics import moderating, rounds
from membership.topics.models import Topic, TopicState
from tests.topics.pages import text
from tests.topics.voters import a_round, a_topic, ballots, closed


def page(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, path
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"].startswith("public")
    return text(answer)


@pytest.fixture
def decided(session):
    """A closed round of two topics with eleven ballots."""
    topics = [a_topic(session, "=Why does bread cost more?"), a_topic(session, "Who left the clinic?")]
    round_ = a_round(session, topics)
    ballots(session, round_, *(topics[: 1 + number % 2] for number in range(11)))
    return closed(session, round_)


def test_the_page_of_topics_shows_the_open_round_and_the_way_to_the_ballot(session, client):
    round_ = a_round(session, [a_topic(session, "Why bread costs more"), a_topic(session, "Who left")])

    seen = page(client, "/topics")

    assert "Why bread costs more" in seen
    assert f"/rounds/{round_.public_id}/ballot" in seen


def test_without_a_round_the_page_says_so_and_offers_to_propose(client, session):
    a_topic(session, "Waiting for its turn")

    seen = page(client, "/topics")

    assert "No round is open just now" in seen
    assert "Waiting for its turn" in seen


@pytest.mark.parametrize("state", [TopicState.PROPOSED, TopicState.DECLINED, TopicState.HIDDEN])
def test_v20_what_is_not_accepted_is_seen_nowhere(session, client, state):
    topic = a_topic(session, "Where she lives", state=state)
    round_ = a_round(session, [topic, a_topic(session), a_topic(session)])

    assert client.get(f"/topics/{topic.public_id}").status_code == 404
    for path in ("/topics", f"/rounds/{round_.public_id}"):
        assert "Where she lives" not in page(client, path)


def test_v24_a_topic_hidden_by_staff_is_gone_at_once_also_from_results(session, client, decided):
    first = decided.result["topics"][0]
    moderating.hide(session, session.query(Topic).filter_by(public_id=first).one())
    session.commit()

    assert client.get(f"/topics/{first}").status_code == 404
    for path in ("", "/ballots", "/ballots.csv"):
        assert "cost more" not in page(client, f"/rounds/{decided.public_id}{path}")


def test_an_open_round_shows_no_tally(session, client):
    round_ = a_round(session, topics := [a_topic(session, "The bridge"), a_topic(session, "The ferry")])
    ballots(session, round_, *[topics[:1]] * 11)

    seen = page(client, f"/rounds/{round_.public_id}")

    assert "Votes by topic" not in seen
    told = re.sub(r"<[^>]*>", " ", seen.split("How voting works")[0].split("<main")[1])
    assert not re.search(r"\b11\b", told)


def test_a_round_that_waits_to_be_counted_says_so_and_takes_no_votes(session, client, clock):
    round_ = a_round(session)
    clock.set(round_.closes_at)

    seen = page(client, f"/rounds/{round_.public_id}")

    assert "Being counted" in seen
    assert "/ballot" not in seen


def test_a_closed_round_shows_winner_turnout_and_tally(client, decided):
    seen = page(client, f"/rounds/{decided.public_id}")

    assert "11 ballots were counted, of 11 patrons who could vote: a turnout of 100%" in seen
    assert "Votes by topic" in seen
    assert decided.result_hash in seen


def test_v14_a_small_round_shows_winner_and_turnout_only(session, client):
    topics = [a_topic(session, "Winner"), a_topic(session, "Other")]
    round_ = a_round(session, topics)
    ballots(session, round_, *[topics[:1]] * 9)
    closed(session, round_)
    address = f"/rounds/{round_.public_id}"

    seen = page(client, address)

    assert "9 ballots were counted" in seen
    assert "Votes by topic" not in seen
    assert round_.result_hash not in seen
    assert [client.get(address + path).status_code for path in ("/ballots", "/ballots.csv")] == [404, 404]


def test_before_the_close_there_is_no_list_of_ballots(session, client):
    round_ = a_round(session)

    assert client.get(f"/rounds/{round_.public_id}/ballots").status_code == 404
    assert client.get(f"/rounds/{round_.public_id}/ballots.csv").status_code == 404


def test_the_answer_of_the_newsroom_stands_on_the_page(session, client, decided):
    rounds.publish(session, decided, "Olha begins in May.", {"uk": "Ольга починає у травні."})
    session.commit()

    assert "Olha begins in May." in page(client, f"/rounds/{decided.public_id}")
    assert "Ольга починає у травні." in page(client, f"/uk/rounds/{decided.public_id}")


def test_the_published_file_is_rfc_4180_and_no_title_is_a_formula(client, decided):
    answer = client.get(f"/rounds/{decided.public_id}/ballots.csv")
    lines = answer.get_data(as_text=True)
    rows = list(csv.reader(io.StringIO(lines, newline="")))

    assert answer.content_type.startswith("text/csv; charset=utf-8")
    assert lines.endswith("\r\n")
    assert {len(row) for row in rows} == {3}
    assert rows[0][1].startswith("'=Why does bread")
    assert [row[0] for row in rows[1:-2]] == sorted(row[0] for row in rows[1:-2])
    assert rows[-2:] == [["published tally", "11", "5"], ["published winners", "1", "0"]]


def test_the_list_has_an_anchor_for_each_receipt_and_no_time(client, decided):
    seen = page(client, f"/rounds/{decided.public_id}/ballots")

    assert seen.count('<tr id="r-') == 11
    assert "<time" not in seen.split("<main")[1].split("</main")[0]


def test_a_page_of_ballots_that_is_not_there_is_not_found(client, decided):
    assert client.get(f"/rounds/{decided.public_id}/ballots/2").status_code == 404


def test_pages_are_in_the_language_of_their_address(session, client):
    topic = a_topic(session, "Bread", translations={"uk": {"title": "Хліб", "text": "Чому?"}})
    a_round(session, [topic, a_topic(session)], translations={"uk": {"title": "Що далі?"}})

    seen = page(client, "/uk/topics")

    assert "Що далі?" in seen
    assert "Хліб" in seen
    assert "Bread" not in seen


def test_public_pages_are_the_same_for_a_patron(session, client, as_, cleo):
    round_ = a_round(session)
    browser = as_(cleo)

    for path in ("/topics", f"/rounds/{round_.public_id}"):
        assert browser.get(path).data == client.get(path).data


def test_v19_a_title_is_shown_as_text_within_its_own_direction(session, client):
    topic = a_topic(session, '<script>alert(1)</script> "quoted"')

    seen = client.get(f"/topics/{topic.public_id}").get_data(as_text=True)

    assert "<script>alert" not in seen
    assert "<bdi>&lt;script&gt;" in seen
