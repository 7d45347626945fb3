"""By which channels a person is told: what they have, what they chose, and what goes every way there is."""

from __future__ import annotations

from app.accounts.models import User
from app.audit import service as audit
from app.extensions import db
from app.infra import clock
from app.infra.database import fresh, transaction
from app.notifications.models import Channel, ChannelChoice, Choice, NoticeKind

ABOUT_BOOKINGS = frozenset({NoticeKind.BOOKING_MADE, NoticeKind.BOOKING_MOVED, NoticeKind.BOOKING_CANCELLED})
"""These come with a file for the calendar, which only an e-mail can carry."""

ALWAYS = frozenset({NoticeKind.CASE_URGENT, NoticeKind.BOOKING_MOVED, NoticeKind.BOOKING_CANCELLED})
"""What nobody should miss goes by every channel that a person has, whatever they chose."""


def channels_of(user: User) -> list[Channel]:
    """Return what a person can be reached by; both addresses were proven to be theirs when they were entered."""
    addresses = ((Channel.SMS, user.mobile), (Channel.EMAIL, user.email))
    return [channel for channel, address in addresses if address]


def choice_of(user_id: int) -> Choice:
    """Return what a person chose; the usual way if they never did."""
    row = db.session.get(ChannelChoice, user_id)
    return Choice(row.choice) if row is not None else Choice.USUAL


def channels_for(user: User, kind: NoticeKind) -> list[Channel]:
    """Return by which channels a person is told of something, at least one of those that they have."""
    has = channels_of(user)
    if kind in ALWAYS:
        return has
    choice = choice_of(user.id)
    if choice == Choice.USUAL:
        by_mail_too = kind in ABOUT_BOOKINGS
        return [channel for channel in has if channel == has[0] or by_mail_too]
    wanted = set(Channel) if choice == Choice.BOTH else {Channel(choice.value)}
    return [channel for channel in has if channel in wanted] or has[:1]


def choose(user_id: int, choice: Choice) -> None:
    """Keep what a person wants from now on."""
    with transaction() as session:
        row = fresh(ChannelChoice, user_id)
        if row is None:
            row = ChannelChoice(user_id=user_id)
            session.add(row)
        row.choice, row.chosen_at = choice, clock.now()
        audit.record("account.channels_chosen", f"user:{user_id}")
