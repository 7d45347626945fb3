"""A case on the doctor's table: the photos, the doctor's own first reading, then what the model said.

Nothing of the model's opinion may leave this module before the reveal: the opinion itself, the heatmap,
their sizes and their very existence are asked of `reading_views.revealed` and `reading_policy`.
"""

from __future__ import annotations

from typing import Any

from flask import Response, abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.cases import advice, body_sites, photos, questions, reading, reading_policy, reading_views, signing
from app.cases.models import Case, CaseState, Photo, Prediction
from app.cases.policy import patient_of_photo, visible_photos
from app.doctor import words
from app.doctor.blueprint import blueprint
from app.doctor.common import doctor, explained, my_case, picture
from app.doctor.forms import AnswerForm, DecisionForm, FirstReadForm
from app.infra.storage import ObjectLost
from app.permissions import Permission
from app.policy import requires, visible_or_404


@blueprint.get("/cases/<public_id>")
@requires(Permission.CASE_READ_ASSIGNED)
def case(public_id: str) -> Any:
    """The case, in the stage in which it is."""
    return page(my_case(public_id))


def page(found: Case, **forms: Any) -> Any:
    """Render a case: before the first reading, before the reveal, before the signature, or signed."""
    context = shown_of(found)
    read = context["first_read"]
    if found.state == CaseState.SIGNED:
        return _signed(found, context, forms)
    if read is None:
        return render_template("doctor/case_read.html", form=forms.get("read") or FirstReadForm(), **context)
    if context["revealed"] is None:
        return render_template("doctor/case_reveal.html", **context)
    decision = forms.get("decision") or decision_form(found, read.diagnosis)
    return render_template("doctor/case_decide.html", form=decision, amending=False, **context)


def shown_of(found: Case) -> dict[str, Any]:
    """Return what every stage of a case shows; of the model's opinion nothing before the reveal."""
    me = doctor()
    return {
        "case": found,
        "site": body_sites.find(found.lesion.body_site if found.lesion else None),
        "answers": questions.in_words(found.answers, found.note),
        "earlier": reading_views.earlier(me, found),
        "earlier_photos": reading_views.earlier_photos(me, found),
        "first_read": reading.first_read_of(found.id, me.id),
        "revealed": reading_views.revealed(me, found),
        "words": words,
    }


def _signed(found: Case, context: dict[str, Any], forms: dict[str, Any]) -> str:
    versions = reading_views.findings_of(found)
    return render_template(
        "doctor/case_signed.html",
        versions=versions,
        genuine={finding.id: signing.is_genuine(finding) for finding in versions},
        form=forms.get("answer") or AnswerForm(),
        waiting=reading.waiting_count(),
        **context,
    )


def decision_form(found: Case, first_diagnosis: str) -> DecisionForm:
    """The form as the doctor left it, or as their own first reading suggests it."""
    draft = signing.draft_of(found.id, doctor().id)
    if draft is None:
        suggested = advice.advice_for(first_diagnosis)
        draft = signing.Draft(
            diagnosis=first_diagnosis,
            advice=suggested.text(signing.patient_locale(found)),
            next_step=suggested.next_step.value,
            within_days=suggested.within_days,
        )
    return DecisionForm(formdata=None, data=draft.__dict__)


@blueprint.get("/cases/<public_id>/photos/<photo_id>")
@requires(Permission.CASE_READ_ASSIGNED)
def case_photo(public_id: str, photo_id: str) -> Response:
    """One photo."""
    photo = _photo(public_id, photo_id)
    try:
        return picture(photos.read(photo), photos.JPEG)
    except ObjectLost:
        abort(404)


@blueprint.get("/cases/<public_id>/earlier/<photo_id>")
@requires(Permission.CASE_READ_ASSIGNED)
def case_earlier_photo(public_id: str, photo_id: str) -> Response:
    """One photo of the same lesion from before."""
    found = my_case(public_id)
    query = reading_policy.earlier_photos(doctor(), found).where(Photo.public_id == photo_id)
    photo = visible_or_404(query)
    try:
        return picture(photos.read(photo), photos.JPEG)
    except ObjectLost:
        abort(404)


def _photo(public_id: str, photo_id: str) -> Photo:
    wanted = (Photo.public_id == photo_id) & (Case.public_id == public_id)
    return visible_or_404(visible_photos(doctor()).where(wanted), patient_of_photo(photo_id))


@blueprint.get("/cases/<public_id>/photos/<photo_id>/heatmap")
@requires(Permission.CASE_READ_ASSIGNED)
def case_heatmap(public_id: str, photo_id: str) -> Response:
    """Where the model looked; before the reveal there is no such page, whatever is stored."""
    photo = _photo(public_id, photo_id)
    query = reading_policy.revealed_predictions(doctor()).where(
        Prediction.photo_id == photo.id, Prediction.heatmap_id.is_not(None)
    )
    said = visible_or_404(query.order_by(Prediction.id.desc()).limit(1))
    try:
        return picture(reading_views.heatmap_bytes(said), "image/png")
    except ObjectLost:
        abort(404)


@blueprint.post("/cases/<public_id>/first-read")
@requires(Permission.FINDING_SIGN)
def case_first_read(public_id: str) -> Any:
    """Store the doctor's own reading."""
    found, form = my_case(public_id), FirstReadForm()
    if not form.validate():
        return page(found, read=form), 422
    try:
        reading.store_first_read(
            found.id,
            doctor().id,
            diagnosis=form.diagnosis.data,
            confidence=form.confidence.data,
            note=(form.note.data or "").strip() or None,
        )
    except reading.NotInHand:
        return explained("returned")
    return redirect(url_for("doctor.case", public_id=public_id))


@blueprint.post("/cases/<public_id>/reveal")
@requires(Permission.FINDING_SIGN)
def case_reveal(public_id: str) -> AnyResponse:
    """Show the model's opinion from now on."""
    found = my_case(public_id)
    try:
        reading.reveal(found.id, doctor().id)
    except reading.ReadFirst:
        flash(_("먼저 사진만 보고 판독해 주세요."), "warning")
    except reading.NotInHand:
        return explained("returned")
    return redirect(url_for("doctor.case", public_id=public_id, _anchor="opinion"))


@blueprint.post("/cases/<public_id>/put-back")
@requires(Permission.QUEUE_TAKE)
def case_put_back(public_id: str) -> AnyResponse:
    """Return the case to the queue."""
    found = my_case(public_id)
    try:
        reading.put_back(found.id, doctor().id)
    except reading.NotInHand:
        return explained("returned")
    flash(_("사례를 대기열의 제자리에 돌려놓았습니다."), "success")
    return redirect(url_for("doctor.home"))
