"""Who listens to what, and what the worker does about it."""

from __future__ import annotations

from app.infra import events, jobs
from app.infra.jobs import Effect, Run
from app.notifications import delivery, own_data, service

TELL_JOB = "notifications.tell"


@jobs.handler(TELL_JOB)
def tell(run: Run, *, event_id: int) -> Effect:  # noqa: ARG001 - quick: no lease to renew
    """Turn an event into notices."""
    return lambda: service.tell(event_id)


@jobs.handler(service.DELIVERY_JOB)
def deliver(run: Run, *, delivery_id: int) -> Effect | None:
    """Send one notice by its channel."""
    message = delivery.claim(run, delivery_id)
    if message is None:
        return None
    delivery.send(message)
    return lambda: delivery.mark_sent(delivery_id)


for kind in service.KINDS:
    events.subscribe(kind, TELL_JOB)
own_data.register()
