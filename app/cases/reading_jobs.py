"""What the worker does about cases that doctors hold: those held too long go back to the queue."""

from __future__ import annotations

from app.cases import reading
from app.infra import jobs


@jobs.handler(reading.EXPIRE)
def hold_expires(run: jobs.Run, case_id: int) -> jobs.Effect:  # noqa: ARG001 - quick: no lease to renew
    """Return a case to the queue if it is still in the hand it was in, and overdue."""

    def effect() -> None:
        reading.release_overdue(case_id)

    return effect
