"""The blueprints of topics, apart so that views in several files can stand on them."""

from flask import Blueprint

bp = Blueprint("topics", __name__)
staff_bp = Blueprint("topics", __name__, url_prefix="/topics")
