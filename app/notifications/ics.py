"""A consultation as a calendar file (RFC 5545, RFC 5546): asked for, changed and cancelled under one UID.

SEQUENCE counts what has happened to the booking since it was made, so that a calendar that gets messages in
another order still ends with the right one. Nothing in the file tells why somebody sees a doctor.
"""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from flask_babel import gettext as _
from icalendar import Alarm, Calendar, Event, vCalAddress, vUri
from sqlalchemy import func, select

from app.accounts.links import settings
from app.consultations.models import Booking, BookingState
from app.extensions import db
from app.infra import clock, events
from app.infra.clock import KST
from app.notifications import rules as house

REQUEST, CANCEL, PUBLISH = "REQUEST", "CANCEL", "PUBLISH"
PRODUCT = "-//Salpim//salpim//KO"
CHANGES = ("booking.moved", "booking.cancelled")


def uid(booking: Booking) -> str:
    """Return the name of a booking in every calendar, the same for as long as it exists."""
    return f"{booking.public_id}@{urlsplit(settings().public_url).hostname}"


def sequence(booking: Booking, up_to: int | None = None) -> int:
    """Return how often a booking was changed, by the event with the id `up_to` or by now."""
    query = select(func.count()).where(events.Event.topic == booking.topic, events.Event.kind.in_(CHANGES))
    if up_to is not None:
        query = query.where(events.Event.id <= up_to)
    return db.session.scalar(query) or 0


def calendar(
    booking: Booking, method: str, *, number: int, address: str, attendee: str | None = None
) -> bytes:
    """Return the calendar file of a booking in the language in force.

    method: REQUEST or CANCEL for an e-mail to `attendee`, PUBLISH for a file that is downloaded.
    number: its SEQUENCE. address: the booking's page, for whoever gets the file.
    """
    made = Calendar()
    made.add("prodid", PRODUCT)
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    made.add("method", method)
    event = Event()
    event.add("uid", uid(booking))
    event.add("sequence", number)
    event.add("dtstamp", clock.now())
    event.add("dtstart", booking.starts_at.astimezone(KST))
    event.add("dtend", booking.ends_at.astimezone(KST))
    event.add("summary", _("살핌 상담"))
    event.add("url", vUri(address))
    event.add("description", _("예약을 보거나 바꾸려면: %(address)s", address=address))
    _add_people(event, attendee)
    if method == CANCEL or booking.state == BookingState.CANCELLED:
        event.add("status", "CANCELLED")
    else:
        event.add("status", "CONFIRMED")
        event.add_component(_alarm())
    made.add_component(event)
    # Korea has not changed its clocks since 1988: what was before that concerns no booking.
    made.add_missing_timezones(
        first_date=booking.starts_at.date() - timedelta(days=366),
        last_date=booking.starts_at.date() + timedelta(days=366),
    )
    return bytes(made.to_ical())


def _add_people(event: Event, attendee: str | None) -> None:
    if attendee is None:
        return
    organizer = vCalAddress(f"mailto:{settings().mail_from}")
    organizer.params["CN"] = _("살핌")
    event.add("organizer", organizer)
    guest = vCalAddress(f"mailto:{attendee}")
    # The booking stands already: nobody needs to accept it.
    guest.params["PARTSTAT"], guest.params["RSVP"] = "ACCEPTED", "FALSE"
    event.add("attendee", guest)


def _alarm() -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", _("살핌 상담"))
    alarm.add("trigger", -timedelta(minutes=house.rules().soon_minutes))
    return alarm
