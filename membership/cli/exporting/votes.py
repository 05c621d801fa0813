"""Topics and rounds with their public ids, and the ballots of rounds that can be recounted. Never who chose what."""

from collections.abc import Generator
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.articles.models import Article
from membership.cli.exporting.files import when
from membership.topics import ballot_lists, tallying
from membership.topics.models import Round, RoundTopic, Topic
from membership.web.csvfiles import Cell

TOPICS = ("topic", "title", "text", "language", "state", "proposed_at", "answer", "answered_at", "article")
ROUNDS = (
    *("round", "title", "language", "state", "opens_at", "closes_at", "answers_by", "votes_per_patron"),
    *("winners", "topics", "eligible", "counted", "winning", "answer", "result_hash"),
)


def topics(session: Session) -> Generator[list[Cell]]:
    """Every topic; who proposed it is not told."""
    query = select(Topic, Article.slug).outerjoin(Article, Article.id == Topic.article_id).order_by(Topic.id)
    for topic, slug in session.execute(query):
        yield [
            *(topic.public_id, topic.title, topic.text, topic.language, topic.state.value),
            *(when(topic.proposed_at), topic.answer, when(topic.answered_at), slug or ""),
        ]


def rounds(session: Session) -> Generator[list[Cell]]:
    """Every round with its topics and, once closed, its result; under the smallest public number only the winners."""
    for round_ in session.scalars(select(Round).order_by(Round.id)).all():
        standing = session.scalars(
            select(Topic.public_id)
            .join(RoundTopic, RoundTopic.topic_id == Topic.id)
            .where(RoundTopic.round_id == round_.id)
            .order_by(RoundTopic.position)
        )
        result = round_.result
        yield [
            *(round_.public_id, round_.title, round_.language, round_.state.value, when(round_.opens_at)),
            *(when(round_.closes_at), when(round_.answers_by), round_.votes_per_patron, round_.winners),
            *(" ".join(standing), result.get("eligible", ""), result.get("counted", "")),
            *(" ".join(result.get("winning", [])), round_.answer, round_.result_hash),
        ]


def write_ballots(session: Session, folder: Path) -> int:
    """Write the published ballots of each round that can be recounted (`membership recount FILE`); how many files."""
    folder.mkdir()
    titles = {topic.public_id: topic.title for topic in session.scalars(select(Topic))}
    written = 0
    for round_ in session.scalars(select(Round).order_by(Round.id)).all():
        if not round_.result.get("is_recountable"):
            continue
        lines = ballot_lists.write(
            {topic: titles.get(topic, "") for topic in round_.result["topics"]},
            tallying.published(session, round_),
            tally=round_.result["tally"],
            winners=round_.result["winning"],
        )
        text = "".join(lines)
        (folder / f"{round_.public_id}.csv").write_text(text, encoding="utf-8", newline="")
        written += 1
    return written
