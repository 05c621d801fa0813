"""Workers of one machine, in one test."""

from flask import Flask

from membership.newsroom import page_changes
from membership.web.page_store import PageStore


def another(app: Flask) -> PageStore:
    """A second process: the same files, a memory of its own."""
    store: PageStore = app.extensions["membership_pages"][0]
    app.wsgi_app = store._inner  # type: ignore[method-assign,assignment]  # as Flask documents it
    return PageStore(app, store.files, page_changes)
