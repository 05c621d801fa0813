"""What happens to each invented patron: gives, renews, raises, pauses, fails, mends, leaves, comes back."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from membership.cli.seed.calendar import add_months, second
from membership.cli.seed.objects import DAYS_TO_ANSWER, Books, Gift
from membership.cli.seed.people import AMOUNTS, Person, Source, brought_by, weighted
from membership.money import gross_up

STEP = {"month": 1, "year": 12}
RETRIES = (timedelta(hours=1), timedelta(days=3), timedelta(days=8), timedelta(days=15))


@dataclass(frozen=True)
class Given:
    """A try to give that came to a payment: what our own row of it must say."""

    public_id: str
    person: Person
    interval: str
    amount: int
    covered_fee: int
    at: datetime
    source: Source | None
    customer: str


@dataclass
class Life:
    """Tells one patron's story into the books."""

    person: Person
    until: datetime
    chance: random.Random
    books: Books
    sources: list[Source]
    fee: Callable[[str], tuple[object, int]]
    given: list[Given]
    customer: str = ""

    def tell(self) -> None:
        """The whole story, from the first gift to `until`."""
        self.customer = self.books.customer(self.person, self.person.begins_at)
        kind = weighted(self.chance, (("month", 63), ("year", 12), ("once", 25)))
        if kind == "once":
            self._once(self.person.begins_at)
            if self.chance.random() < 0.25:
                self._once(self.person.begins_at + timedelta(days=self.chance.randrange(40, 400)))
            if self.chance.random() < 0.12:
                self._subscribe(
                    self.person.begins_at + timedelta(days=self.chance.randrange(30, 300)), "month"
                )
            return
        self._subscribe(self.person.begins_at, kind)
        if self.chance.random() < 0.08:
            self._once(self.person.begins_at + timedelta(days=self.chance.randrange(30, 500)))

    def _once(self, at: datetime) -> None:
        if at >= self.until - timedelta(minutes=10):
            return
        amount, covered, metadata = self._checkout("once", at)
        intent, charge = self.books.payment(
            self.person, self.customer, amount=amount, at=at, metadata=metadata
        )
        self._mishap(charge, intent, amount, at, refunds=0.012)
        del covered

    def _checkout(self, interval: str, at: datetime) -> tuple[int, int, dict[str, str]]:
        """Our own row for a gift: its amount, the covered fee in it, and the metadata that Stripe carries."""
        chosen = weighted(self.chance, AMOUNTS[self.person.currency][interval])
        covered = 0
        if self.chance.random() < 0.23:
            rate, fixed = self.fee(self.person.currency)
            covered = gross_up(chosen, rate=rate, fixed=fixed) - chosen  # type: ignore[arg-type]  # a Fraction
            if self.person.currency == "uah":
                covered = -(-covered // 100) * 100
        source = brought_by(self.chance, self.sources, at)
        made = Given(
            public_id=f"seed{self.person.number:07d}x{len(self.given):07d}",
            person=self.person,
            interval=interval,
            amount=chosen + covered,
            covered_fee=covered,
            at=at,
            source=source,
            customer=self.customer,
        )
        self.given.append(made)
        metadata = {"app": "membership", "checkout": made.public_id}
        if covered:
            metadata["covered_fee"] = str(covered)
        if source is not None:
            metadata |= {"article": source.slug, "slot": source.slot}
        return made.amount, covered, metadata

    def _subscribe(self, at: datetime, interval: str) -> None:
        """A subscription from its first payment to where it stands at `until`."""
        if at >= self.until - timedelta(minutes=10):
            return
        amount, _covered, metadata = self._checkout(interval, at)
        subscription, item = self.books.new_subscription()
        period = (at, add_months(at, STEP[interval]))
        gift = Gift(self.person, self.customer, subscription, item, interval, amount, at, metadata, period)
        self._paid(gift, at, period)
        number = 1
        while (due := add_months(at, number * STEP[interval])) <= self.until:
            if self._leaves(gift, due) or not self._renews(gift, due, number):
                return
            number += 1
        self._stands(gift)

    def _leaves(self, gift: Gift, due: datetime) -> bool:
        """Whether the patron canceled within the period that ends at `due`; younger gifts are given up more often."""
        hazard = 0.035 if gift.invoices <= 3 else 0.017
        if gift.interval == "year":
            hazard = 0.16
        if self.chance.random() >= hazard:
            return False
        starts = gift.period[0]
        decided = starts + (due - starts) * self.chance.randrange(5, 95) / 100
        self.books.subscription(
            gift,
            status="canceled",
            cancel_at=second(due),
            canceled_at=second(decided),
            ended_at=second(due),
            cancel_at_period_end=True,
            cancellation_details=_reason(self.chance),
            latest_invoice=None,
        )
        if self.chance.random() < 0.13:
            self._subscribe(due + timedelta(days=self.chance.randrange(25, 260)), gift.interval)
        return True

    def _renews(self, gift: Gift, due: datetime, number: int) -> bool:
        """Charge the period that begins at `due`; False when that is where the story ends for now."""
        period = (due, add_months(gift.anchor, (number + 1) * STEP[gift.interval]))
        if gift.interval == "month" and self.chance.random() < 0.011:
            gift.amount = max(gift.amount * self.chance.choice((150, 200, 50)) // 10_000 * 100, 100)
        charged = due + timedelta(hours=1)
        if charged >= self.until:
            gift.period = period
            self.books.invoice(gift, status="draft", at=due, period=period)
            self.books.subscription(gift, status="active", cancel_at_period_end=False)
            return False
        if self.chance.random() < 0.021:
            return self._fails(gift, due, period)
        gift.period = period
        self._paid(gift, charged, period)
        return True

    def _paid(self, gift: Gift, at: datetime, period: tuple[datetime, datetime]) -> None:
        invoice, _ = self.books.invoice(gift, status="paid", at=at, period=period)
        intent, charge = self.books.payment(
            self.person, self.customer, amount=gift.amount, at=at, metadata={}
        )
        self.books.invoice_payment(
            invoice, intent, amount=gift.amount, currency=self.person.currency, at=at, paid=True
        )
        self._mishap(charge, intent, gift.amount, at, refunds=0.0025)

    def _fails(self, gift: Gift, due: datetime, period: tuple[datetime, datetime]) -> bool:
        """A renewal that fails at first: mended at one of the retries, or the subscription ends."""
        gift.period = period
        mended = weighted(self.chance, ((1, 30), (2, 18), (3, 10), (0, 42)))
        invoice_id, invoice = self.books.invoice(gift, status="open", at=due, period=period)
        intent, intent_object = self.books.intent(
            self.person, self.customer, amount=gift.amount, at=due, metadata={}
        )
        tries = 0
        for number, wait in enumerate(RETRIES):
            at = due + wait
            if at >= self.until:
                break
            tries += 1
            if mended and number == mended:
                self._mended(gift, invoice, intent_object, at)
                self.books.invoice_payment(
                    invoice_id, intent, amount=gift.amount, currency=self.person.currency, at=at, paid=True
                )
                return True
            code = "insufficient_funds" if number % 2 == 0 else "do_not_honor"
            self.books.failed_charge(
                self.person, self.customer, amount=gift.amount, at=at, intent=intent, code=code
            )
        invoice.update(attempt_count=tries, attempted=tries > 0)
        intent_object.update(amount_received=0, status="requires_payment_method")
        self.books.invoice_payment(
            invoice_id, intent, amount=gift.amount, currency=self.person.currency, at=due, paid=False
        )
        ends = due + timedelta(days=23)
        if ends < self.until:
            self._given_up(gift, invoice, intent_object, ends)
        else:
            upcoming = [due + wait for wait in RETRIES if due + wait >= self.until]
            invoice["next_payment_attempt"] = second(upcoming[0]) if upcoming else None
            self.books.subscription(
                gift, status="past_due", cancel_at_period_end=False, latest_invoice=invoice_id
            )
        return False

    def _mended(
        self, gift: Gift, invoice: dict[str, object], intent: dict[str, object], at: datetime
    ) -> None:
        charge = self.books.charge(
            self.person, self.customer, amount=gift.amount, at=at, metadata={}, intent=str(intent["id"])
        )
        intent["latest_charge"] = charge
        transitions = invoice["status_transitions"]
        assert isinstance(transitions, dict)  # noqa: S101 - Books.invoice made it
        transitions["paid_at"] = second(at)
        invoice.update(
            status="paid", amount_paid=gift.amount, amount_remaining=0, attempted=True, attempt_count=2
        )

    def _given_up(
        self, gift: Gift, invoice: dict[str, object], intent: dict[str, object], at: datetime
    ) -> None:
        invoice.update(status="void")
        intent.update(status="canceled")
        self.books.subscription(
            gift,
            status="canceled",
            canceled_at=second(at),
            ended_at=second(at),
            cancel_at_period_end=False,
            cancellation_details={"reason": "payment_failed", "feedback": None, "comment": None},
        )
        if self.chance.random() < 0.16:
            self._subscribe(at + timedelta(days=self.chance.randrange(12, 200)), gift.interval)

    def _stands(self, gift: Gift) -> None:
        """How a subscription that lives stands at `until`: as ever, set to end, or paused."""
        roll = self.chance.random()
        starts, ends = gift.period
        if roll < 0.02 and starts + timedelta(days=1) < self.until:
            self.books.subscription(
                gift,
                status="active",
                cancel_at_period_end=True,
                cancel_at=second(ends),
                canceled_at=second(starts + (self.until - starts) / 2),
                cancellation_details=_reason(self.chance),
            )
        elif roll < 0.032 and gift.interval == "month":
            charged = second(add_months(ends, self.chance.randrange(1, 4)))
            self.books.subscription(
                gift,
                status="active",
                cancel_at_period_end=False,
                metadata={**gift.metadata, "rest": "pause", "rest_until": str(charged)},
                pause_collection={"behavior": "void", "resumes_at": charged - 86_400},
            )
        else:
            self.books.subscription(gift, status="active", cancel_at_period_end=False)

    def _mishap(self, charge: str, intent: str, amount: int, at: datetime, *, refunds: float) -> None:
        """Now and then a refund, whole or part, and rarely a dispute."""
        roll = self.chance.random()
        if roll < refunds:
            back = at + timedelta(days=self.chance.randrange(1, 20))
            whole = self.chance.random() < 0.75
            if back < self.until:
                part = amount if whole else max(amount // 200 * 100, 1)
                self.books.refund(self.person, charge, intent, amount=part, at=back)
        elif roll < refunds + 0.0009 and self.person.method == "card":
            opened = at + timedelta(days=self.chance.randrange(5, 45))
            if opened + timedelta(days=41) < self.until:
                status = self.chance.choice(("lost", "lost", "won"))
                self.books.dispute(self.person, charge, intent, amount=amount, at=opened, status=status)
            elif opened < self.until:
                is_answered = opened + DAYS_TO_ANSWER < self.until
                status = "under_review" if is_answered else "needs_response"
                self.books.dispute(self.person, charge, intent, amount=amount, at=opened, status=status)


def _reason(chance: random.Random) -> dict[str, str | None]:
    feedback = chance.choice((None, None, "too_expensive", "unused", "other", "switched_service"))
    return {"reason": "cancellation_requested", "feedback": feedback, "comment": None}
