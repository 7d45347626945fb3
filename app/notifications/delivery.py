"""Sending a notice to a telephone or by e-mail.

A delivery is one row with one job, and only who holds the job's lease may send: the claim is written,
and the lease renewed for longer than any gateway may take, in one transaction before the gateway is
called; that it was sent is written in the transaction that ends the job. So a message is sent once
while processes live, however often its event is told, and however many workers there are.

What no sender can promise is the moment between the gateway's "accepted" and our commit: if the process
dies there, nobody can know, and the next attempt sends the message a second time. A message too many is
the lesser harm here; the alternative would be one too few. `claims` tells how often that may have been.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from app.infra import clock, messages
from app.infra.database import fresh, transaction
from app.infra.jobs import NotYet, Run
from app.infra.messages import Alimtalk, AlimtalkRefused, DeliveryFailed, Mail, Sms
from app.notifications import compose
from app.notifications.due import after_the_night, is_quiet
from app.notifications.models import Channel, Delivery, DeliveryState, Form
from app.notifications.service import SLEPT_THROUGH

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Handed:
    """What was handed over in the end: its form, by which template, and how long it was."""

    form: Form
    template: str | None = None
    size: int | None = None


def claim(run: Run, delivery_id: int) -> compose.Outgoing | None:
    """Take a delivery in hand and return what to send; None if there is nothing (more) to send.

    Raises `NotYet` at night for a text message that wakes nobody: it was asked for by day, and left behind.
    """
    with transaction():
        run.keep_alive()
        delivery = fresh(Delivery, delivery_id)
        if delivery is None or delivery.state in (DeliveryState.SENT, DeliveryState.DROPPED):
            return None
        now = clock.now()
        if delivery.channel == Channel.SMS and delivery.notice.kind in SLEPT_THROUGH and is_quiet(now):
            raise NotYet(after_the_night(now))
        message = compose.compose(delivery)
        if isinstance(message, compose.Dropped):
            delivery.state, delivery.why = DeliveryState.DROPPED, message.why
            delivery.given_up_at = clock.now()
            return None
        if delivery.claims:
            log.warning("delivery.again", delivery=delivery_id, claims=delivery.claims)
        delivery.claims, delivery.claimed_at = delivery.claims + 1, clock.now()
    return message


def send(message: compose.Outgoing) -> Handed:
    """Hand a message over and say as what; raise `DeliveryFailed` where the gateway did not take it."""
    try:
        if isinstance(message, Mail):
            messages.send_mail(message)
            return Handed(Form.EMAIL)
        return _send_to_telephone(message)
    except DeliveryFailed as error:
        # The cause may quote the address, and errors end up in the logs.
        raise DeliveryFailed(str(error)) from None


def _send_to_telephone(message: compose.ToTelephone) -> Handed:
    sms, size = Sms(message.to, message.text), Sms(message.to, message.text).size
    if messages.has_alimtalk():
        try:
            messages.send_alimtalk(Alimtalk(message.to, message.template, message.text, message.variables))
        except AlimtalkRefused:
            log.info("delivery.alimtalk_refused", template=message.template)
        else:
            return Handed(Form.ALIMTALK, message.template, size)
    messages.send_sms(sms)
    return Handed(Form.LMS if sms.is_long else Form.SMS, message.template, size)


def mark_sent(delivery_id: int, handed: Handed) -> None:
    """Note that a delivery was handed over (an effect)."""
    delivery = fresh(Delivery, delivery_id)
    if delivery is not None:
        delivery.state, delivery.sent_at, delivery.given_up_at = DeliveryState.SENT, clock.now(), None
        delivery.form, delivery.template, delivery.size = handed.form, handed.template, handed.size


def mark_failed(delivery_id: int) -> None:
    """Note that a delivery could not be handed over however often it was tried, in the transaction in progress."""
    delivery = fresh(Delivery, delivery_id)
    if delivery is not None and delivery.state == DeliveryState.WAITING:
        delivery.state, delivery.given_up_at = DeliveryState.FAILED, clock.now()
