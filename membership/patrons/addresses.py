"""The patron whom an address of the desk names."""

from flask import abort

from membership.db import db
from membership.patrons import queries
from membership.patrons.models import Patron


def patron_or_404(public_id: str) -> Patron:
    """The patron with this public id; the page is not found where there is none."""
    patron = queries.by_public_id(db.session(), public_id)
    if patron is None:
        abort(404)
    return patron
