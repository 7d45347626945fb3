"""What a notice says to whom once it leaves the house, made at the moment at which it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from app.accounts.links import absolute, settings
from app.accounts.models import Patient, User
from app.consultations.models import Booking, BookingState
from app.extensions import db
from app.infra import clock
from app.infra.messages import Invite, Mail
from app.infra.moments import day_and_time, plain, time_of_day
from app.notifications import ics
from app.notifications.choices import ABOUT_BOOKINGS
from app.notifications.due import is_reminded_the_day_before
from app.notifications.models import Channel, Delivery, DropReason, Notice, NoticeKind
from app.notifications.templates import templates
from app.notifications.words import WORDS
from app.permissions import Role

BEFORE_A_VISIT = frozenset({NoticeKind.BOOKING_DAY_BEFORE, NoticeKind.BOOKING_SOON})


@dataclass(frozen=True)
class ToTelephone:
    """A text for a number (E.164), which may go as 알림톡 by its template and what is put into it."""

    to: str
    text: str
    template: str
    variables: Mapping[str, str]


Outgoing = ToTelephone | Mail


@dataclass(frozen=True)
class Dropped:
    """Nothing is to be sent, and why."""

    why: DropReason


def number_of(patient: Patient) -> str | None:
    """Return the number of a patient who has no account, None if none is known."""
    return patient.mobile if patient.user_id is None else None


def compose(delivery: Delivery) -> Outgoing | Dropped:
    """Return the message of a delivery as things stand now, in the language of who gets it."""
    notice, booking = delivery.notice, _booking(delivery.notice)
    if notice.user is not None and not notice.user.active:
        return Dropped(DropReason.CLOSED)
    address = _address(delivery)
    if not address:
        return Dropped(DropReason.NO_ADDRESS)
    if notice.kind in BEFORE_A_VISIT and not _is_ahead(booking):
        return Dropped(DropReason.TOO_LATE)
    with force_locale(notice.user.locale if notice.user else "ko"):
        return _said(delivery, address, booking)


def _address(delivery: Delivery) -> str | None:
    user, patient = delivery.notice.user, delivery.notice.patient
    if user is not None:
        return user.mobile if delivery.channel == Channel.SMS else user.email
    return number_of(patient) if patient is not None else None


def _booking(notice: Notice) -> Booking | None:
    public_id = notice.arguments.get("booking")
    if public_id is None:
        return None
    return db.session.scalar(select(Booking).where(Booking.public_id == public_id))


def _is_ahead(booking: Booking | None) -> bool:
    return booking is not None and booking.state == BookingState.BOOKED and booking.starts_at > clock.now()


def _said(delivery: Delivery, address: str, booking: Booking | None) -> Outgoing:
    notice, variables = delivery.notice, _variables(booking)
    template, direct = templates()[notice.kind], notice.user is None
    locale = notice.user.locale if notice.user else "ko"
    late = booking is not None and not is_reminded_the_day_before(booking.starts_at, clock.now())
    text = template.text(locale, variables, direct=direct, late=late)
    if delivery.channel == Channel.SMS:
        return ToTelephone(address, text, template.code_for(direct=direct, late=late), variables)
    page = _page(notice.user, booking) if booking is not None else settings().public_url
    body = _("%(text)s\n\n%(address)s", text=text, address=page)
    subject = _("[살핌] %(title)s", title=str(WORDS[notice.kind].title))
    return Mail(address, subject, f"{body}\n", _invite(notice, booking, address, page))


def _variables(booking: Booking | None) -> dict[str, str]:
    if booking is None:
        return {}
    return {"when": plain(day_and_time(booking.starts_at)), "time": plain(time_of_day(booking.starts_at))}


def _page(user: User | None, booking: Booking) -> str:
    """The page on which this person sees the booking."""
    if user is not None and user.role == Role.DOCTOR:
        return absolute("doctor.agenda")
    return absolute("patient.booking", public_id=booking.public_id)


def _invite(notice: Notice, booking: Booking | None, address: str, page: str) -> Invite | None:
    if booking is None or notice.kind not in ABOUT_BOOKINGS:
        return None
    method = ics.CANCEL if notice.kind == NoticeKind.BOOKING_CANCELLED else ics.REQUEST
    number = ics.sequence(booking, up_to=notice.event_id)
    return Invite(method, ics.calendar(booking, method, number=number, address=page, attendee=address))
