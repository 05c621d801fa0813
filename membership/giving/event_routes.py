"""`POST /stripe/events`: where Stripe delivers. The door (giving.door) stands before Flask and answers there.

Here the address is known to Flask: other methods are answered 405, and who may enter is declared.
"""

from flask import current_app, request
from flask.typing import ResponseReturnValue

from membership.giving.blueprint import bp
from membership.giving.door import ADDRESS, Door
from membership.web import access, limits


@bp.post(ADDRESS)
@limits.limiter.exempt  # forged ones cost a hash, and Stripe must always come through
@access.machine
def receive_event() -> ResponseReturnValue:
    """Answer as the door does, below a language's prefix too."""
    door: Door = current_app.extensions["membership_door"]
    status, word = door.answer(request.environ)
    return f"{word}\n", status, {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}
