"""How often payments may be begun, so that nobody tries out stolen cards here (docs/trust.md, card testing).

Per address of the network, per network, per e-mail address and over all. Patrons who have signed in are known and
have a budget of their own alone. Fails closed: without the database nothing can be begun anyway.
"""

from sqlalchemy.orm import Session

from membership import secrets
from membership.newsroom import budgets
from membership.newsroom.budgets import Limit

PER_CLIENT = Limit("checkouts_client", 5, 600)
PER_NETWORK = Limit("checkouts_network", 40, 600)
PER_EMAIL = Limit("checkouts_email", 5, 600)
PER_PATRON = Limit("checkouts_patron", 20, 600)
OVERALL = Limit("checkouts_overall", 120, 60)

DEMO_TIMES = 100
"""A demonstration's cards are the sandbox's own: nothing to steal, and one person tries many."""


def spend(
    session: Session, *, client: str, network: str, email_index: str, patron_id: int | None, times: int = 1
) -> None:
    """Use one of each budget that applies. The caller commits, also when refused.

    Raises:
        BudgetSpentError: one is used up.
    """
    if patron_id is not None:
        _spend(session, PER_PATRON, str(patron_id), times)
        return
    _spend(session, OVERALL, "all", times)
    _spend(session, PER_NETWORK, network, times)
    _spend(session, PER_CLIENT, secrets.blind_index(client), times)
    _spend(session, PER_EMAIL, email_index, times)


def _spend(session: Session, limit: Limit, key: str, times: int) -> None:
    budgets.spend(session, Limit(limit.name, limit.most * times, limit.seconds), key)
