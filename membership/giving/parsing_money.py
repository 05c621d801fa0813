"""Charges, refunds, disputes and balance transactions, from Stripe's JSON to facts. No I/O."""

from membership.giving import ordering
from membership.giving.facts import (
    BalanceTransaction,
    Dispute,
    FailedCharge,
    Observed,
    Payment,
    Refund,
    ToRead,
)
from membership.giving.fields import Thing, UnreadableObjectError
from membership.giving.parsing_gifts import Snapshot, is_marked, met

MOST_MONTHS = 12


def charge(thing: Thing, snapshot: Snapshot) -> list[Observed]:
    """A payment, if it succeeded and was captured; a failed charge; nothing while it is pending."""
    status = thing.text("status")
    if status == "failed":
        return [_failed(thing, snapshot)]
    if status != "succeeded" or thing.json.get("captured") is not True:
        return []
    transactions: list[Observed] = []
    if isinstance(thing.json.get("balance_transaction"), dict):
        transactions = balance_transaction(thing.thing("balance_transaction"), snapshot)
    fact = _payment(thing, snapshot)
    return [fact, *met(fact.customer_id, thing.thing("billing_details"), fact.charged_at), *transactions]


def _payment(thing: Thing, snapshot: Snapshot) -> Payment:
    captured = thing.json.get("amount_captured")
    amount = thing.money("amount_captured") if captured else thing.money("amount")
    if amount == 0:
        raise UnreadableObjectError("charge", "amount")
    method = thing.thing("payment_method_details")
    kind = method.words("type", 32)
    card = method.thing(kind) if kind else method
    intent = thing.id_or_none("payment_intent")
    return Payment(
        id=thing.text("id"),
        as_of=snapshot.as_of,
        event_id=snapshot.event_id,
        customer_id=thing.id_or_none("customer") or intent or thing.text("id"),
        payment_intent_id=intent,
        amount=amount,
        currency=thing.currency(),
        charged_at=thing.instant("created"),
        marked_ours=is_marked(thing),
        checkout_public_id=thing.metadata("checkout", 32),
        covered_fee=min(thing.metadata_number("covered_fee"), amount - 1),
        months=min(thing.metadata_number("months"), MOST_MONTHS),
        gift_months=min(thing.metadata_number("gift_months"), MOST_MONTHS),
        balance_transaction_id=thing.id_or_none("balance_transaction"),
        method=kind,
        card_country=card.words("country", 2),
        card_last4=card.words("last4", 4),
        card_fingerprint=card.words("fingerprint", 64),
        card_expires=_expiry(card),
    )


def _expiry(card: Thing) -> str:
    """The month to whose end a card is good, as "2027-03"; "" for what has none."""
    year, month = card.json.get("exp_year"), card.json.get("exp_month")
    if not isinstance(year, int) or not isinstance(month, int):
        return ""
    return f"{year:04d}-{month:02d}" if 2000 <= year <= 9999 and 1 <= month <= 12 else ""


def _failed(thing: Thing, snapshot: Snapshot) -> FailedCharge:
    outcome = thing.thing("outcome")
    return FailedCharge(
        id=thing.text("id"),
        as_of=snapshot.as_of,
        event_id=snapshot.event_id,
        customer_id=thing.id_or_none("customer"),
        payment_intent_id=thing.id_or_none("payment_intent"),
        failed_at=thing.instant("created"),
        code=thing.words("failure_code", 64),
        decline_code=outcome.words("reason", 64),
        checkout_public_id=thing.metadata("checkout", 32),
        email=thing.thing("billing_details").words("email", 320),
    )


def refund(thing: Thing, snapshot: Snapshot) -> list[Observed]:
    """A refund, whatever became of it; nothing for one that is tied to no charge."""
    charge_id = thing.id_or_none("charge")
    if charge_id is None:
        return []
    status = thing.text("status")
    terminal, rank = ordering.rank("refund", status)
    if thing.money("amount") == 0:
        raise UnreadableObjectError("refund", "amount")
    return [
        Refund(
            id=thing.text("id"),
            as_of=snapshot.as_of,
            event_id=snapshot.event_id,
            terminal=terminal,
            state_rank=rank,
            charge_id=charge_id,
            amount=thing.money("amount"),
            currency=thing.currency(),
            status=status,
            created=thing.instant("created"),
            balance_transaction_id=thing.id_or_none("balance_transaction"),
            failure_transaction_id=thing.id_or_none("failure_balance_transaction"),
        )
    ]


def dispute(thing: Thing, snapshot: Snapshot) -> list[Observed]:
    """A dispute, and what it moved on our balance: those transactions stand in it whole."""
    status = thing.text("status")
    terminal, rank = ordering.rank("dispute", status)
    moved = [
        fact
        for part in thing.list_of("balance_transactions")
        for fact in balance_transaction(part, snapshot)
        if isinstance(fact, BalanceTransaction)
    ]
    fact = Dispute(
        id=thing.text("id"),
        as_of=snapshot.as_of,
        event_id=snapshot.event_id,
        terminal=terminal,
        state_rank=rank,
        charge_id=thing.id("charge"),
        amount=thing.money("amount"),
        currency=thing.currency(),
        status=status,
        reason=thing.words("reason", 64),
        created=thing.instant("created"),
        evidence_due_at=thing.thing("evidence_details").instant_or_none("due_by"),
        withdrawn_at=min((t.created for t in moved if t.amount < 0), default=None),
        reinstated_at=min((t.created for t in moved if t.amount > 0), default=None),
    )
    return [fact, *moved]


def balance_transaction(thing: Thing, snapshot: Snapshot) -> list[Observed]:
    """A movement of our balance."""
    amount, fee, net = thing.number("amount"), thing.number("fee"), thing.number("net")
    if net != amount - fee:
        raise UnreadableObjectError("balance_transaction", "net")
    rate = thing.json.get("exchange_rate")
    return [
        BalanceTransaction(
            id=thing.text("id"),
            as_of=snapshot.as_of,
            event_id=snapshot.event_id,
            type=thing.words("type", 64),
            amount=amount,
            fee=fee,
            net=net,
            currency=thing.currency(),
            created=thing.instant("created"),
            available_on=thing.instant("available_on"),
            source_id=thing.id_or_none("source"),
            exchange_rate="" if rate is None else str(rate)[:32],
        )
    ]


def fraud_warning(thing: Thing, _snapshot: Snapshot) -> list[Observed]:
    """A bank's early warning: the charge is read again, which tells staff."""
    return [ToRead(type="charge", id=thing.id("charge"), reason="fraud_warning")]
