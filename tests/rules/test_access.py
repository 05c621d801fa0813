"""Who may enter what: the whole URL map, for every role and method.

What a route demands is declared on its view (web.access). Here every route of the app is asked for by everybody:
whoever it does not admit learns nothing from it.
"""

from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from membership.accounts.guards import admits
from membership.accounts.models import Account, Role
from membership.web import access
from membership.web.access import Access, Entry
from tests.cast import SignedIn, an_account

WRITING = ("POST", "PUT", "PATCH", "DELETE")
VALUES = {
    "IntegerConverter": 1,
    "UUIDConverter": "00000000-0000-0000-0000-000000000000",
    "FloatConverter": 1.0,
}


@dataclass(frozen=True)
class Route:
    """One rule of the URL map, with an address that fits it."""

    endpoint: str
    path: str
    methods: tuple[str, ...]
    declared: Access | None


def routes(app: Flask) -> list[Route]:
    """All routes of the app."""
    adapter = app.url_map.bind("localhost")
    found = []
    for rule in app.url_map.iter_rules():
        path = adapter.build(rule.endpoint, _values(rule), method=_method(rule))
        methods = tuple(sorted((rule.methods or set()) - {"OPTIONS"}))
        declared = access.of(app.view_functions.get(rule.endpoint))
        found.append(Route(rule.endpoint, path, methods, declared))
    return found


def _values(rule: Rule) -> dict[str, object]:
    converters = rule._converters
    return {name: VALUES.get(type(converters[name]).__name__, "nothing") for name in rule.arguments}


def _method(rule: Rule) -> str:
    return "GET" if "GET" in (rule.methods or ()) else next(iter(rule.methods or ("GET",)))


EVERYBODY: dict[str, dict[str, Any]] = {"patron": {}} | {
    f"{role}{', sees patrons' if sees_patrons else ''}": {"role": role, "sees_patrons": sees_patrons}
    for role in Role
    for sees_patrons in (False, True)
}
"""One account of each kind that has signed in."""


def is_sent_to_sign_in(answer: object) -> bool:
    """Whether an answer is the redirect to the sign-in page and nothing else."""
    return getattr(answer, "status_code", 0) == 303 and "/sign-in" in getattr(answer, "headers", {}).get(
        "Location", ""
    )


def test_every_route_declares_who_may_enter(app):
    undeclared = [route.endpoint for route in routes(app) if route.declared is None]

    assert undeclared == []


def test_every_page_below_staff_is_for_staff_and_no_other_page_is_public_by_its_name(app):
    for route in routes(app):
        assert route.declared is not None
        if route.path == "/staff" or route.path.startswith("/staff/"):
            assert route.declared.entry is Entry.STAFF, route.endpoint
        if route.path == "/patron" or route.path.startswith("/patron/"):
            assert route.declared.entry is Entry.SIGNED_IN, route.endpoint


def test_people_settings_and_the_trail_are_for_publishers(app):
    for route in routes(app):
        if route.endpoint.startswith(("staff.people.", "staff.settings.", "staff.audit.", "staff.mail.")):
            assert route.declared == Access(Entry.STAFF, role="publisher"), route.endpoint


def test_patrons_records_need_the_right_to_see_them(app):
    for route in routes(app):
        if route.endpoint.startswith("staff.patrons."):
            assert route.declared is not None
            assert route.declared.sees_patrons, route.endpoint


def test_only_machines_may_post_from_elsewhere(app):
    crossing = {route.endpoint for route in routes(app) if route.declared and route.declared.crosses_sites}

    assert crossing == {"giving.receive_event"}


def test_a_stranger_learns_nothing_from_any_page_that_is_not_public(app, client):
    for route in routes(app):
        assert route.declared is not None
        if route.declared.entry in {Entry.PUBLIC, Entry.MACHINE}:
            continue
        for method in route.methods:
            answer = client.open(route.path, method=method)
            assert is_sent_to_sign_in(answer), (method, route.path, answer.status_code)


@pytest.mark.parametrize("who", EVERYBODY)
def test_each_role_enters_what_it_may_and_nothing_else(app, session, as_, who):
    account = an_account(session, **EVERYBODY[who])
    browser = as_(account)
    for route in routes(app):
        if route.declared is not None and route.declared.entry is Entry.STAFF:
            _ask_for(browser, route, account, who)


def _ask_for(browser: FlaskClient, route: Route, account: Account, name: str) -> None:
    allowed = admits(account, route.declared)
    for method in route.methods:
        if allowed and method in WRITING:
            continue  # what they do is the features' own tests
        answer = browser.open(route.path, method=method)
        what = (name, method, route.path, answer.status_code)
        if allowed:
            assert answer.status_code != 403, what
            assert not is_sent_to_sign_in(answer), what
        else:
            assert answer.status_code == (403 if account.role else 404), what


def test_staff_without_their_second_factor_enter_nothing_of_the_desk(app, as_, pia):
    browser = as_(pia, second_factor=False)

    for route in routes(app):
        if route.declared is not None and route.declared.entry is Entry.STAFF:
            for method in route.methods:
                assert is_sent_to_sign_in(browser.open(route.path, method=method)), (method, route.path)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "none"},
    ],
    ids=["another origin", "opaque origin", "cross-site", "sibling", "typed in"],
)
def test_no_other_site_can_write_anywhere(app, as_, pia, headers):
    browser = as_(pia)

    for route in routes(app):
        if route.declared is not None and not route.declared.crosses_sites:
            for method in set(route.methods) & set(WRITING):
                answer = browser.open(route.path, method=method, headers=headers)
                assert answer.status_code == 403, (method, route.path, answer.status_code)


@pytest.mark.parametrize(
    "path",
    [
        "/staff/",
        "//staff",
        "/staff//people",
        "/Staff",
        "/staff%2fpeople",
        "/staff;x",
        "/./staff",
        "/uk/staff",
        "/uk/staff/people",
    ],
)
def test_no_spelling_of_an_address_opens_the_desk(client, path):
    for headers in ({}, {"X-HTTP-Method-Override": "POST"}, {"X-Original-URL": "/live"}):
        answer = client.get(path, headers=headers)

        assert answer.status_code != 200


def test_a_route_of_a_patron_shows_a_patron_nothing_of_others_by_an_unknown_number(app, as_, cleo):
    browser = as_(cleo)

    for route in routes(app):
        if route.declared is not None and route.declared.entry is Entry.SIGNED_IN and "nothing" in route.path:
            for method in route.methods:
                assert browser.open(route.path, method=method).status_code in {303, 404, 405, 422}, route.path


def test_signed_in_pages_are_kept_by_no_cache(app, as_, pia):
    browser: FlaskClient = as_(pia)

    for path in ("/staff", "/staff/people", "/staff/settings/name", "/staff/audit", "/staff/accounts/me"):
        answer = browser.get(path)
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Cookie" in answer.headers["Vary"]


def test_the_fixture_signs_in(as_: SignedIn, pia: Account):
    assert as_(pia).get("/staff").status_code == 200
