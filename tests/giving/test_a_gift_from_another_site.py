"""From the appeal's frame under a post of WordPress to the books: the gift is credited to the story and its appeal."""

import html
import re

import pytest
from sqlalchemy import select

from membership.appeals.choosing import ELSEWHERE
from membership.appeals.models import Appeal, Showing
from membership.appeals.totals import DailyGifts
from membership.articles import queries
from membership.giving.models import Checkout
from tests.articles.conftest import taken
from tests.articles.exports import post, wxr
from tests.articles.stories import a_newsroom, a_story, an_appeal
from tests.giving.giver import EMAIL, form_of, pay
from tests.giving.sandboxed import account, hear

__all__ = ["account", "hear", "taken"]

POROM = "%d0%bf%d0%be%d1%80%d0%be%d0%bc"
"""WordPress's own name for a post of the headline "Пором"."""


@pytest.fixture
def newsroom(account, session, taken):
    """A newsroom whose Ukrainian WordPress was imported, with an appeal in each language, and a namesake in English."""
    a_newsroom(session)
    a_story(session, "Porom")
    an_appeal(session)
    an_appeal(session, language="uk")
    told = post(1, "Пором", post_name=POROM, post_date_gmt="2024-05-20 08:00:00")
    link = f"<link>https://old.example/2024/05/20/{POROM}/</link>"
    taken("wordpress", wxr(told.replace("</title>", f"</title>{link}", 1)), language="uk")


def followed(client, frame, interval="once"):
    """The query with which the frame's form of an interval leads to /support, with its first amount."""
    forms = re.findall(r'<form class="appeal-form".*?</form>', client.get(frame).text, re.DOTALL)
    (form,) = [one for one in forms if f'name="interval" value="{interval}"' in one]
    hidden = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)
    amounts = re.findall(r'<input[^>]*name="amount"[^>]*value="([^"]*)"', form)
    (action,) = re.findall(r'action="([^"]+)"', form)
    query = {name: html.unescape(value) for name, value in hidden}
    return action, query | {"amount": amounts[0]}


def given(client, hear, frame):
    """Give by the frame's form, from /support through Stripe to what its events tell."""
    action, query = followed(client, frame)
    form = form_of(client.get(action, query_string=query)) | {"email": EMAIL}
    prefix = action.removesuffix("/support")
    answer = client.post(f"{prefix}/support/checkouts", data=form)
    assert answer.status_code == 303, answer.text
    client.get(pay(answer.headers["Location"]))
    hear()


def credited(session):
    """The article (ELSEWHERE for one that is not here) and the appeal's language; how many gifts and how much."""
    session.rollback()
    found = (
        select(Showing.article_id, Appeal.language, DailyGifts.gifts, DailyGifts.amount)
        .join(Showing, Showing.id == DailyGifts.showing_id)
        .join(Appeal, Appeal.id == Showing.appeal_id)
    )
    return [tuple(row) for row in session.execute(found)]


@pytest.mark.parametrize("prefix", ["/uk", ""], ids=["with its language", "without"])
def test_a_gift_by_the_frame_under_a_ukrainian_post_is_credited_to_the_story_and_its_appeal(
    newsroom, client, session, hear, prefix
):
    porom = queries.by_slug(session, "porom", "uk")
    assert porom is not None
    porom_id = porom.id

    given(client, hear, f"{prefix}/embed/appeal/at/2024/05/20/{POROM}")

    checkout = session.scalars(select(Checkout)).one()
    assert (checkout.article_id, checkout.language) == (porom_id, "uk")
    assert credited(session) == [(porom_id, "uk", 1, checkout.amount)]


def test_a_gift_by_the_frame_under_a_post_that_is_not_here_is_credited_to_the_appeal_alone(
    newsroom, client, session, hear
):
    given(client, hear, "/embed/appeal/at/2024/05/21/elsewhere")

    checkout = session.scalars(select(Checkout)).one()
    assert checkout.article_id is None
    assert credited(session) == [(ELSEWHERE, "en", 1, checkout.amount)]
