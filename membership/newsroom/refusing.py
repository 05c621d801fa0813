"""The answer to whoever has used up a budget."""

from flask import Response, make_response, render_template

from membership.newsroom.budgets import BudgetSpentError


def too_often(spent: BudgetSpentError, page: str = "errors/429.html") -> Response:
    """The page that asks to come back later, with when. Commit first, so that the try is counted."""
    answer = make_response(render_template(page), 429)
    answer.headers["Retry-After"] = str(spent.retry_after)
    return answer
