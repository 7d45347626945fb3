"""For whom a helper is acting at present: chosen once, said on every page, until they choose anew.

While somebody is chosen, lists and forms are about that person alone; otherwise they are about the user and
the children in their care, and never about those whom they help. A page about one object (a case, a booking)
is about whomever the object belongs to, whatever was chosen.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, flash, g, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.accounts import care
from app.accounts.models import Patient, User
from app.accounts.proxy_access import in_force
from app.accounts.proxy_models import ProxyPermission
from app.extensions import Base, db
from app.permissions import Role

_CHOSEN = "acting_for"
_SUBJECT = "salpim.subject"


def init_app(app: Flask) -> None:
    """Look before every view whether the permission still stands; tell templates for whom one acts."""
    app.before_request(_look)
    app.add_template_global(shown, "acting_for")


def choose(permission: ProxyPermission) -> None:
    """Act for this patient from now on."""
    session[_CHOSEN] = permission.patient.public_id
    _void_open_forms()


def stop() -> None:
    """Act for oneself again."""
    session.pop(_CHOSEN, None)
    _void_open_forms()


def _void_open_forms() -> None:
    # A form that was opened for somebody else, in another window, must not be sent for this one.
    session.pop("csrf_token", None)
    g.pop("csrf_token", None)


def chosen(user: User) -> ProxyPermission | None:
    """Return the permission by which `user` acts at present, None if they act for themself."""
    public_id = session.get(_CHOSEN)
    return _held(user, Patient.public_id == public_id) if isinstance(public_id, str) else None


def _held(user: User, which: Any) -> ProxyPermission | None:
    query = (
        select(ProxyPermission)
        .join(ProxyPermission.patient)
        .options(joinedload(ProxyPermission.patient))
        .where(ProxyPermission.proxy_id == user.id, in_force(), which)
    )
    return db.session.scalar(query)


def people(user: User) -> list[Patient]:
    """Return whom lists are about: the one chosen, or else the user and their children."""
    permission = chosen(user)
    return [permission.patient] if permission is not None else care.patients_for(user)


def people_to_act_for(user: User) -> list[Patient]:
    """Return those of `people` for whom something new may be started."""
    permission = chosen(user)
    return [permission.patient] if permission is not None else care.in_charge_of(user)


def outgrown(user: User) -> list[Patient]:
    """Return the children among `people` who have turned 14."""
    return [] if chosen(user) is not None else care.outgrown(user)


def note(row: Base) -> None:
    """Remember whom the page that is being made is about."""
    patient_id = row.id if isinstance(row, Patient) else getattr(row, "patient_id", None)
    if isinstance(patient_id, int):
        setattr(g, _SUBJECT, patient_id)


def shown() -> ProxyPermission | None:
    """Return the permission by which the person of this page is acted for; None on pages about oneself."""
    if not current_user.is_authenticated or current_user.role != Role.PATIENT:
        return None
    subject = getattr(g, _SUBJECT, None)
    if subject is None:
        return chosen(current_user)
    return _held(current_user, ProxyPermission.patient_id == subject)


def _look() -> Any:
    if _CHOSEN not in session or not current_user.is_authenticated:
        return None
    if chosen(current_user) is not None:
        return None
    stop()
    # What was about to be done was meant for somebody else: it is not done for oneself instead.
    if request.method == "POST" and request.blueprint == "patient":
        flash(_("그 사이에 대신할 수 있는 허락이 끝나 하지 않았습니다."), "warning")
        return redirect(url_for("account.helping"), 303)
    flash(_("대신할 수 있는 허락이 끝났습니다. 이제 내 것만 보입니다."), "warning")
    return None
