"""Sending a notice by SMS or e-mail.

A delivery is one row with one job, and only who holds the job's lease may send: the claim is written,
and the lease renewed for longer than any gateway may take, in one transaction before the gateway is
called; that it was sent is written in the transaction that ends the job. So a message is sent once
while processes live, however often its event is told, and however many workers there are.

What no sender can promise is the moment between the gateway's "accepted" and our commit: if the process
dies there, nobody can know, and the next attempt sends the message a second time. A message too many is
the lesser harm here; the alternative would be one too few. `claims` tells how often that may have been.
"""

from __future__ import annotations

import structlog
from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _

from app.infra import clock, messages
from app.infra.database import fresh, transaction
from app.infra.jobs import Run
from app.infra.messages import DeliveryFailed, Mail, Sms
from app.notifications.models import Channel, Delivery
from app.notifications.words import WORDS
from config import Settings

log = structlog.get_logger(__name__)


def claim(run: Run, delivery_id: int) -> Sms | Mail | None:
    """Take a delivery in hand and return what to send; None if there is nothing (more) to send."""
    with transaction():
        run.keep_alive()
        delivery = fresh(Delivery, delivery_id)
        if delivery is None or delivery.sent_at is not None:
            return None
        message = _message(delivery)
        if message is None:
            return None
        if delivery.claims:
            log.warning("delivery.again", delivery=delivery_id, claims=delivery.claims)
        delivery.claims, delivery.claimed_at = delivery.claims + 1, clock.now()
    return message


def _message(delivery: Delivery) -> Sms | Mail | None:
    user = delivery.notice.user
    address = user.mobile if delivery.channel == Channel.SMS else user.email
    if not user.active or not address:
        return None
    words = WORDS[delivery.notice.kind]
    settings: Settings = current_app.extensions["salpim.settings"]
    with force_locale(user.locale):
        if delivery.channel == Channel.SMS:
            return Sms(address, str(words.short))
        body = _("%(text)s\n\n%(address)s", text=str(words.short), address=settings.public_url)
        return Mail(address, _("[살핌] %(title)s", title=str(words.title)), f"{body}\n")


def send(message: Sms | Mail) -> None:
    """Hand a message over; raise `DeliveryFailed` where the gateway did not take it."""
    try:
        if isinstance(message, Sms):
            messages.send_sms(message)
        else:
            messages.send_mail(message)
    except DeliveryFailed as error:
        # The cause may quote the address, and errors end up in the logs.
        raise DeliveryFailed(str(error)) from None


def mark_sent(delivery_id: int) -> None:
    """Note that a delivery was handed over (an effect)."""
    delivery = fresh(Delivery, delivery_id)
    if delivery is not None:
        delivery.sent_at = clock.now()
