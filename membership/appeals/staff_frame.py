"""What the pages of one appeal share: its form, filled and read, the page around it, the appeal that it would be."""

from dataclasses import asdict
from typing import Any

from flask import abort, render_template

from membership import clock
from membership.appeals import choosing, explaining, managing, placing, presenting, queries, trials
from membership.appeals.managing import Words
from membership.appeals.models import Appeal
from membership.appeals.staff_forms import AppealForm, appeal_form
from membership.appeals.trials import Trial
from membership.db import db
from membership.newsroom import present
from membership.web import languages

PLAIN = (
    *("name", "language", "heading", "body", "highlight", "priority", "is_on"),
    *("first_day", "last_day", "asks_month", "asks_year", "asks_once"),
)


def appeal(public_id: str) -> Appeal:
    """The appeal at an address, or 404."""
    found = queries.by_public_id(db.session(), public_id)
    if found is None:
        abort(404)
    return found


def form(filled_from: Appeal | None = None, **instead: Any) -> AppealForm:  # noqa: ANN401 - values of any field
    """The form as sent, or filled from an appeal, with other values instead of some of its own."""
    newsroom = present.newsroom()
    made = appeal_form(tuple(newsroom.currencies))
    shown = made(data=_values(filled_from) | instead) if filled_from is not None else made()
    shown.for_newsroom(newsroom, languages.AVAILABLE)
    return shown


def words(sent: AppealForm) -> Words:
    """What a valid form says."""
    return Words(
        name=sent.name.data,
        language=sent.language.data,
        heading=sent.heading.data,
        body="\n\n".join(presenting.paragraphs(sent.body.data)),
        highlight=sent.highlight.data or "",
        suggested_amounts=sent.amounts(),
        priority=sent.priority.data,
        is_on=sent.is_on.data,
        rules=sent.rules(),
        first_day=sent.first_day.data,
        last_day=sent.last_day.data,
        asks_month=sent.asks_month.data,
        asks_year=sent.asks_year.data,
        asks_once=sent.asks_once.data,
    )


def unsaved(sent: AppealForm) -> Appeal:
    """The appeal that a valid form would make; it belongs to no session and is never saved."""
    now = clock.now()
    return Appeal(public_id="", created_at=now, updated_at=now, **managing.values(words(sent)))


def page(shown: AppealForm, of: Appeal | None) -> str:
    """The page with the form; `of` is None for a new appeal."""
    session = db.session()
    return render_template(
        "appeals/staff/edit.html",
        form=shown,
        appeal=of,
        stands=explaining.where_it_stands(session, of) if of is not None else None,
        trial=_trial(of) if of is not None else None,
        stories=placing.newest(session, shown.language.data or present.newsroom().default_language),
        tags=placing.tags(session),
    )


def _trial(of: Appeal) -> Trial | None:
    """The trial for whose sake an appeal stays as it is."""
    found = trials.open_in(db.session(), of.language)
    return found if found is not None and found.needs(of) else None


def _values(of: Appeal) -> dict[str, Any]:
    amounts = {
        f"amounts_{currency}_{interval}": units
        for currency, by_interval in of.suggested_amounts.items()
        for interval, units in by_interval.items()
    }
    return {name: getattr(of, name) for name in PLAIN} | amounts | asdict(choosing.rules_of(of))
