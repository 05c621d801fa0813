"""The only package that imports `stripe`. It speaks plain JSON (`client.Answer`) and our own errors upwards.

client (the way there, its bounds), checkouts, subscriptions, refunds, portal, products (writes, each with the
idempotency key of a row committed before), reading (any object or list), events (signatures), errors.
"""
