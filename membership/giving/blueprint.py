"""The blueprint that the modules of giving's routes share."""

from flask import Blueprint

bp = Blueprint("giving", __name__)
