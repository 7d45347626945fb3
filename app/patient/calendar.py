"""A booking as a file for one's own calendar, for those who get no e-mail."""

from __future__ import annotations

from flask import Response, url_for

from app.consultations.models import Booking
from app.consultations.policy import visible_bookings
from app.notifications import ics
from app.patient.access import me
from app.patient.blueprint import blueprint
from app.permissions import Permission
from app.policy import requires, visible_or_404


@blueprint.get("/bookings/<public_id>/calendar.ics")
@requires(Permission.BOOKING_MAKE)
def booking_ics(public_id: str) -> Response:
    """The file; downloaded again after a change, it changes the entry that is in the calendar."""
    booking = visible_or_404(visible_bookings(me()).where(Booking.public_id == public_id))
    page = url_for("patient.booking", public_id=public_id, _external=True)
    content = ics.calendar(booking, ics.PUBLISH, number=ics.sequence(booking), address=page)
    answer = Response(content, mimetype="text/calendar")
    answer.headers["Content-Disposition"] = 'attachment; filename="salpim.ics"'
    return answer
