"""The billing portal through the API: configurations, and sessions that lead a customer to the page.

Source: https://docs.stripe.com/api/customer_portal
"""

from membership.sandbox import listing
from membership.sandbox.account import Account
from membership.sandbox.errors import ApiError
from membership.sandbox.objects import PRIVATE, Object, copied, id_of
from membership.sandbox.operations import Call, operation
from membership.sandbox.parameters import merge_metadata

_CONFIGURATION = "billing_portal.configuration"
_SESSION = "billing_portal.session"
_PLAIN = ("default_return_url", "name")
_CANCEL_REASONS = [
    *("too_expensive", "missing_features", "switched_service", "unused"),
    *("customer_service", "too_complex", "low_quality", "other"),
]


@operation("POST /v1/billing_portal/configurations")
def create(account: Account, call: Call) -> Object:
    """Make a configuration; the first is the account's usual one."""
    is_first = account.store.one(_CONFIGURATION) is None
    made = account.make(_CONFIGURATION, is_default=is_first, updated=account.now(), metadata={})
    with account.changing(made):
        _apply(made, call.params)
    account.emit("billing_portal.configuration.created", made)
    return made


def _apply(made: Object, params: Object) -> None:
    for name in _PLAIN:
        if name in params:
            made[name] = params[name]
    made["business_profile"] = {**made["business_profile"], **(params.get("business_profile") or {})}
    made["metadata"] = merge_metadata(made["metadata"], params.get("metadata"))
    for name, sent in (params.get("features") or {}).items():
        feature = made["features"][name]
        for key, value in sent.items():
            feature[key] = {**feature[key], **value} if isinstance(value, dict) else copied(value)
    login = params.get("login_page") or {}
    if "enabled" in login:
        made["login_page"] = {"enabled": login["enabled"] == "true", "url": None}


@operation("GET /v1/billing_portal/configurations")
def index(account: Account, call: Call) -> Object:
    """List configurations."""
    params = call.params
    rows = [
        row
        for row in account.store.find(_CONFIGURATION)
        if all(row[name] == params[name] for name in ("active", "is_default") if name in params)
    ]
    return listing.page_of(rows, call)


@operation("GET /v1/billing_portal/configurations/{id}")
def get(account: Account, call: Call) -> Object:
    """Give one configuration."""
    return account.get(call.id, _CONFIGURATION, param="configuration")


@operation("POST /v1/billing_portal/configurations/{id}")
def update(account: Account, call: Call) -> Object:
    """Change a configuration."""
    made = account.get(call.id, _CONFIGURATION, param="configuration")
    with account.changing(made, "billing_portal.configuration.updated"):
        _apply(made, call.params)
        if "active" in call.params:
            made["active"] = call.params["active"]
        made["updated"] = account.now()
    return made


@operation("POST /v1/billing_portal/sessions")
def open_session(account: Account, call: Call) -> Object:
    """Open a session for a customer, at the portal's home or straight at one task."""
    params = call.params
    customer = account.get(params.get("customer"), "customer", param="customer")
    configuration = _configuration(account, params)
    flow = params.get("flow_data")
    if flow:
        _check_flow(account, customer, flow)
    session = account.make(
        _SESSION,
        customer=customer["id"],
        configuration=configuration["id"],
        return_url=params.get("return_url") or configuration["default_return_url"],
        locale=params.get("locale"),
        flow=_flow(flow) if flow else None,
        **{PRIVATE: {}},
    )
    with account.changing(session):
        session["url"] = f"{account.store.fact('base_url') or 'http://127.0.0.1'}/p/session/{session['id']}"
    account.emit("billing_portal.session.created", session)
    return session


def _configuration(account: Account, params: Object) -> Object:
    if params.get("configuration"):
        return account.get(params["configuration"], _CONFIGURATION, param="configuration")
    usual = next((row for row in account.store.find(_CONFIGURATION) if row["is_default"]), None)
    if usual is None:
        raise ApiError(
            "No configuration provided and your test mode default configuration has not been created. Provide a "
            "configuration or create your default by saving your customer portal settings in test mode."
        )
    return usual


def _check_flow(account: Account, customer: Object, flow: Object) -> None:
    kind = flow["type"]
    if kind in ("subscription_update", "subscription_update_confirm"):
        raise ApiError("The sandbox's portal does not switch prices.", param="flow_data[type]")
    if kind not in ("subscription_cancel", "subscription_pause"):
        return
    wanted = (flow.get(kind) or {}).get("subscription")
    if not wanted:
        name = f"flow_data[{kind}][subscription]"
        raise ApiError(f"Missing required param: {name}.", code="parameter_missing", param=name)
    subscription = account.get(wanted, "subscription", param=f"flow_data[{kind}][subscription]")
    if id_of(subscription["customer"]) != customer["id"]:
        raise ApiError("This subscription belongs to another customer.", param="flow_data")
    if kind == "subscription_cancel" and subscription["cancel_at_period_end"]:
        raise ApiError("This subscription is already set to be canceled at period end.", param="flow_data")


def _flow(flow: Object) -> Object:
    completion = flow.get("after_completion") or {"type": "portal_homepage"}
    return {
        "after_completion": {"hosted_confirmation": None, "redirect": None, **completion},
        "subscription_cancel": {"retention": None, **flow["subscription_cancel"]}
        if flow.get("subscription_cancel")
        else None,
        "subscription_pause": flow.get("subscription_pause"),
        "customer_update": None,
        "subscription_update": None,
        "subscription_update_confirm": None,
        "type": flow["type"],
    }
