"""A newsroom's believable history, made by one deterministic generator.

`lives` decides what happens to each patron, `objects` writes it down as Stripe objects (no events), `people` makes
the patrons up, `loading` gives the objects to the app and, as a JSON-lines file, to the sandbox. The same seed, size
and end give the same bytes. Everybody in it is invented; addresses end in example.org, .com and .net.
"""
