"""What stands on an invoice: its lines, and the fields that follow from them and the subscription."""

from membership.sandbox.account import Account
from membership.sandbox.objects import Object, id_of


def line_for(
    account: Account, subscription: Object, item: Object, start: int, end: int, **rest: object
) -> Object:
    """Give the line for one item and period; `rest` may give another amount, description or say it is a proration."""
    price, quantity = item["price"], item.get("quantity", 1)
    amount = rest.get("amount", (price["unit_amount"] or 0) * quantity)
    product = account.find(id_of(price["product"])) or {}
    name = product.get("name") or "Gift"
    return {
        "id": account.ids.new("line_item"),
        "object": "line_item",
        "amount": amount,
        "currency": price["currency"],
        "description": rest.get("description", f"{quantity} × {name}"),
        "metadata": dict(subscription["metadata"]),
        "parent": {
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": None,
                "proration": bool(rest.get("is_proration")),
                "proration_details": {"credited_items": None} if rest.get("is_proration") else None,
                "subscription": subscription["id"],
                "subscription_item": item["id"],
            },
            "type": "subscription_item_details",
        },
        "period": {"start": start, "end": end},
        "pricing": {
            "price_details": {"price": price["id"], "product": id_of(price["product"])},
            "type": "price_details",
            "unit_amount_decimal": str(price["unit_amount"]),
        },
        "quantity": quantity,
        "quantity_decimal": str(quantity),
        "subscription": subscription["id"],
    }


def fields_of(account: Account, subscription: Object, lines: list[Object], reason: str) -> Object:
    """Give the fields of an invoice over these lines, for making one or for showing what it would be."""
    customer = account.find(id_of(subscription["customer"])) or {}
    total = sum(line["amount"] for line in lines)
    now = account.now()
    return {
        "amount_due": max(total, 0),
        "amount_paid": 0,
        "amount_remaining": max(total, 0),
        "billing_reason": reason,
        "collection_method": subscription["collection_method"],
        "currency": subscription["currency"],
        "customer": id_of(subscription["customer"]),
        "customer_email": customer.get("email"),
        "customer_name": customer.get("name"),
        "customer_address": customer.get("address"),
        "lines": {"object": "list", "data": lines, "has_more": False, "url": ""},
        "parent": {
            "quote_details": None,
            "subscription_details": {
                "metadata": dict(subscription["metadata"]),
                "subscription": subscription["id"],
            },
            "type": "subscription_details",
        },
        "period_start": now,
        "period_end": now,
        "status": "draft",
        "subtotal": total,
        "subtotal_excluding_tax": total,
        "total": total,
        "total_excluding_tax": total,
        "test_clock": id_of(subscription.get("test_clock")),
        "ending_balance": None,
    }
