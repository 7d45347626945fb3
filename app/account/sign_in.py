"""Signing in with a code, the way home, confirming oneself, and the end of a session."""

from __future__ import annotations

import time

from flask import current_app, redirect, render_template, request, session, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from app.account import pending
from app.account.blueprint import blueprint
from app.account.codes import ask_for_code, code_is_right, wrong_code
from app.account.forms import CodeForm, CodeRequestForm, Confirm
from app.accounts import leaving, service, sessions
from app.accounts.codes import Purpose
from app.accounts.contacts import identities_of
from app.accounts.models import User
from app.accounts.security import HOME, enter
from app.extensions import limiter
from app.permissions import Role
from app.policy import public, signed_in
from app.web.preferences import is_local

HOMES = {Role.PATIENT: "patient.home", Role.DOCTOR: "doctor.home", Role.OPERATOR: "operator.home"}


def local_next() -> str:
    """Return where the visitor wanted to go, if that is a page of ours."""
    wanted = request.values.get("next", "")
    return wanted if is_local(wanted) else ""


@blueprint.get("/home")
@signed_in
def home() -> Response:
    """Where each role begins."""
    if current_user.patient is not None and leaving.open_for(current_user.patient) is not None:
        return redirect(
            url_for("account.my_data")
        )  # whoever wants to stay after all should not have to search
    endpoint = HOMES[Role(current_user.role)]
    known = endpoint in current_app.view_functions
    return redirect(url_for(endpoint if known else "account.settings"))


@blueprint.route("/login/code", methods=["GET", "POST"])
@limiter.limit("20 per minute; 100 per hour", methods=["POST"])
@public
def sign_in_code() -> Response | str:
    """Have a code sent to sign in with, for those without a password.

    The page of the password sends on what was typed there, so that nobody types it twice.
    """
    if current_user.is_authenticated:
        return redirect(local_next() or url_for(HOME))
    form = CodeRequestForm()
    if "without_password" in request.form and not form.identity.data:
        return redirect(url_for("account.sign_in_code", next=local_next() or None))
    if form.validate_on_submit() and form.identity.identity is not None:
        asked = ask_for_code(
            Purpose.SIGN_IN,
            form.identity.identity,
            form,
            next_loc=local_next(),
            shared=bool(form.shared.data),
        )
        if asked:
            return redirect(url_for("account.sign_in_enter"))
    return render_template("account/sign_in_code.html", form=form, next=local_next())


@blueprint.route("/login/code/enter", methods=["GET", "POST"])
@limiter.limit("30 per minute", methods=["POST"])
@public
def sign_in_enter() -> Response | str:
    """Enter the code."""
    waiting = pending.get(Purpose.SIGN_IN)
    if waiting is None:
        return redirect(url_for("account.sign_in_code"))
    form = CodeForm()
    if form.validate_on_submit() and code_is_right(waiting, form):
        user = _known(waiting)
        if user is not None:
            pending.drop()
            sessions.mark_shared(waiting.shared)
            return enter(user, waiting.channel, waiting.next or None)
        form.code.errors = [wrong_code()]
    return render_template(
        "account/sign_in_enter.html", form=form, identity=waiting.identity, next=waiting.next
    )


def _known(waiting: pending.Pending) -> User | None:
    identity = waiting.identity
    user = service.find_user(**{identity.channel.value: identity.value})
    return user if user is not None and user.active and user.role == Role.PATIENT else None


@blueprint.route("/confirm", methods=["GET", "POST"])
@limiter.limit("20 per minute", methods=["POST"])
@signed_in
def confirm_code() -> Response | str:
    """Before something grave, for those without a password: have a code sent to one's own number."""
    form = Confirm()
    identity = identities_of(current_user)[0]
    if form.validate_on_submit() and ask_for_code(Purpose.CONFIRM, identity, form, next_loc=local_next()):
        return redirect(url_for("account.confirm_enter"))
    return render_template("account/confirm_code.html", form=form, identity=identity, next=local_next())


@blueprint.route("/confirm/enter", methods=["GET", "POST"])
@limiter.limit("30 per minute", methods=["POST"])
@signed_in
def confirm_enter() -> Response | str:
    """Enter that code."""
    waiting = pending.get(Purpose.CONFIRM)
    if waiting is None or waiting.identity not in identities_of(current_user):
        return redirect(url_for("account.confirm_code"))
    form = CodeForm()
    if form.validate_on_submit() and code_is_right(waiting, form):
        pending.drop()
        session["fs_paa"] = time.time()  # what Flask-Security reads as the moment of the last proof
        return redirect(waiting.next or url_for("account.security"))
    return render_template("account/confirm_enter.html", form=form, identity=waiting.identity)


@blueprint.post("/keep-session")
@signed_in
def keep_session() -> tuple[str, int]:
    """Someone is still sitting here (the look at the session has already noted it)."""
    return "", 204


@blueprint.get("/signed-out")
@public
def idle() -> Response | str:
    """Where a shared device ends up after a while without anyone touching it."""
    # Another window of the same session may still be in use; this page does not end it.
    return render_template("account/idle.html", still_signed_in=current_user.is_authenticated)
