"""What follows from facts for the people they are about: coverage, ledger, movements, mails, brought up to date.

Everything follows from all facts of a person, so it is the same whether facts came one at a time or many at once; only
reading them together is quicker.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from membership import clock
from membership.giving import (
    belonging,
    crediting,
    crediting_slots,
    deriving,
    facts,
    gathering,
    gathering_own,
    posting,
    receipts_of_payments,
    recording,
    telling,
)
from membership.giving.belonging import Group
from membership.giving.facts import Fact
from membership.giving.gathering_own import Own
from membership.giving.recording import Settled
from membership.giving.storing import Kept
from membership.giving.story import PatronFacts
from membership.newsroom import due, settings_rows
from membership.newsroom.settings_rows import NewsroomSettings


class Follower:
    """Brings people up to date within one transaction; each person once. The caller commits.

    `mails`: whether patrons are told what is news to them.
    """

    def __init__(
        self, session: Session, kept: Iterable[Kept[Fact]], newsroom: NewsroomSettings, *, mails: bool
    ) -> None:
        self._session = session
        self._kept = _whole(kept)
        self._newsroom = newsroom
        self._days = posting.calendar(session, newsroom.zone)
        self._mails = mails
        self._derived: list[tuple[PatronFacts, deriving.Derived]] = []
        self.patron_ids: set[int] = set()

    def follow(self, customer_ids: Collection[str]) -> None:
        """Bring up to date what follows for these customers and whoever is the same person."""
        groups = belonging.groups_of(self._session, customer_ids)
        told = {customer for group in groups for customer in group.customer_ids}
        known = gathering.by_customer(self._session, told)
        own = gathering_own.of_patrons(
            self._session, [g.patron_id for g in groups if g.patron_id is not None]
        )
        # Strangers first: one of them may turn out to be a patron whose other customer is among these, too.
        for group in sorted(groups, key=lambda group: (group.patron_id or 0, group.customer_ids)):
            if group.patron_id is None or group.patron_id not in self.patron_ids:
                whole = gathering.together([known[c] for c in group.customer_ids])
                self._bring_up_to_date(group, whole, own)
        for patron_id in sorted(gathering_own.recipients(self._session, [one.after for one in self._kept])):
            if patron_id not in self.patron_ids:
                self._follow_patron(patron_id)
        self._credit_slots()

    def follow_patron(self, patron_id: int) -> None:
        """Bring up to date what follows for one patron."""
        self._follow_patron(patron_id)
        self._credit_slots()

    def _credit_slots(self) -> None:
        """Last, and for all people at once: totals are shared, and locked no longer than need be."""
        crediting_slots.credit(self._session, self._derived, self._newsroom.zone)
        self._derived = []

    def _follow_patron(self, patron_id: int) -> None:
        group = belonging.group_of_patron(self._session, patron_id)
        own = gathering_own.of_patrons(self._session, [patron_id])
        self._bring_up_to_date(group, gathering.of_customers(self._session, group.customer_ids), own)

    def _bring_up_to_date(self, group: Group, known: PatronFacts, own: dict[int, Own]) -> None:
        if group.patron_id is None:
            enrolled = belonging.enrol(self._session, group.customer_ids[0], known)
            if enrolled is not None and enrolled.customer_ids != group.customer_ids:
                known = gathering.of_customers(self._session, enrolled.customer_ids)
            group = enrolled or group
            if group.patron_id is not None:
                own = gathering_own.of_patrons(self._session, [group.patron_id])
        if group.patron_id in own:
            known = own[group.patron_id].beside(known)
        kept = [one for one in self._kept if _is_about(one.after, group, known)]
        derived = deriving.derive(known, grace_days=self._newsroom.grace_days)
        self._derived.append((known, derived))
        changed = recording.write_payments(self._session, [derived])
        self._post(known, derived, _touched(kept, known, changed))
        if group.patron_id is None:
            return
        self.patron_ids.add(group.patron_id)
        record(self._session, {group.patron_id: derived}, self._days)
        news = telling.News(
            patron_id=group.patron_id, facts=known, derived=derived, kept=kept, changed=changed
        )
        receipts_of_payments.issue(self._session, group.patron_id, news, self._newsroom)
        crediting.credit(self._session, [(known, derived)])
        telling.follow_up(self._session, news, mails=self._mails)

    def _post(self, known: PatronFacts, derived: deriving.Derived, payment_ids: set[str]) -> None:
        entries = [
            entry
            for payment in known.payments
            if payment.id in payment_ids
            for entry in deriving.entries_of(known, payment, derived)
        ]
        posting.post(self._session, entries, self._days)


def record(session: Session, derived: dict[int, deriving.Derived], days: posting.Calendar) -> None:
    """Write down what follows for patrons, one or hundreds, and come back for what lies ahead. The caller commits."""
    now = clock.now()
    recording.write_coverage(session, {key: known.coverage for key, known in derived.items()})
    recording.write_movements(
        session, {key: known.movements for key, known in derived.items()}, days, now=now
    )
    for patron_id, known in derived.items():
        ahead = min((change.at for change in known.movements if change.at > now), default=None)
        if ahead is not None:
            due.at(session, ahead, kind="giving.patron", key=str(patron_id))


def _whole(kept: Iterable[Kept[Fact]]) -> list[Kept[Fact]]:
    """What became of each object in all, where several snapshots of it were kept."""
    first: dict[tuple[type[Fact], str], Kept[Fact]] = {}
    for one in kept:
        key = (type(one.after), one.after.id)
        first[key] = Kept(first[key].before if key in first else one.before, one.after)
    return list(first.values())


def _is_about(fact: Fact, group: Group, known: PatronFacts) -> bool:
    """Whether a fact is about this person: nobody is told what became of somebody else's gift."""
    match fact:
        case facts.Refund(charge_id=charge_id) | facts.Dispute(charge_id=charge_id):
            return any(payment.id == charge_id for payment in known.payments)
        case facts.InvoicePayment(invoice_id=invoice_id):
            return any(invoice.id == invoice_id for invoice in known.invoices)
        case facts.BalanceTransaction(id=transaction_id, source_id=source_id):
            return bool(_charges_moved(known, transaction_id, source_id))
        case facts.Customer(id=customer_id):
            return customer_id in group.customer_ids
        case _:
            return getattr(fact, "customer_id", None) in group.customer_ids


