"""What the doctor's views share."""

from __future__ import annotations

from flask import Response, abort, flash, redirect, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from app.accounts.models import User
from app.cases import reading_views
from app.cases.models import Case
from app.cases.policy import patient_of_case, visible_cases
from app.policy import visible_or_404

PRIVATE = "private, no-store"


def doctor() -> User:
    """The signed-in doctor."""
    user: User = current_user._get_current_object()
    return user


def my_case(public_id: str) -> Case:
    """The doctor's case of this id. One that has just left their hand is explained, any other is a 404."""
    gone = reading_views.why_gone(public_id, doctor().id)
    if gone is not None:
        abort(explained(gone))
    query = visible_cases(doctor()).where(Case.public_id == public_id)
    return visible_or_404(query, patient_of_case(public_id))


def explained(gone: str) -> AnyResponse:
    """Say why a case is no longer here, and go back to the queue."""
    if gone == "withdrawn":
        flash(_("환자가 이 사례를 거두어들였습니다. 더 하실 일은 없습니다."), "info")
    else:
        flash(_("이 사례는 대기열로 돌아갔습니다. 첫 판독을 저장하셨다면 그대로 남아 있습니다."), "info")
    return redirect(url_for("doctor.home"))


def picture(data: bytes, media_type: str) -> Response:
    """A photo or heatmap as an answer that nobody keeps."""
    response = Response(data, mimetype=media_type)
    response.headers["Cache-Control"] = PRIVATE
    return response
