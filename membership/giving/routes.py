"""All routes of giving: Stripe's door, /support and its checkout, a patron's own gifts; each in a module beside it."""

import membership.giving.care_routes
import membership.giving.claim_routes
import membership.giving.gift_membership_routes
import membership.giving.mailbox_routes
import membership.giving.receipt_routes
import membership.giving.rest_routes  # noqa: F401 - their views
from membership.giving import event_routes, gift_routes, ledger, models, movements, support_routes  # noqa: F401 - their views  # noqa: F401 - their tables
from membership.giving.blueprint import bp

__all__ = ["bp"]
