"""What Stripe's states mean to us, each said once. The words are Stripe's (API 2026-10-28.endive)."""

LIVE = frozenset({"active", "trialing", "past_due", "unpaid", "paused"})
"""Of subscriptions that have begun and have not ended."""

STANDING = frozenset({"succeeded", "pending"})
"""Of refunds whose money is on its way back or there."""

MOVING = STANDING | {"failed"}
"""Of refunds that moved our balance, also where the money came back; one that is canceled or waits did not."""
