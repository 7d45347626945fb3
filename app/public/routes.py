"""The pages anyone may read. They touch no database."""

from __future__ import annotations

from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_login import current_user

from app.cases import draft_rules
from app.permissions import Permission
from app.policy import holds, public
from app.web.preferences import CHOICES, is_local, store

blueprint = Blueprint("public", __name__, template_folder="templates")


def _start() -> str | None:
    """Where "take a photo" leads: a patient to the camera, a newcomer there by way of sign-up, others nowhere."""
    camera = url_for("patient.case_new")
    if not current_user.is_authenticated:
        return url_for("account.sign_up", next=camera)
    return camera if holds(current_user, Permission.CASE_SEND) else None


def _page(template: str, **values: Any) -> str:
    settings = current_app.extensions["salpim.settings"]
    return render_template(
        f"public/{template}.html", contact=settings.contact, reading_hours=settings.reading_hours, **values
    )


@blueprint.get("/")
@public
def landing() -> str:
    """What it is, for whom, and the one thing to do."""
    return _page("landing", start=_start())


@blueprint.get("/privacy")
@public
def privacy() -> str:
    """Which data is kept, why, how long, and the rights over it."""
    return _page("privacy", draft_days=draft_rules.rules().keep_days)


@blueprint.get("/terms")
@public
def terms() -> str:
    """What may be expected of the service, and what not."""
    return _page("terms")


@blueprint.get("/accessibility")
@public
def accessibility() -> str:
    """How the pages can be used, what is known to fall short, and whom to ask."""
    return _page("accessibility")


@blueprint.get("/emergencies")
@public
def emergencies() -> str:
    """When not to wait for an answer: 119, a hospital today, a dermatologist soon."""
    return _page("emergencies", start=_start())


@blueprint.get("/sources")
@public
def sources() -> str:
    """Whose pictures, letters and software are in use, and under which terms."""
    return _page("sources")


@blueprint.get("/preferences")
@public
def preferences() -> str:
    """Text size, colours, contrast and language on a page of their own."""
    return _page("preferences")


@blueprint.post("/preferences")
@public
def save_preferences() -> Response:
    """Store the one preference that was pressed and return to where the person was."""
    chosen = [(name, request.form[name]) for name in CHOICES if name in request.form]
    if not chosen:
        abort(400)
    back = request.form.get("next", "/")
    response = make_response(redirect(back if is_local(back) else "/", 303))
    for name, value in chosen:
        if not store(response, name, value, secure=bool(current_app.config["SESSION_COOKIE_SECURE"])):
            abort(400)
    return response