def _touched(kept: list[Kept[Fact]], known: PatronFacts, changed: dict[str, Settled]) -> set[str]:
    """The payments whose ledger entries may be missing: those that some fact at hand is about."""
    about = set(changed)
    for one in kept:
        match one.after:
            case facts.Payment(id=payment_id):
                about.add(payment_id)
            case facts.Refund(charge_id=charge_id) | facts.Dispute(charge_id=charge_id):
                about.add(charge_id)
            case facts.BalanceTransaction(id=transaction_id, source_id=source_id):
                about |= _charges_moved(known, transaction_id, source_id)
    return about


def _charges_moved(known: PatronFacts, transaction_id: str, source_id: str | None) -> set[str]:
    """The charges that a balance transaction is about."""
    about = {p.id for p in known.payments if transaction_id == p.balance_transaction_id or p.id == source_id}
    about |= {dispute.charge_id for dispute in known.disputes if dispute.id == source_id}
    for refund in known.refunds:
        if refund.id == source_id or transaction_id in refund.transaction_ids:
            about.add(refund.charge_id)
    return about


@due.handler("giving.patron")
def apply_time(session: Session, key: str, _at: datetime) -> None:
    """Write down what has become true of a patron by the clock alone (a grace that ran out). The caller commits."""
    rederive_patron(session, int(key), settings_rows.current(session))


def rederive_patron(
    session: Session, patron_id: int, newsroom: NewsroomSettings, *, mails: bool = True
) -> None:
    """Bring everything about one patron up to date. The caller commits."""
    Follower(session, [], newsroom, mails=mails).follow_patron(patron_id)
