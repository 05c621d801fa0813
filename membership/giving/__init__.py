"""Gifts: checkouts, subscriptions, payments, refunds, disputes, the ledger, and Stripe's events.

State follows from facts (docs/money.md): events are stored, then applied; applying only adds facts; coverage,
ledger entries and movements follow from the facts of one customer, in whatever order they came.
"""
