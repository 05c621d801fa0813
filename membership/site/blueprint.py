"""The blueprint that the modules of the site's routes share."""

from flask import Blueprint

bp = Blueprint("site", __name__)
