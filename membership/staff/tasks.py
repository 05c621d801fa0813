"""What waits at the desk, feature by feature: each task is counted only for who may enter the page it leads to."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from flask import current_app, url_for
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership import clock
from membership.accounts import appointing
from membership.accounts.guards import admits
from membership.accounts.models import Account
from membership.giving import mailbox, watching
from membership.giving import staff_queries as giving
from membership.giving.models import Event, EventState, ReconcileRun
from membership.mail import queries as mails
from membership.newsroom import shield
from membership.newsroom.models import DueRow, DueState
from membership.patrons import queries as patrons
from membership.staff import desk
from membership.topics import queries as topics
from membership.topics.models import RoundState, TopicState
from membership.web import access

CLOSES_SOON = timedelta(days=2)
A_WEEK = timedelta(days=7)
AN_HOUR = timedelta(hours=1)
Told = Iterator[Mapping[str, Any]]


def of_giving(session: Session, account: Account) -> Told:
    """Failing renewals, disputes, failed refunds, warnings; events not applied, differences from Stripe's books."""
    failing = "staff.giving.index_failing"
    yield from _task(account, failing, _("Renewals that fail"), lambda: giving.count_failing(session), "bad")
    yield from _task(
        account,
        "staff.giving.index_doubled",
        _("Two gifts of one patron at a time"),
        lambda: giving.count_doubled(session),
        "warn",
    )
    yield from _task(
        account,
        "staff.giving.care.index",
        _("Patrons who cannot get into their mailbox"),
        lambda: mailbox.count_waiting(session),
        "warn",
    )
    yield from _task(
        account,
        "staff.giving.care.index",
        _("Welcomes that did not arrive"),
        lambda: len(mailbox.unreached(session)),
        "warn",
    )
    payments = "staff.giving.index"
    yield from _task(
        account,
        payments,
        _("Disputes that wait for an answer"),
        lambda: giving.count_open_disputes(session),
        "bad",
    )
    yield from _task(
        account,
        payments,
        _("Refunds that failed: the money is still here"),
        lambda: watching.count(session, watching.refund_failed()),
        "bad",
    )
    yield from _task(
        account,
        payments,
        _("Payments whose card the bank has warned about"),
        lambda: watching.count(session, watching.is_warned_of()),
        "warn",
    )
    yield from _task(
        account,
        payments,
        _("Protected mode is on: strangers prove to be a person before they pay"),
        lambda: int(shield.current(session) is not None),
        "warn",
    )
    machine = "staff.audit.index"  # whoever may look after the machine's work
    yield from _task(
        account,
        machine,
        _("Events of Stripe that could not be applied: run “membership doctor”"),
        lambda: _count_unapplied(session),
        "bad",
    )
    yield from _task(
        account,
        machine,
        _("Differences between our books and Stripe's: run “membership reconcile”"),
        lambda: _count_differences(session),
        "bad",
    )


def of_topics(session: Session, account: Account) -> Told:
    """Proposals to look at, rounds about to close, results that wait for the newsroom's answer."""
    yield from _task(
        account,
        "staff.topics.index",
        _("Proposals to look at"),
        lambda: topics.topic_counts(session)[TopicState.PROPOSED],
        "info",
    )
    rounds, now = "staff.topics.index_rounds", clock.now()
    yield from _task(
        account,
        rounds,
        _("Rounds that close within two days"),
        lambda: sum(1 for each in topics.open_rounds(session) if each.closes_at <= now + CLOSES_SOON),
        "info",
    )
    yield from _task(
        account,
        rounds,
        _("Results that wait for the newsroom's answer"),
        lambda: sum(1 for each in topics.finished_rounds(session) if each.state is not RoundState.PUBLISHED),
        "warn",
    )


def of_patrons(session: Session, account: Account) -> Told:
    """Names for the wall that wait for approval."""
    yield from _task(
        account,
        "staff.patrons.index",
        _("Names for the wall of patrons to approve"),
        lambda: len(patrons.waiting_for_wall(session)),
        "info",
    )


def of_the_house(session: Session, account: Account) -> Told:
    """Second factors not set up, mails that did not arrive, work by the clock that failed."""
    now = clock.now()
    yield from _task(
        account,
        "staff.people.index",
        _("People without a second factor yet"),
        lambda: sum(1 for each in appointing.people(session) if each.totp_confirmed_at is None),
        "info",
    )
    yield from _task(
        account,
        "staff.mail.index",
        _("Mails that wait for over an hour"),
        lambda: mails.stuck(session, since=now - AN_HOUR),
        "bad",
    )
    yield from _task(
        account,
        "staff.mail.index",
        _("Mails refused within a week"),
        lambda: mails.refused(session, since=now - A_WEEK),
        "warn",
    )
    yield from _task(
        account,
        "staff.audit.index",
        _("Work by the clock that failed: run “membership doctor”"),
        lambda: _count_failed_by_the_clock(session),
        "bad",
    )


for provider in (of_giving, of_topics, of_patrons, of_the_house):
    desk.register(provider)


def _task(account: Account, endpoint: str, title: str, count: Callable[[], int], tone: str) -> Told:
    """One task, if the page it leads to admits the account; else nothing is counted."""
    if admits(account, access.of(current_app.view_functions.get(endpoint))):
        yield {"title": title, "count": count(), "url": url_for(endpoint), "tone": tone}


def _count_unapplied(session: Session) -> int:
    waiting = (EventState.FAILED, EventState.DEAD)
    return session.scalar(select(func.count()).select_from(Event).where(Event.state.in_(waiting))) or 0


def _count_differences(session: Session) -> int:
    newest = session.scalars(
        select(ReconcileRun)
        .where(ReconcileRun.finished_at.is_not(None))
        .order_by(ReconcileRun.id.desc())
        .limit(1)
    ).one_or_none()
    return int(newest.differences.get("count", 0)) if newest else 0


def _count_failed_by_the_clock(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(DueRow).filter_by(state=DueState.FAILED)) or 0
