"""The staff blueprint of articles, filled by staff_routes and staff_life_routes."""

from flask import Blueprint

staff_bp = Blueprint("articles", __name__, url_prefix="/articles")
