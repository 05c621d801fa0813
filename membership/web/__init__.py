"""Glue between Flask and the features. It knows no feature.

forms (WTForms bases, the money field), access (who may enter each route), origin (writes from other sites are
refused), headers, limits (floods), languages (which one a page is in), assets (hashed static addresses),
filters (amounts and dates for people), units (which requests may write), redirects, errors.
"""
