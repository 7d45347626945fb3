"""Who listens to what, and what the worker does about it."""

from __future__ import annotations

from app.infra import events, jobs
from app.infra.jobs import Effect, Run
from app.notifications import delivery, own_data, reminders, service

TELL_JOB = "notifications.tell"


@jobs.handler(TELL_JOB)
def tell(run: Run, *, event_id: int) -> Effect:  # noqa: ARG001 - quick: no lease to renew
    """Turn an event into notices."""
    return lambda: service.tell(event_id)


@jobs.handler(service.DELIVERY_JOB, on_failure=delivery.mark_failed)
def deliver(run: Run, *, delivery_id: int) -> Effect | None:
    """Send one notice by its channel."""
    message = delivery.claim(run, delivery_id)
    if message is None:
        return None
    handed = delivery.send(message)
    return lambda: delivery.mark_sent(delivery_id, handed)


@jobs.handler(reminders.FOLLOW)
def follow(run: Run, *, event_id: int) -> Effect:  # noqa: ARG001 - quick: no lease to renew
    """Let the reminders of something follow what has become of it."""
    return lambda: reminders.follow(event_id)


@jobs.handler(reminders.REMIND)
def remind(run: Run, *, reminder_id: int) -> None:  # noqa: ARG001 - quick: no lease to renew
    """Remind of one thing, at its moment."""
    reminders.remind(reminder_id)


@jobs.handler(reminders.REMIND_ALL, every=reminders.EVERY)
def remind_all(run: Run) -> None:
    """Remind of whatever is due and was left behind: each in a transaction of its own."""
    for reminder_id in reminders.due():
        run.keep_alive()
        reminders.remind(reminder_id)


for kind in service.KINDS:
    events.subscribe(kind, TELL_JOB)
for kind in reminders.FOLLOWED:
    events.subscribe(kind, reminders.FOLLOW)
own_data.register()
