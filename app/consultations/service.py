"""Booking a consultation: what is free, booking it once. Holding, moving and cancelling stand beside it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from app.accounts.consents import give_consents, is_in_charge_of, missing_consents
from app.accounts.errors import ConsentMissing, NotYours
from app.accounts.models import ConsentKind, Patient, User
from app.audit import service as audit
from app.consultations.agenda import agenda, past_for, shown, upcoming_for
from app.consultations.availability import lock_doctor
from app.consultations.changes import NEEDED, can_cancel, cancel, follow_withdrawal, move, why_not_moved
from app.consultations.eligibility import NotEligible
from app.consultations.eligibility_admit import admit_to
from app.consultations.errors import (
    CannotMark,
    CannotMove,
    NeedsTelephone,
    NoSuchBooking,
    PatientBusy,
    PriceChanged,
    TimeGone,
    TimeTaken,
    TimeUnavailable,
    TooLateToCancel,
)
from app.consultations.free import (
    BookableDoctor,
    Wish,
    bookable_doctors,
    free_times,
    hold_of,
    next_free_times,
    offer,
)
from app.consultations.holds import hold, let_go, let_go_of
from app.consultations.missed import can_mark, mark_missed, missed_by, telephone_until, unmark_missed
from app.consultations.models import Booking, BookingChannel, BookingState
from app.consultations.places import (
    free_place,
    free_slot,
    refuse_if_busy,
    standing,
    taking,
)
from app.extensions import db
from app.infra import clock, events
from app.infra.database import fresh, random_id
from app.permissions import Role

__all__ = [
    "NEEDED",
    "BookableDoctor",
    "CannotMark",
    "CannotMove",
    "NeedsTelephone",
    "NoSuchBooking",
    "NotEligible",
    "PatientBusy",
    "PriceChanged",
    "TimeGone",
    "TimeTaken",
    "TimeUnavailable",
    "TooLateToCancel",
    "Wish",
    "agenda",
    "book",
    "bookable_doctors",
    "can_cancel",
    "can_mark",
    "cancel",
    "follow_withdrawal",
    "free_times",
    "hold",
    "hold_of",
    "let_go",
    "let_go_of",
    "mark_missed",
    "missed_by",
    "move",
    "next_free_times",
    "offer",
    "past_for",
    "shown",
    "telephone_until",
    "unmark_missed",
    "upcoming_for",
    "why_not_moved",
]


def book(
    *,
    patient_id: int,
    doctor_id: int,
    starts_at: datetime,
    price_won: int,
    booked_by_id: int,
    case_id: int | None = None,
    channel: BookingChannel | str = BookingChannel.WEB,
    agreed: Collection[ConsentKind] = (),
) -> Booking:
    """Book a time for a patient at the price they were shown. The same booking sent again is one booking.

    agreed: what whoever books agrees to for the patient with it, recorded with the booking or not at all. The person
    who books lets go of what they held. That the case is the patient's is the caller's to check. Raises `TimeTaken`,
    `TimeGone`, `PriceChanged`, `PatientBusy`, `NoSuchBooking`, `NeedsTelephone` (unless it comes by telephone),
    `NotEligible` where no rule lets it be remote, and of `accounts.errors` `ConsentMissing` without the consent to
    telemedicine and `NotYours` where `booked_by_id` is a patient's account that may not act for them.
    """
    with taking(doctor_id, starts_at):
        channel = BookingChannel(channel)
        if agreed:
            _agree(patient_id, booked_by_id, agreed)
        return _book(patient_id, doctor_id, starts_at, price_won, booked_by_id, case_id, channel)


def _agree(patient_id: int, booked_by_id: int, agreed: Collection[ConsentKind]) -> None:
    patient, booker = fresh(Patient, patient_id), db.session.get(User, booked_by_id)
    if patient is not None and booker is not None:  # else nothing is booked either
        give_consents(booker, patient, agreed)


def _book(
    patient_id: int,
    doctor_id: int,
    starts_at: datetime,
    price_won: int,
    booked_by_id: int,
    case_id: int | None,
    channel: BookingChannel,
) -> Booking:
    # Always the patient first, then the doctor, so that nobody waits in a circle.
    patient, booker = fresh(Patient, patient_id), db.session.get(User, booked_by_id)
    if patient is None or booker is None or patient.erased_at is not None:
        raise NoSuchBooking
    if booker.role == Role.PATIENT and not is_in_charge_of(booker, patient):
        raise NotYours
    lacking = missing_consents(booker, patient, NEEDED)
    if lacking:
        raise ConsentMissing(lacking)
    lock_doctor(doctor_id)
    own = next((one for one in standing(doctor_id, starts_at) if one.patient_id == patient_id), None)
    if own is not None:
        return own
    if channel == BookingChannel.WEB and (until := telephone_until(patient_id)) is not None:
        raise NeedsTelephone(until)
    slot = free_slot(doctor_id, starts_at, price_won, for_id=booked_by_id)
    admission = admit_to(patient, doctor_id, case_id, starts_at)
    refuse_if_busy(patient_id, slot)
    booking = Booking(
        public_id=random_id(),
        doctor_id=doctor_id,
        patient_id=patient_id,
        booked_by_id=booked_by_id,
        case_id=case_id,
        channel=channel,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        place=free_place(doctor_id, slot.starts_at),
        price_won=slot.price_won,
        state=BookingState.BOOKED,
        created_at=clock.now(),
        admitted_by=admission.rule,
        admission=admission.snapshot(),
    )
    db.session.add(booking)
    db.session.flush()
    let_go(booked_by_id)
    audit.record("booking.made", booking.topic, patient_id=patient_id)
    events.publish("booking.made", booking.topic, booking_id=booking.id)
    return booking
