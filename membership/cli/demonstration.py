"""The demonstration newsroom: its settings, appeals, topics and rounds, from the files in demonstration/.

Dates in the files are as seen from `as_of`; they are moved by whole days so that the front page looks fresh.
"""

import contextlib
import json
import random
import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import clock, paths, secrets
from membership.accounts import enrolling
from membership.accounts.models import Account, Role
from membership.appeals import campaigning, managing, presenting
from membership.appeals.models import Appeal
from membership.articles import importing
from membership.articles.models import Article
from membership.cli.pacing import Pace
from membership.money import Money
from membership.newsroom import due, settings_rows
from membership.newsroom.models import OtherWay
from membership.patrons import standing
from membership.patrons.models import Patron
from membership.topics import answering, rounds, voting
from membership.topics.errors import StandingError
from membership.topics.models import Round, Topic, TopicState

LANGUAGES = ("en", "uk")
BALLOTS_AT_ONCE = 10


def read(name: str) -> Any:  # noqa: ANN401 - JSON of several shapes
    """One of the demonstration's JSON files."""
    return json.loads((paths.DEMONSTRATION / name).read_text())


def days_since_written(now: datetime) -> timedelta:
    """By how many whole days everything is moved."""
    return timedelta(days=(now.date() - date.fromisoformat(read("newsroom.json")["as_of"])).days)


def set_up_newsroom(session: Session) -> None:
    """Write the newsroom's settings and its other ways to support. The caller commits."""
    told = read("newsroom.json")
    settings_rows.change(
        session,
        {
            "name": told["name"]["en"],
            "names": told["name"],
            "tagline": told["tagline"]["en"],
            "taglines": told["tagline"],
            "about": {language: "\n\n".join(told["about"][language]) for language in LANGUAGES},
            "color": told["color"],
            "contact_email": told["contact"]["patrons_mail"],
            "time_zone": told["time_zone"],
            "default_language": told["default_language"],
            "languages": told["languages"],
            "currencies": told["currencies"],
            "sections": [{"slug": section["slug"], **section["name"]} for section in told["sections"]],
            "receipt_text": told["legal"],
            "transparency_text": told["transparency"],
        },
    )
    for language in LANGUAGES:
        parts = re.split(r"^## (.+)$", told["other_ways"][language], flags=re.MULTILINE)
        for position, (title, text) in enumerate(zip(parts[1::2], parts[2::2], strict=True)):
            session.add(
                OtherWay(language=language, title=title.strip(), text=text.strip(), position=position)
            )


def hire(session: Session) -> Account:
    """The publisher whose desk the demonstration opens. The caller commits."""
    account = enrolling.find_or_make(
        session, "olha.myrna@richka.example.org", name="Olha Myrna", language="en"
    )
    account.role, account.sees_patrons = Role.PUBLISHER, True
    return account


def write_appeals(session: Session) -> None:
    """Write the appeals, each with its rules; their days are as seen from now. The caller commits."""
    now = clock.now()
    for told in read("appeals.json"):
        intervals = told.get("intervals", presenting.INTERVALS)
        appeal = Appeal(
            public_id=f"demo-{told['key']}-{told['language']}",
            name=told["name"],
            language=told["language"],
            heading=told["heading"],
            body="\n\n".join(told["paragraphs"]),
            highlight=told["highlight"],
            created_at=now,
            updated_at=now,
            suggested_amounts=told["amounts"],
            priority=told["priority"],
            rules=told.get("rules", {}),
            first_day=_day(session, told["first_day"]) if "first_day" in told else None,
            last_day=_day(session, told["last_day"]) if "last_day" in told else None,
            **{f"asks_{interval}": interval in intervals for interval in presenting.INTERVALS},
        )
        session.add(appeal)
        managing.let_stand(session, appeal)


def begin_campaigns(session: Session, by: Account) -> None:
    """Begin the campaigns, some of them a while ago. The caller commits."""
    zone = settings_rows.current(session).zone
    for told in read("campaigns.json"):
        plan = campaigning.Plan(
            name=told["name"],
            goal=Money(told["goal"], told["currency"]),
            starts_at=datetime.combine(_day(session, told["first_day"]), time(), zone),
            ends_at=datetime.combine(_day(session, told["last_day"] + 1), time(), zone),
            words=told["words"],
        )
        campaigning.begin(session, told["slug"], plan, by=campaigning.By(by.id, by.public_id))


def _day(session: Session, days: int) -> date:
    """The newsroom's day so many days from now."""
    return clock.today(settings_rows.current(session).zone) + timedelta(days=days)


def write_topics(session: Session) -> None:
    """Write all topics: those of both rounds, and the proposals that wait. The caller commits."""
    told, now = read("topics.json"), clock.now()
    for plan in told["rounds"]:
        opens = now + timedelta(days=plan["opens_in_days"])
        for place, topic in enumerate(plan["topics"]):
            proposed = opens - timedelta(days=20 - place)
            session.add(_topic(topic, proposed_at=proposed, state=TopicState.ACCEPTED))
    for proposal in told["proposals"]:
        session.add(
            _topic(
                proposal, proposed_at=now - timedelta(days=proposal["days_ago"]), state=TopicState.PROPOSED
            )
        )


