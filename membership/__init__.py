"""Paywall-free articles, one honest appeal, patrons who vote: a membership service for newsrooms."""
