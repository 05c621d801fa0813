"""Fifteen lives of a gift, six events each, after an opening where there must be one; any order must end the same."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.giving.stripe_words import MONTH, Json, Life, monthly, once

DAY = 86_400


@dataclass
class Told:
    """A life told: what came before in order, and the six events that may come in any."""

    life: Life
    opening: list[Json] = field(default_factory=list)

    @property
    def six(self) -> list[Json]:
        """The events after the opening."""
        return self.life.events[len(self.opening) :]

    def opened(self) -> "Told":
        """Take what has been told so far for the opening."""
        self.opening = list(self.life.events)
        return self


def _begun(name: str, amount: int = 500) -> tuple[Told, Json]:
    told = Told(Life(name))
    subscription, _ = monthly(told.life, amount)
    return told.opened(), subscription


def monthly_start() -> Told:
    """A monthly gift begins."""
    told = Told(Life("start"))
    subscription, _ = monthly(told.life)
    told.life.tell(
        "checkout.session.completed",
        told.life.session(interval="month", subscription=subscription["id"]),
        at=told.life.at + 1,
    )
    return told


def one_time_twice() -> Told:
    """Two one-time gifts, the second covering on from the first."""
    told = Told(Life("once"))
    once(told.life)
    told.life.wait(40 * DAY)
    once(told.life, 1000)
    return told


def canceled_at_the_end() -> Told:
    """A monthly gift is set to end, and ends."""
    told = Told(Life("leaves"))
    life = told.life
    subscription = life.subscription(500)
    life.tell("customer.subscription.created", subscription)
    life.wait(2)
    _pay(life, subscription)
    life.wait(9 * DAY)
    end = subscription["items"]["data"][0]["current_period_end"]
    subscription |= {
        "cancel_at": end,
        "cancel_at_period_end": True,
        "canceled_at": life.at,
        "cancellation_details": {"reason": "cancellation_requested", "feedback": None, "comment": None},
    }
    life.tell("customer.subscription.updated", subscription)
    life.at = end
    subscription |= {"status": "canceled", "ended_at": end}
    life.tell("customer.subscription.deleted", subscription)
    return told


def renewed() -> Told:
    """A monthly gift renews by card, an hour after its period began."""
    told, subscription = _begun("renews")
    _renew(told.life, subscription)
    told.life.objects[f"ch_{told.life.name}2"]["balance_transaction"] = "txn_later"
    told.life.tell("charge.updated", told.life.objects[f"ch_{told.life.name}2"], at=told.life.at + 5)
    return told


def failed_then_paid() -> Told:
    """A renewal fails, and is paid on the second try."""
    told, subscription = _begun("mends")
    invoice, intent = _fail(told.life, subscription)
    told.life.wait(3 * DAY)
    _pay_invoice(told.life, subscription, invoice, intent)
    return told


def failed_for_good() -> Told:
    """A renewal fails, and fails again until grace has run out and the subscription has ended."""
    told, subscription = _begun("fails")
    life = told.life
    invoice, intent = _fail(life, subscription)
    life.wait(5 * DAY)
    life.tell("charge.failed", life.failed_charge(500, intent=intent))
    invoice["attempt_count"] = 2
    life.tell("invoice.payment_failed", invoice)
    life.wait(30 * DAY)
    subscription |= {
        "status": "canceled",
        "canceled_at": life.at,
        "ended_at": life.at,
        "cancellation_details": {"reason": "payment_failed", "feedback": None, "comment": None},
    }
    life.tell("customer.subscription.deleted", subscription)
    return told


def refunded() -> Told:
    """A one-time gift is sent back whole."""
    told = Told(Life("refund"))
    life = told.life
    charge = once(life)
    life.wait(20 * DAY)
    refund = life.refund(charge, charge["amount"])
    life.tell("refund.created", refund | {"status": "pending"})
    life.tell("charge.refunded", charge | {"amount_refunded": charge["amount"], "refunded": True})
    life.balance(refund["id"], -charge["amount"], 0, kind="refund")
    life.tell("refund.updated", refund, at=life.at + 9)
    return told


def partly_refunded_in_vain() -> Told:
    """A part of a one-time gift is sent back, and comes back."""
    told = Told(Life("partly"))
    life = told.life
    charge = once(life)
    life.wait(20 * DAY)
    refund = life.refund(charge, 900)
    life.tell("refund.created", refund)
    life.tell("refund.updated", refund, at=life.at + 1)
    life.wait(4 * DAY)
    refund["status"] = "failed"
    life.tell("refund.failed", refund)
    return told


def _disputed(name: str) -> tuple[Told, Json]:
    told = Told(Life(name))
    life = told.life
    intent = life.id("pi")
    charge = life.charge(2500, intent=intent, metadata=life.metadata | {"months": "5"})
    life.tell("charge.succeeded", charge)
    life.tell("checkout.session.completed", life.session(interval="once", intent=intent), at=life.at + 1)
    life.wait(30 * DAY)
    dispute = life.dispute(charge)
    life.tell("charge.dispute.created", dispute)
    life.tell("charge.dispute.funds_withdrawn", dispute)
    life.wait(20 * DAY)
    return told, dispute


def dispute_won() -> Told:
    """A dispute takes the money, and is won."""
    told, dispute = _disputed("wins")
    dispute["status"] = "won"
    told.life.tell("charge.dispute.closed", dispute)
    told.life.tell("charge.dispute.funds_reinstated", dispute, at=told.life.at + 60)
    return told


def dispute_lost() -> Told:
    """A dispute takes the money, and is lost."""
    told, dispute = _disputed("loses")
    told.life.tell("charge.dispute.updated", dispute | {"status": "under_review"})
    told.life.wait(20 * DAY)
    dispute["status"] = "lost"
    told.life.tell("charge.dispute.closed", dispute)
    return told


def raised_and_switched() -> Told:
    """A monthly gift is raised, then becomes a yearly one, charged at once."""
    told, subscription = _begun("grows")
    life = told.life
    item = subscription["items"]["data"][0]
    life.wait(5 * DAY)
    item["price"]["unit_amount"] = 700
    life.tell("customer.subscription.updated", subscription)
    life.wait(5 * DAY)
    subscription["items"]["data"][0] = life.item(8000, "year", life.at, life.at + 365 * DAY)
    life.tell("customer.subscription.updated", subscription)
    draft = life.invoice(subscription, reason="subscription_update", status="draft", attempts=0)
    life.tell("invoice.created", draft)
    _pay_invoice(life, subscription, draft, life.id("pi"))
    return told


def paused_and_resumed() -> Told:
    """A monthly gift is paused over one renewal, resumed, and renews."""
    told, subscription = _begun("rests")
    life = told.life
    life.wait(5 * DAY)
    subscription["pause_collection"] = {"behavior": "void", "resumes_at": None}
    life.tell("customer.subscription.updated", subscription)
    life.renew(subscription)
    life.at = subscription["items"]["data"][0]["current_period_start"]
    voided = life.invoice(subscription, reason="subscription_cycle", status="void", attempts=0)
    voided["status_transitions"]["voided_at"] = life.at
    life.tell("invoice.voided", voided)
    life.wait(20 * DAY)
    subscription["pause_collection"] = None
    life.tell("customer.subscription.updated", subscription)
    _renew(life, subscription)
    return told


def skipped_a_payment() -> Told:
    """One payment of a monthly gift is skipped: its invoice is voided, and the next one is paid."""
    told, subscription = _begun("skips")
    life = told.life
    life.wait(5 * DAY)
    due_at = subscription["items"]["data"][0]["current_period_end"]
    charge_at = due_at + MONTH
    subscription["metadata"] = life.metadata | {"rest": "skip", "rest_until": str(charge_at)}
    subscription["pause_collection"] = {"behavior": "void", "resumes_at": charge_at - DAY}
    life.tell("customer.subscription.updated", subscription)
    life.renew(subscription)
    life.at = due_at
    voided = life.invoice(subscription, reason="subscription_cycle", status="void", attempts=0)
    voided["status_transitions"]["voided_at"] = life.at
    life.tell("invoice.voided", voided)
    life.at = charge_at - DAY
    subscription["pause_collection"] = None
    life.tell("customer.subscription.updated", subscription)
    _renew(life, subscription)
    return told


def paused_for_months_a_yearly_gift() -> Told:
    """The next charge of a yearly gift is moved by some months; then it is charged."""
    told = Told(Life("moves"))
    life = told.life
    subscription = life.subscription(6000, interval="year")
    life.tell("customer.subscription.created", subscription)
    life.wait(2)
    _pay(life, subscription)
    told.opened()
    item = subscription["items"]["data"][0]
    life.wait(40 * DAY)
    charge_at = item["current_period_end"] + 3 * MONTH
    subscription["metadata"] = life.metadata | {"rest": "pause", "rest_until": str(charge_at)}
    _wait_until(life, subscription, charge_at)
    _begin_at(life, subscription, charge_at)
    return told


def switched_where_the_paid_time_ends() -> Told:
    """A monthly gift becomes a yearly one from the end of what is paid on."""
    told, subscription = _begun("turns")
    life = told.life
    life.wait(5 * DAY)
    starts_at = subscription["items"]["data"][0]["current_period_end"]
    subscription["items"]["data"][0] = life.item(8000, "year", life.at, starts_at)
    _wait_until(life, subscription, starts_at)
    _begin_at(life, subscription, starts_at)
    return told


def _wait_until(life: Life, subscription: Json, charge_at: int) -> None:
    """Move the next charge of a subscription, as `trial_end` does."""
    item = subscription["items"]["data"][0]
    item["current_period_start"], item["current_period_end"] = life.at, charge_at
    subscription |= {"status": "trialing", "trial_end": charge_at}
    life.tell("customer.subscription.updated", subscription)


def _begin_at(life: Life, subscription: Json, charge_at: int) -> None:
    """The charge that was waited for: the period begins, its invoice is made and paid an hour later."""
    life.renew(subscription)
    life.at = charge_at
    subscription["status"] = "active"
    life.tell("customer.subscription.updated", subscription)
    draft = life.invoice(subscription, reason="subscription_cycle", status="draft", attempts=0)
    life.tell("invoice.created", draft)
    life.wait(3600)
    _pay_invoice(life, subscription, draft, life.id("pi"))


def _renew(life: Life, subscription: Json) -> None:
    life.renew(subscription)
    life.at = subscription["items"]["data"][0]["current_period_start"]
    before = len(life.events)
    draft = life.invoice(subscription, reason="subscription_cycle", status="draft", attempts=0)
    life.wait(3600)
    if life.name == "renews":
        life.tell("customer.subscription.updated", subscription, at=life.at - 3600)
        life.tell("invoice.created", draft, at=life.at - 3600)
    _pay_invoice(life, subscription, draft, life.id("pi"))
    assert len(life.events) > before


def _fail(life: Life, subscription: Json) -> tuple[Json, str]:
    """A renewal whose first charge is declined; gives the open invoice and its intent."""
    life.renew(subscription)
    life.at = subscription["items"]["data"][0]["current_period_start"]
    invoice = life.invoice(subscription, reason="subscription_cycle", status="open")
    intent = life.id("pi")
    life.wait(3600)
    life.tell("charge.failed", life.failed_charge(500, intent=intent))
    life.tell("invoice.payment_failed", invoice, at=life.at + 1)
    life.tell("customer.subscription.updated", subscription | {"status": "past_due"}, at=life.at + 1)
    return invoice, intent


def _pay(life: Life, subscription: Json) -> None:
    invoice = life.invoice(subscription, status="open")
    _pay_invoice(life, subscription, invoice, life.id("pi"))


def _pay_invoice(life: Life, subscription: Json, invoice: Json, intent: str) -> None:
    amount = subscription["items"]["data"][0]["price"]["unit_amount"]
    charge = life.charge(amount, intent=intent)
    invoice |= {"status": "paid", "amount_paid": amount}
    invoice["status_transitions"] = dict(invoice["status_transitions"]) | {"paid_at": life.at}
    life.tell("charge.succeeded", charge)
    life.tell("invoice_payment.paid", life.joint(invoice, intent))
    life.tell("invoice.paid", invoice)


LIVES: dict[str, Callable[[], Told]] = {
    made.__name__: made
    for made in (
        monthly_start,
        one_time_twice,
        canceled_at_the_end,
        renewed,
        failed_then_paid,
        failed_for_good,
        refunded,
        partly_refunded_in_vain,
        dispute_won,
        dispute_lost,
        raised_and_switched,
        paused_and_resumed,
        skipped_a_payment,
        paused_for_months_a_yearly_gift,
        switched_where_the_paid_time_ends,
    )
}
"""The lives by name."""
