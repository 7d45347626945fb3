"""Telling people who have no account of their consultations: by text message to the number that they gave.

Whoever has an account, or is in the care of somebody who has one, is told by a notice like everybody else.
"""

from __future__ import annotations

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from app.audit import service as audit
from app.consultations import words
from app.consultations.models import Booking
from app.extensions import db
from app.infra import events, jobs
from app.infra.events import Event
from app.infra.jobs import Effect, Run
from app.infra.messages import Sms
from app.notifications import delivery
from app.notifications.service import family
from config import Settings

TEXT_JOB = "notifications.text_caller"
KINDS = ("booking.made", "booking.cancelled")


@jobs.handler(TEXT_JOB)
def text_caller(run: Run, *, event_id: int) -> Effect | None:
    """Send the text message that an event calls for, if the patient can only be reached by one."""
    event = db.session.get(Event, event_id)
    booking = _booking(event.topic) if event is not None else None
    if event is None or booking is None or not booking.patient.contact or family(booking.patient):
        return None
    message = Sms(booking.patient.contact, _words(event.kind, booking))
    run.keep_alive()
    delivery.send(message)
    topic, patient_id = booking.topic, booking.patient_id
    return lambda: audit.record("call.texted", topic, patient_id=patient_id)


def _booking(topic: str) -> Booking | None:
    return db.session.scalar(select(Booking).where(Booking.public_id == topic.partition(":")[2]))


def _words(kind: str, booking: Booking) -> str:
    settings: Settings = current_app.extensions["salpim.settings"]
    with force_locale("ko"):  # nobody without an account has chosen another language
        when = words.when(booking.starts_at)
        if kind == "booking.cancelled":
            text = _("살핌: %(when)s 상담 예약이 취소되었습니다.", when=when)
        else:
            text = _(
                "살핌: %(when)s 상담 예약. 상담료 %(price)s.", when=when, price=words.price(booking.price_won)
            )
        if not settings.contact:
            return str(text)
        telephone = _("전화 %(number)s", number=settings.contact)
    return f"{text} {telephone}"


for kind in KINDS:
    events.subscribe(kind, TEXT_JOB)