def write_round(session: Session, plan: dict[str, Any]) -> Round:
    """Write one round of topics.json as it stood on the day it opened. The caller commits."""
    noon = clock.now().replace(hour=10, minute=0, second=0, microsecond=0)
    opens = noon + timedelta(days=plan["opens_in_days"])
    with clock.standing_still(opens):
        return rounds.schedule(
            session,
            rounds.RoundDraft(
                title=plan["title"]["en"],
                opens_at=opens,
                closes_at=noon + timedelta(days=plan["closes_in_days"]),
                answers_by=noon + timedelta(days=plan["answer_in_days"]),
                language="en",
                topics=[_topic_id(topic["key"]) for topic in plan["topics"]],
                votes_per_patron=plan["votes_per_patron"],
                winners=plan["winners"],
                translations={"uk": {"title": plan["title"]["uk"]}},
            ),
        )


def _topic(told: dict[str, Any], *, proposed_at: datetime, state: TopicState) -> Topic:
    return Topic(
        public_id=_topic_id(told["key"]),
        title=told["title"]["en"],
        text=told["description"]["en"],
        language="en",
        proposed_at=proposed_at.astimezone(UTC),
        state=state,
        translations={"uk": {"title": told["title"]["uk"], "text": told["description"]["uk"]}},
    )


def _topic_id(key: str) -> str:
    """A topic's public id, the same on every run."""
    return secrets.hash_token(key, "demonstration topic")[:16]


def vote(session: Session) -> None:
    """Let the history's patrons vote: the finished round is counted and answered, the open one is under way.

    Commits every few ballots.
    """
    chance = random.Random("votes")  # noqa: S311 - a history, not a secret
    for plan in read("topics.json")["rounds"]:
        round_ = session.scalars(select(Round).filter_by(title=plan["title"]["en"])).one_or_none()
        if round_ is None:
            round_ = write_round(session, plan)
            due.cancel(
                session, kind=rounds.CLOSE, key=round_.public_id
            )  # it is closed below, once all have voted
            session.commit()
        _cast_ballots(session, round_, plan, chance)
        if plan["state"] == "closed":
            _close(session, round_, plan)


def _cast_ballots(session: Session, round_: Round, plan: dict[str, Any], chance: random.Random) -> None:
    topics = [_topic_id(topic["key"]) for topic in plan["topics"]]
    weights = [topic["weight"] for topic in plan["topics"]]
    until = min(round_.closes_at, clock.now())
    patrons = session.scalars(
        select(Patron.id).where(standing.is_active(round_.opens_at)).order_by(Patron.id)
    ).all()
    pace, cast = Pace(), 0
    for patron_id in patrons:
        if chance.random() >= plan["turnout"]:
            continue
        spent = int(chance.choices(list(plan["votes_spent"]), list(plan["votes_spent"].values()))[0])
        chosen: set[str] = set()
        while len(chosen) < spent:
            chosen.add(chance.choices(topics, weights)[0])
        at = round_.opens_at + (until - round_.opens_at) * chance.randrange(1000) / 1000
        with clock.standing_still(at), contextlib.suppress(StandingError):
            voting.cast(session, round_id=round_.id, patron_id=patron_id, topics=chosen)
        cast += 1
        if cast % BALLOTS_AT_ONCE == 0:
            session.commit()
            pace.rest()
    session.commit()


def _close(session: Session, round_: Round, plan: dict[str, Any]) -> None:
    rounds.close_due(session, round_.public_id, round_.closes_at)
    answer = {
        "en": "Bread it is. The piece is out: it took two bakeries, eleven shops and one night in a van.",
        "uk": "Отже, хліб. Матеріал вийшов: дві пекарні, одинадцять крамниць і одна ніч у фургоні.",
    }
    winner = session.scalars(select(Topic).filter_by(public_id=_topic_id(plan["winner"]))).one()
    story = session.scalars(select(Article).filter_by(language="en", slug=plan["answered_by"]["en"])).one()
    rounds.publish(session, round_, answer["en"], {"uk": answer["uk"]})
    answering.answer(session, winner, story)
    due.cancel(session, kind=answering.TELL, key=f"{winner.public_id}:0")  # they were told when it came out
    session.commit()


def is_set_up(session: Session) -> bool:
    """Whether the newsroom's content is there already."""
    return session.scalars(select(Article.id).limit(1)).first() is not None


def set_up(session: Session, *, media_folder: Path) -> None:
    """Write the whole newsroom, without its history: settings, people, appeals, articles, topics. Commits."""
    set_up_newsroom(session)
    publisher = hire(session)
    write_appeals(session)
    begin_campaigns(session, publisher)
    write_topics(session)
    session.commit()
    moved = days_since_written(clock.now())
    importing.import_markdown(
        session,
        paths.DEMONSTRATION / "articles",
        media_folder=media_folder,
        pictures=paths.DEMONSTRATION / "pictures",
        shift=moved,
    )
    for plan in read("topics.json")["rounds"]:
        if plan["state"] == "open":
            write_round(session, plan)
    session.commit()
