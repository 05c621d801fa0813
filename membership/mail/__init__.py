"""Mail: an outbox row in the transaction of its cause, rendering in two parts and two languages, transport."""
