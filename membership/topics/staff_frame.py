"""What all staff pages of topics share: their tabs, their languages, and the audit trail."""

from flask import url_for
from flask_babel import gettext as _

from membership.accounts import trail
from membership.db import JsonDict, db
from membership.newsroom import present
from membership.topics import queries
from membership.topics.forms import InLanguages
from membership.topics.models import Round, Topic, TopicState
from membership.web.languages import AVAILABLE


def note(action: str, subject: Topic | Round, **details: object) -> None:
    """Write what the signed-in member of staff does into the audit trail."""
    kind = "topic" if isinstance(subject, Topic) else "round"
    trail.note(action, f"{kind}:{subject.public_id}", **details)


def tabs(current: TopicState | None = None) -> list[dict[str, object]]:
    """The tabs above topics and rounds; `current` is None on the page of rounds."""
    counts = queries.topic_counts(db.session())
    labels = {
        TopicState.PROPOSED: _("Proposals (%(count)s)", count=counts[TopicState.PROPOSED]),
        TopicState.ACCEPTED: _("Accepted"),
        TopicState.ANSWERED: _("Answered"),
        TopicState.DECLINED: _("Declined"),
        TopicState.HIDDEN: _("Hidden"),
    }
    states: list[dict[str, object]] = [
        {"label": label, "url": url_for("staff.topics.index", state=state.value), "current": state is current}
        for state, label in labels.items()
    ]
    rounds = {"label": _("Rounds"), "url": url_for("staff.topics.index_rounds"), "current": current is None}
    return [*states, rounds]


def languages() -> tuple[str, ...]:
    """The newsroom's languages, the default first."""
    newsroom = present.newsroom()
    others = [one for one in newsroom.languages if one != newsroom.default_language]
    return tuple(one for one in (newsroom.default_language, *others) if one in AVAILABLE)


def split(form: InLanguages, *parts: str) -> tuple[str, JsonDict]:
    """The language of the first part's first words, and the parts in the other languages."""
    written = form.words(parts[0])
    language = next(iter(written))
    return language, {
        other: {part: form.words(part).get(other, "") for part in parts}
        for other in written
        if other != language
    }
