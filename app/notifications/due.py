"""When somebody is to be reminded: Korean times of day, out of the night, and never of what is already over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from app.infra.clock import KST
from app.notifications import rules as house
from app.notifications.models import ReminderKind

_MOMENT = timedelta(minutes=1)


@dataclass(frozen=True)
class Wanted:
    """A reminder that should be there: when it is due, and until when it is of use (UTC)."""

    kind: ReminderKind
    due_at: datetime
    useful_until: datetime


def at(day: date, clock_time: time) -> datetime:
    """Return a Korean day and time of day as a moment in UTC."""
    return datetime.combine(day, clock_time, KST).astimezone(UTC)


def is_quiet(moment: datetime) -> bool:
    """True in the hours in which nobody is reminded."""
    rules = house.rules()
    now = moment.astimezone(KST).time()
    if rules.quiet_from <= rules.quiet_until:
        return rules.quiet_from <= now < rules.quiet_until
    return now >= rules.quiet_from or now < rules.quiet_until


def out_of_the_night(moment: datetime, before: datetime) -> datetime:
    """Return `moment`, or if it is in the quiet hours the morning after them.

    Where that would be too late for what begins at `before`: the evening before them.
    """
    rules, woken = house.rules(), after_the_night(moment)
    if woken == moment or woken <= before - timedelta(minutes=rules.still_in_time_minutes):
        return woken
    return at(woken.astimezone(KST).date() - _night(), rules.quiet_from) - _MOMENT


def after_the_night(moment: datetime) -> datetime:
    """Return `moment`, or if it is in the quiet hours their end."""
    if not is_quiet(moment):
        return moment
    rules, local = house.rules(), moment.astimezone(KST)
    morning = local.date() + (_night() if local.time() >= rules.quiet_from else timedelta(0))
    return at(morning, rules.quiet_until)


def _night() -> timedelta:
    """How many days lie between the dates on which the quiet hours begin and end."""
    rules = house.rules()
    return timedelta(days=1 if rules.quiet_from > rules.quiet_until else 0)


def of_booking(starts_at: datetime, since: datetime) -> list[Wanted]:
    """Return the reminders of a consultation whose time was settled at `since`: what was due by then was said then."""
    rules = house.rules()
    day = starts_at.astimezone(KST).date()
    soon = out_of_the_night(starts_at - timedelta(minutes=rules.soon_minutes), starts_at)
    day_before = out_of_the_night(at(day - timedelta(days=1), rules.day_before_at), starts_at)
    found = [Wanted(ReminderKind.BOOKING_DAY_BEFORE, day_before, soon)] if day_before < soon else []
    found.append(Wanted(ReminderKind.BOOKING_SOON, soon, starts_at))
    return [wanted for wanted in found if wanted.due_at > since]


def is_reminded_the_day_before(starts_at: datetime, now: datetime) -> bool:
    """True if the reminder of the day before a consultation is still to come."""
    return any(wanted.kind == ReminderKind.BOOKING_DAY_BEFORE for wanted in of_booking(starts_at, now))


def of_photograph(day: date, since: datetime) -> list[Wanted]:
    """Return the reminders to photograph a spot again: on `day`, and once more later."""
    rules = house.rules()
    days = (day, day + timedelta(days=rules.photograph_again_days))
    return [w for each in days if (w := _on(ReminderKind.PHOTOGRAPH_AGAIN, each, rules.photograph_at, since))]


def of_visit_in_person(see_by: datetime, since: datetime) -> list[Wanted]:
    """Return the reminder that a clinic should be seen by a day; none if that was said only just now."""
    rules = house.rules()
    last = see_by.astimezone(KST).date()
    day = last - timedelta(days=rules.in_person_days)
    wanted = _on(ReminderKind.IN_PERSON_DUE, day, rules.in_person_at, since)
    if wanted is None:
        return []
    end = at(last + timedelta(days=1), time())
    return [Wanted(wanted.kind, wanted.due_at, min(end, wanted.useful_until))]


def _on(kind: ReminderKind, day: date, clock_time: time, since: datetime) -> Wanted | None:
    moment = at(day, clock_time)
    if moment <= since:
        return None
    return Wanted(kind, moment, moment + timedelta(days=house.rules().late_days))
