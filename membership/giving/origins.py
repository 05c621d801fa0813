"""Where payments came from: the checkout that began each, with its article, appeal and campaign."""

from sqlalchemy import Subquery, func, select
from sqlalchemy.orm import aliased

from membership.appeals.models import Showing
from membership.giving.models import (
    Checkout,
    Invoice,
    InvoicePayment,
    Payment,
    StripeCustomer,
    Subscription,
)
from membership.giving.story import PatronFacts


def of_payments() -> Subquery:
    """For each payment, once, the checkout that began it: by its own metadata, else by its invoice's subscription.

    A payment intent that pays several invoices is credited to the subscription of the first.
    """
    joint = aliased(InvoicePayment)
    first = (
        select(func.min(joint.id))
        .where(joint.payment_intent_id == Payment.payment_intent_id, joint.status == "paid")
        .correlate(Payment)
        .scalar_subquery()
    )
    checkout = func.coalesce(func.nullif(Payment.checkout_public_id, ""), Subscription.checkout_public_id)
    return (
        select(
            Payment.id.label("payment_id"),
            Payment.currency,
            Payment.owner,
            Payment.customer_id,
            StripeCustomer.patron_id,
            Checkout.public_id.label("checkout"),
            Checkout.article_id,
            Checkout.campaign,
            Showing.id.label("showing_id"),
            Showing.appeal_id,
            InvoicePayment.id.is_not(None).label("renews"),
        )
        .outerjoin(StripeCustomer, StripeCustomer.id == Payment.customer_id)
        .outerjoin(InvoicePayment, InvoicePayment.id == first)
        .outerjoin(Invoice, Invoice.id == InvoicePayment.invoice_id)
        .outerjoin(Subscription, Subscription.id == Invoice.subscription_id)
        .outerjoin(Checkout, Checkout.public_id == checkout)
        .outerjoin(Showing, Showing.public_id == func.nullif(Checkout.slot, ""))
        .subquery()
    )


def by_facts(known: PatronFacts) -> dict[str, str]:
    """The same from one patron's facts: payment to the public id of the checkout that began it, where one is known."""
    first: dict[str, str] = {}
    for joint in sorted(known.invoice_payments, key=lambda joint: joint.id):
        if joint.status == "paid":
            first.setdefault(joint.payment_intent_id, joint.invoice_id)
    subscription_of = {invoice.id: invoice.subscription_id for invoice in known.invoices}
    began = {subscription.id: subscription.checkout_public_id for subscription in known.subscriptions}
    found = {}
    for payment in known.payments:
        invoice_id = first.get(payment.payment_intent_id or "")
        by_invoice = began.get(subscription_of.get(invoice_id or "") or "")
        if checkout := payment.checkout_public_id or by_invoice:
            found[payment.id] = checkout
    return found
