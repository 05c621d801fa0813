"""The blueprints of articles: readers' pages, filled by the modules of routes; staff's, by those of staff routes."""

from flask import Blueprint

bp = Blueprint("articles", __name__)
staff_bp = Blueprint("articles", __name__, url_prefix="/articles")
