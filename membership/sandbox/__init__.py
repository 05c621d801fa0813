"""A local stand-in for Stripe (API 2026-10-28.endive), sharing no code with the app.

The real `stripe` SDK talks to it over HTTP; a person clicks through its Checkout, portal and invoice pages.
It takes test keys only and binds this machine only. Started by `membership sandbox`, or from Python:

    from membership.sandbox.server import running_sandbox

    with running_sandbox() as sandbox:              # any free port; port=12111 for a certain one
        sandbox.url, sandbox.secret_key             # for StripeClient(base_addresses={"api": sandbox.url})
        sandbox.webhook_secret                      # signs what goes to the one endpoint that is always there

`running_sandbox(background=True, webhook_url="http://127.0.0.1:8000/stripe/events")` delivers by itself, in order.
Without `background`, events wait until a test asks for them. Further settings: `seed=1` (ids and chance repeat),
`store="file.sqlite"`, `clock_file=Path(…)`, `sender=…`, `rules=Rules(currency="usd", retry_days=(1, 3),
after_retries="unpaid", debit_days=5, settles_after=60, …)` (see `membership.sandbox.rules`).

Events
    sandbox.events("charge.succeeded")              all events of a type, oldest first, as mappings; no type: all
    sandbox.deliveries.pending                      (event id, type) of what waits, in order
    sandbox.deliveries.deliver_all(sender)          send all once; gives Delivery(event, kind, url, status) rows.
                                                    `sender(url, headers, body) -> status` may hand them to a
                                                    test client; without one they go over HTTP to `webhook_url`
    sandbox.deliveries.knobs.duplicate = 0.02       also reorder, drop (chances), delay (seconds): for new events
    sandbox.deliveries.resend(event_id)             as the dashboard's "resend"

Time
    sandbox.now()                                   the account's second; its HTTP Date header tells the same
    sandbox.advance("1month")                       "3 days", "2 hours", or seconds: lives through all that is due
    sandbox.advance_to(instant)                     test clocks work through the API as at Stripe

What banks and people do
    sandbox.settle_debit(charge, succeeds=False)    a bank debit that is on its way
    sandbox.open_dispute(charge, amount=…, is_inquiry=…)   gives the dispute's id
    sandbox.escalate_inquiry(dispute), sandbox.close_dispute(dispute, "won" | "lost")
    sandbox.warn_of_fraud(charge), sandbox.refund(charge, amount), sandbox.fail_refund(refund)
    sandbox.take_account_fee(amount), sandbox.pay_out(amount)      movements tied to no charge
    `charge` may also be the id of its payment intent.

Trouble at the API
    sandbox.faults.add("error", times=2, path="/v1/checkout", method="POST")
    kinds: error (500), busy (429 with Retry-After), revoked (401), html (502), slow (seconds=…),
    cut_before, cut_after (connection closed before or after the work was done), half (half the JSON)
    sandbox.faults.clear()

Reading and filling
    sandbox.get(id), sandbox.all("charge", customer="cus_…")   objects as mappings, newest first
    sandbox.load(lines)                             JSON lines of Stripe objects, sparse ones too; no events

Paying as a person does: POST the Checkout page's form (`email, name, number, expiry, cvc`, or `way=debit, iban`)
to the session's `url`; 303 leads to `success_url`, or to `…/authenticate` (POST `answer=complete|fail`); a declined
card answers 402 and the page again. Or without pages: `customers.create(payment_method="pm_card_visa",
invoice_settings={"default_payment_method": …})` and `subscriptions.create`, `payment_intents.create(confirm=True)`.

Over HTTP the levers are POST /_sandbox/{advance, load, dispute, close-dispute, escalate-inquiry, warn, refund,
fail-refund, settle-debit, knobs, fault, resend, account-fee, pay-out} and GET /_sandbox/clock; the page at / has
buttons.
"""
