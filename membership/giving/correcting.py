"""A mistyped address: corrected by the browser that paid, within 24 hours, before anybody has signed in with it."""

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from membership import clock, secrets
from membership.accounts import enrolling as accounts
from membership.accounts import signing_in
from membership.accounts.models import Account
from membership.giving import following, mail, receipts
from membership.giving.models import Checkout, CheckoutSession, Payment, StripeCustomer, Subscription
from membership.newsroom import budgets
from membership.newsroom.budgets import Limit
from membership.patrons import enrolling
from membership.patrons.models import Patron

WITHIN = timedelta(hours=24)
PER_CHECKOUT = Limit("address_corrections", 3, 86_400)


def may_correct(session: Session, checkout: Checkout) -> bool:
    """Whether an address can still be corrected: the gift is fresh, and its mailbox has not answered since."""
    if checkout.patron_id is not None or clock.now() >= checkout.created_at + WITHIN:
        return False
    account = accounts.by_email(session, checkout.email)
    return account is None or account.proven_at is None or account.proven_at < checkout.created_at


def correct(session: Session, checkout: Checkout, email: str) -> None:
    """Let the gift belong to another (canonical) address, and mail the welcome there. The caller commits.

    Raises:
        BudgetSpentError: it was corrected too often; commit all the same.
    """
    if email == checkout.email:
        return
    budgets.spend(session, PER_CHECKOUT, checkout.public_id)
    before = checkout.email
    checkout.email, checkout.email_index = email, secrets.blind_index(email)
    checkout.email_corrected_at = clock.now()
    customer_id = _customer_of(session, checkout)
    owner = _owner_of(session, customer_id)
    if owner is None or customer_id is None:
        return  # nothing has settled yet: the patron will be made with the right address
    patron = _move(session, checkout, owner, customer_id, email)
    mail.address_corrected(session, to=before, checkout=checkout)
    payment = _first_payment(session, customer_id)
    if payment is not None:
        mail.welcome(
            session,
            patron=patron,
            payment=payment,
            subscription=_subscription(session, checkout),
            browser_hash=checkout.browser_hash,
            again=secrets.blind_index(email)[:12],
        )


def _move(session: Session, checkout: Checkout, owner: Patron, customer_id: str, email: str) -> Patron:
    """Let the customer of this checkout belong to who has the address; the wrong account keeps nothing of it."""
    old = session.get(Account, owner.account_id) if owner.account_id is not None else None
    made_here = (old is None or old.proven_at is None) and _has_only(session, owner, customer_id)
    known = accounts.by_email(session, email)
    taken = known is not None and _patron_of_account(session, known) is not None
    if made_here and not taken:
        owner.account = accounts.find_or_make(session, email, name=owner.name, language=owner.language)
        session.flush()
        if old is not None:
            signing_in.void_all(session, old.id)
        return owner
    patron = enrolling.find_or_make(
        session, email=email, name=checkout.name, language=checkout.language, at=clock.now()
    )
    session.execute(update(StripeCustomer).filter_by(id=customer_id).values(patron_id=patron.id))
    receipts.follow_customer(session, customer_id, patron.id)
    session.flush()
    for patron_id in (owner.id, patron.id):
        following.apply_time(session, str(patron_id), clock.now())
    if old is not None and made_here:
        signing_in.void_all(session, old.id)
    return patron


def _has_only(session: Session, patron: Patron, customer_id: str) -> bool:
    """Whether a patron has given nothing but through this customer, and so was made by this gift."""
    return list(session.scalars(select(StripeCustomer.id).filter_by(patron_id=patron.id))) == [customer_id]


def _patron_of_account(session: Session, account: Account) -> Patron | None:
    return session.scalars(select(Patron).filter_by(account_id=account.id)).one_or_none()


def _customer_of(session: Session, checkout: Checkout) -> str | None:
    return session.scalars(
        select(CheckoutSession.customer_id).filter_by(id=checkout.stripe_session_id)
    ).one_or_none()


def _owner_of(session: Session, customer_id: str | None) -> Patron | None:
    if customer_id is None:
        return None
    customer = session.get(StripeCustomer, customer_id)
    return session.get(Patron, customer.patron_id) if customer is not None and customer.patron_id else None


def _first_payment(session: Session, customer_id: str) -> Payment | None:
    found = select(Payment).filter_by(customer_id=customer_id).order_by(Payment.charged_at).limit(1)
    return session.scalars(found).one_or_none()


def _subscription(session: Session, checkout: Checkout) -> Subscription | None:
    return session.scalars(
        select(Subscription).filter_by(checkout_public_id=checkout.public_id).limit(1)
    ).one_or_none()
