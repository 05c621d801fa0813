"""`membership recount`: by the round's id from the database, or from the published file alone."""

import os
import subprocess
import sys

import pytest

from membership.topics import ballot_lists
from membership.topics.ballot_lists import BallotListError
from membership.topics.commands import recount
from membership.topics.models import Vote
from tests.topics.voters import a_ballot, a_round, a_topic, ballots, closed


@pytest.fixture
def round_(session):
    """A closed round of three topics with twelve ballots."""
    topics = [a_topic(session, title) for title in ("Bread", "Doctors", "Dogs")]
    made = a_round(session, topics)
    ballots(session, made, *(topics[: 1 + number % 3] for number in range(12)))
    return closed(session, made)


@pytest.fixture
def file(client, round_, tmp_path):
    """The list of ballots as downloaded."""
    path = tmp_path / "ballots.csv"
    path.write_bytes(client.get(f"/rounds/{round_.public_id}/ballots.csv").data)
    return path


def run(app, *arguments):
    return app.test_cli_runner().invoke(recount, [str(argument) for argument in arguments])


def test_a_round_is_counted_again_from_the_database(app, round_):
    done = run(app, round_.public_id)

    assert done.exit_code == 0, done.output
    assert "12 ballots." in done.output
    assert "12  Bread  winner" in done.output
    assert "4  Dogs" in done.output
    assert "equals the published result" in done.output


def test_a_file_alone_is_enough(app, file):
    done = run(app, file)

    assert done.exit_code == 0, done.output
    assert "12  Bread  winner" in done.output
    assert "8  Doctors" in done.output


def test_a_file_needs_no_settings_and_no_database(file):
    bare = {"PATH": os.environ["PATH"], "MEMBERSHIP_MODE": "production"}

    done = subprocess.run(
        [sys.executable, "-m", "membership", "recount", file],
        env=bare,
        cwd=file.parent,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "equals the published result" in done.stdout


@pytest.mark.parametrize(
    ("line", "was", "is_now"), [(1, ",1,", ",0,"), (-2, ",12,", ",11,"), (-1, ",1,0,0", ",0,1,0")]
)
def test_a_file_that_was_tampered_with_is_found_out(app, file, line, was, is_now):
    lines = file.read_text().splitlines()
    assert was in lines[line] + ","
    lines[line] = (lines[line] + ",").replace(was, is_now, 1).removesuffix(",")
    file.write_text("\r\n".join(lines) + "\r\n")

    done = run(app, file)

    assert done.exit_code == 1, done.output
    assert "DIFFERS" in done.output


def test_a_vote_taken_out_of_the_database_is_found_out(app, session, round_):
    session.delete(session.query(Vote).first())
    session.commit()

    assert run(app, round_.public_id).exit_code == 1


def test_a_result_changed_in_the_database_is_found_out(app, session, round_):
    round_.result = round_.result | {"winning": round_.result["topics"][2:]}
    session.commit()

    assert run(app, round_.public_id).exit_code == 1


def test_v14_the_tally_of_a_small_round_is_not_printed(app, session):
    topics = [a_topic(session, "Bread"), a_topic(session, "Dogs")]
    small = a_round(session, topics)
    a_ballot(session, small, topics[:1])
    closed(session, small)

    done = run(app, small.public_id)

    assert done.exit_code == 0, done.output
    assert "Winner: Bread" in done.output
    assert "Dogs" not in done.output


def test_before_the_close_nothing_is_counted(app, session):
    done = run(app, a_round(session).public_id)

    assert done.exit_code == 2
    assert "nothing is counted before" in done.output


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "first line"),
        (b"\xff\xfe\x00", "no list of ballots"),
        (b"receipt,A [a1]\r\nr1,1\r\n", "last two hold"),
        (b"receipt,A [a1]\r\nr1,1,1\r\npublished tally,1\r\npublished winners,1\r\n", "line 2 has 3 cells"),
        (b"receipt,A [a1]\r\nr1,2\r\npublished tally,1\r\npublished winners,1\r\n", "neither 0 nor 1"),
        (b"receipt,A [a1]\r\nr1,1\r\nr1,1\r\npublished tally,2\r\npublished winners,1\r\n", "twice"),
        (b"receipt,A [a1],B [a1]\r\nr1,1,0\r\npublished tally,1,0\r\npublished winners,1,0\r\n", "heading"),
        (b"receipt,A [a1]\r\nr1,1\r\npublished tally,one\r\npublished winners,1\r\n", "no number"),
        (b"receipt,A [a1]\r\nr1,1\r\nr2,1\r\nr3,1\r\n", "last two lines"),
    ],
)
def test_what_is_no_list_of_ballots_is_said_plainly(app, tmp_path, content, told):
    path = tmp_path / "ballots.csv"
    path.write_bytes(content)

    done = run(app, path)

    assert done.exit_code == 2, done.output
    assert told in done.output


def test_neither_round_nor_file_is_said_plainly(app):
    done = run(app, "nothing")

    assert done.exit_code == 2
    assert "no round nothing" in done.output


def test_a_spreadsheets_byte_order_mark_does_no_harm(file):
    assert ballot_lists.read("\ufeff" + file.read_bytes().decode()).titles.popitem()[1] == "Dogs"


def test_a_formula_is_guarded_and_read_back_as_it_was():
    titles = {"a1": "=SUM(A1)", "a2": "@here", "a3": "plain [x]"}
    lines = list(ballot_lists.write(titles, [], tally=dict.fromkeys(titles, 0), winners=[]))

    assert lines[0] == "receipt,'=SUM(A1) [a1],'@here [a2],plain [x] [a3]\r\n"
    assert ballot_lists.read("".join(lines)).titles == titles


def test_a_line_that_is_cut_off_is_an_error(file):
    with pytest.raises(BallotListError):
        ballot_lists.read(file.read_text()[:-20])
