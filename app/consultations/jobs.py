"""What the worker does for this room: consultations end with the consent that they rest on."""

from __future__ import annotations

from app.consultations import changes, own_data
from app.infra import events, jobs

FOLLOW = "consultations.consent_withdrawn"


@jobs.handler(FOLLOW)
def consent_withdrawn(run: jobs.Run, *, event_id: int) -> jobs.Effect:  # noqa: ARG001 - quick: no lease to renew
    """Cancel what was booked and has not begun."""
    return lambda: changes.follow_withdrawal(event_id)


events.subscribe("consent.withdrawn", FOLLOW)
own_data.register()
