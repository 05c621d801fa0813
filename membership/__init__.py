"""Paywall-free articles, one honest appeal, patrons who vote: a membership service for newsrooms."""

import gc

gc.set_threshold(10_000, 10, 10)
# Python looks through all it holds whenever 700 objects have come: a fifth of each start, where all that comes stays.
