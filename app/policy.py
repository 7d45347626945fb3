"""Deny by default: each view declares what it takes to enter, and nothing undeclared is served.

A declaration answers "may this kind of person come through this door"; whether this person may
touch this object is asked of the domain's own `policy.py` (`can_x`, `visible_x`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask, abort, current_app, g, request
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy import Select

from app.accounts import acting
from app.accounts.models import User
from app.accounts.proxy_access import permission_id
from app.accounts.security import back_to_second_factor, owes_second_factor
from app.audit import service as audit
from app.audit.models import Outcome
from app.audit.service import nobody
from app.extensions import Base, db, security
from app.permissions import ROLE_PERMISSIONS, Permission, Role
from app.web import errors

View = TypeVar("View", bound=Callable[..., Any])
Row = TypeVar("Row", bound=Base)

_MARK = "__salpim_access__"


@dataclass(frozen=True)
class Access:
    """What a view asks for: nothing (`public`), a signed-in person, or a permission; or it is `closed`.

    half_way: public for visitors, who are on their way in; who is signed in already is looked at as elsewhere.
    """

    public: bool = False
    half_way: bool = False
    permission: Permission | None = None
    closed: bool = False


PUBLIC = Access(public=True)
HALF_WAY = Access(public=True, half_way=True)
SIGNED_IN = Access()
CLOSED = Access(closed=True)
"""For views that come with an extension and are not used here: nobody finds them."""


def public(view: View) -> View:
    """Declare that anyone may see this view."""
    setattr(view, _MARK, PUBLIC)
    return view


def signed_in(view: View) -> View:
    """Declare that any signed-in person may see this view."""
    setattr(view, _MARK, SIGNED_IN)
    return view


def requires(permission: Permission) -> Callable[[View], View]:
    """Declare that only holders of `permission` may see this view."""

    def mark(view: View) -> View:
        setattr(view, _MARK, Access(permission=permission))
        return view

    return mark


def declare(app: Flask, endpoints: dict[str, Access]) -> None:
    """Declare views that come with an extension, by endpoint."""
    for endpoint, access in endpoints.items():
        setattr(app.view_functions[endpoint], _MARK, access)


def access_of(app: Flask, endpoint: str) -> Access | None:
    """Return an endpoint's declaration, None if it has none."""
    view = app.view_functions.get(endpoint)
    access: Access | None = getattr(view, _MARK, None)
    return access


def holds(user: Any, permission: Permission) -> bool:
    """True if `user` is a signed-in, active person whose role holds `permission`."""
    return isinstance(user, User) and user.active and permission in ROLE_PERMISSIONS[user.role]


def visible_or_404(query: Select[Row], whose: Select[int] | None = None) -> Row:
    """Return the one row that the policy's query lets through; 404 also for what is only hidden.

    whose: selects the id of the patient whom the hidden row is about, so that they learn of the attempt.
    """
    row = db.session.scalar(query)
    if row is None:
        if current_user.is_authenticated:
            about = None if whose is None else db.session.scalar(whose.limit(1))
            endpoint = f"{request.endpoint}"[:96]
            audit.record("access.denied", endpoint, patient_id=about, outcome=Outcome.DENIED)
        abort(404)
    acting.note(row)
    return row


def init_app(app: Flask) -> None:
    """Install the guard in front of every view."""
    app.before_request(_introduce)
    app.before_request(_guard)
    acting.init_app(app)
    app.register_error_handler(CSRFError, _token_refused)


def _introduce() -> None:
    user = current_user if current_user.is_authenticated else None
    audit.act_as(
        audit.Actor(
            user_id=user.id if user else None,
            role=str(user.role) if user else "visitor",
            address=request.remote_addr,
            request_id=getattr(g, "request_id", None),
            proxy_for=_permission_by_which(user.id) if user and user.role == Role.PATIENT else nobody,
        )
    )


def _permission_by_which(user_id: int) -> Callable[[int], str | None]:
    """Return what tells the audit log by whose permission the user acts for a patient."""
    known: dict[int, str] = {}

    def find(patient_id: int) -> str | None:
        if patient_id not in known:
            found = permission_id(user_id, patient_id)
            if found is None:
                return None
            known[patient_id] = found
        return known[patient_id]

    return find


def _guard() -> Any:
    if request.endpoint is None:
        return None  # the router's own 404 or 405
    access = access_of(current_app, request.endpoint)
    if access is None:
        current_app.logger.error("endpoint %s declares no access", request.endpoint)
        abort(403)
    if access.closed:
        abort(404)
    if access.public and not (access.half_way and current_user.is_authenticated):
        return None
    if not current_user.is_authenticated:
        _refuse_fragments()
        return security.login_manager.unauthorized()
    if owes_second_factor(current_user):
        _refuse_fragments()
        return back_to_second_factor(current_user._get_current_object())
    if access.permission is not None and not holds(current_user, access.permission):
        audit.record("access.denied", request.endpoint[:96], outcome=Outcome.DENIED)
        abort(403)
    return None


def _token_refused(_error: CSRFError) -> Any:
    # The token goes with the session. Who was signed out meanwhile needs to sign in, not a form once more.
    access = access_of(current_app, request.endpoint) if request.endpoint else None
    for_anyone = access is None or access.public or access.closed
    if for_anyone or current_user.is_authenticated:
        return errors.error_response(400, errors.FORM_EXPIRED)
    if _wants_no_page():
        return errors.error_response(401, errors.explain(401))
    return security.login_manager.unauthorized()


def _refuse_fragments() -> None:
    """A part of a page, or a script, cannot be answered with the way to sign in."""
    if _wants_no_page():
        abort(401)


def _wants_no_page() -> bool:
    in_parts = request.headers.get("HX-Request") or request.accept_mimetypes.best == "text/event-stream"
    return bool(in_parts) or errors.wants_json()
