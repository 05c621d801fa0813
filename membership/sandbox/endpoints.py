"""Webhook endpoints, events and the account itself."""

from membership.sandbox import listing
from membership.sandbox.account import Account
from membership.sandbox.errors import ApiError
from membership.sandbox.objects import API_VERSION, PRIVATE, Object
from membership.sandbox.operations import Call, operation
from membership.sandbox.parameters import merge_metadata


@operation("POST /v1/webhook_endpoints")
def create(account: Account, call: Call) -> Object:
    """Register an endpoint; its secret is shown this once."""
    params = call.params
    _check_url(params["url"])
    version = params.get("api_version") or API_VERSION
    if version != API_VERSION:
        raise ApiError(f"The sandbox sends events of {API_VERSION} only.", param="api_version")
    secret = f"whsec_{account.ids.token(32)}"
    endpoint = account.make(
        "webhook_endpoint",
        url=params["url"],
        enabled_events=params["enabled_events"],
        api_version=version,
        description=params.get("description"),
        metadata=merge_metadata({}, params.get("metadata")),
        **{PRIVATE: {"secret": secret}},
    )
    return {**endpoint, "secret": secret}


def _check_url(url: str) -> None:
    if not url.startswith(("http://", "https://")):
        raise ApiError("Invalid URL: An explicit scheme (such as https) must be provided.", param="url")


@operation("GET /v1/webhook_endpoints")
def index(account: Account, call: Call) -> Object:
    """List endpoints."""
    return listing.page(account, call, "webhook_endpoint")


@operation("GET /v1/webhook_endpoints/{id}")
def get(account: Account, call: Call) -> Object:
    """Give one endpoint."""
    return account.get(call.id, "webhook_endpoint")


@operation("POST /v1/webhook_endpoints/{id}")
def update(account: Account, call: Call) -> Object:
    """Change an endpoint, or switch it off and on."""
    endpoint, params = account.get(call.id, "webhook_endpoint"), call.params
    with account.changing(endpoint):
        for name in ("url", "enabled_events", "description"):
            if name in params:
                endpoint[name] = params[name]
        _check_url(endpoint["url"])
        if "disabled" in params:
            endpoint["status"] = "disabled" if params["disabled"] else "enabled"
        endpoint["metadata"] = merge_metadata(endpoint["metadata"], params.get("metadata"))
    return endpoint


@operation("DELETE /v1/webhook_endpoints/{id}")
def delete(account: Account, call: Call) -> Object:
    """Forget an endpoint."""
    account.get(call.id, "webhook_endpoint")
    account.store.remove(call.id)
    return {"id": call.id, "object": "webhook_endpoint", "deleted": True}


@operation("GET /v1/events")
def events(account: Account, call: Call) -> Object:
    """List events, of some types, and those that reached everyone or did not."""
    params = call.params
    types = [params["type"]] if params.get("type") else params.get("types")
    prefixes = [kind[:-1] for kind in types or [] if kind.endswith("*")]
    where = None
    if prefixes:
        tests = [
            f"kind GLOB '{prefix}*'"
            for prefix in prefixes
            if prefix.replace(".", "").replace("_", "").isalpha()
        ]
        where, types = f"({' OR '.join(tests) or '1'})", None
    if "delivery_success" in params:
        reached = "NOT EXISTS" if params["delivery_success"] else "EXISTS"
        missed = f"{reached} (SELECT 1 FROM delivery WHERE event = object.id AND state != 'done')"  # noqa: S608 - two fixed words
        where = f"{where} AND {missed}" if where else missed
    month_ago = account.clock.present() - 30 * 86_400
    recent = f"created > {month_ago}"
    return listing.page(
        account, call, "event", kind=types, where=f"{recent} AND {where}" if where else recent
    )


@operation("GET /v1/events/{id}")
def event(account: Account, call: Call) -> Object:
    """Give one event."""
    return account.get(call.id, "event")


@operation("GET /v1/account")
def own(account: Account, _call: Call) -> Object:
    """Give the account itself."""
    return {
        "id": "acct_1SandboxNewsroom",
        "object": "account",
        "business_type": "company",
        "capabilities": {"card_payments": "active", "sepa_debit_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "country": account.rules.country,
        "default_currency": account.rules.currency,
        "details_submitted": True,
        "email": "newsroom@example.org",
        "metadata": {},
        "payouts_enabled": True,
        "type": "standard",
    }
