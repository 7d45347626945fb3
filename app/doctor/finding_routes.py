"""The finding: written, shown as the patient will read it, signed, amended; and the patient's question."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.cases import advice, diagnoses, finding_words, signing
from app.cases.errors import CaseClosed
from app.cases.models import Case, CaseState, NextStep
from app.cases.reading import NotInHand, ReadFirst
from app.doctor import case_routes, words
from app.doctor.blueprint import blueprint
from app.doctor.common import doctor, explained, my_case
from app.doctor.forms import AnswerForm, DecisionForm, DigestForm
from app.permissions import Permission
from app.policy import requires


def _to(endpoint: str, case: Case, anchor: str | None = None) -> Response:
    return redirect(url_for(endpoint, public_id=case.public_id, _anchor=anchor))


@blueprint.post("/cases/<public_id>/decide")
@requires(Permission.FINDING_SIGN)
def finding_decide(public_id: str) -> Any:
    """Keep what was written; go on to the confirmation, or fetch the starting text of a diagnosis."""
    case, form = my_case(public_id), DecisionForm()
    amending = case.state == CaseState.SIGNED
    back = "doctor.finding_amend" if amending else "doctor.case"
    draft = form.draft(amending=amending)
    try:
        if request.form.get("action") == "template":
            signing.save_draft(case.id, doctor().id, _with_template(case, draft), complete=False)
            return _to(back, case, "decision")
        if form.validate():
            signing.save_draft(case.id, doctor().id, draft)
            return _to("doctor.finding_sign", case)
    except signing.DraftRefused as refused:
        form.show(refused)
    except ReadFirst:
        return _to("doctor.case", case)
    except NotInHand:
        return explained("returned")
    _keep_unfinished(case, draft)
    if amending:
        return _amend_page(case, form), 422
    return case_routes.page(case, decision=form), 422


def _keep_unfinished(case: Case, draft: signing.Draft) -> None:
    """Keep what cannot be signed yet: reloading, or another language, must not lose a page of writing."""
    if diagnoses.known(draft.diagnosis) and draft.next_step in set(NextStep):
        with suppress(ReadFirst, NotInHand):
            signing.save_draft(case.id, doctor().id, draft, complete=False)


def _with_template(case: Case, draft: signing.Draft) -> signing.Draft:
    if not diagnoses.known(draft.diagnosis):
        return draft
    suggested = advice.advice_for(draft.diagnosis)
    return signing.Draft(
        diagnosis=draft.diagnosis,
        advice=suggested.text(signing.patient_locale(case)),
        next_step=suggested.next_step.value,
        reason=draft.reason,
        within_days=suggested.within_days,
        amendment_reason=draft.amendment_reason,
    )


@blueprint.get("/cases/<public_id>/amend")
@requires(Permission.FINDING_SIGN)
def finding_amend(public_id: str) -> Any:
    """Write a new version of a signed finding."""
    case = my_case(public_id)
    if case.state != CaseState.SIGNED:
        return _to("doctor.case", case)
    draft = signing.draft_of(case.id, doctor().id) or signing.as_signed(case)
    return _amend_page(case, DecisionForm(formdata=None, data=draft.__dict__))


def _amend_page(case: Case, form: DecisionForm) -> str:
    return render_template("doctor/amend.html", form=form, amending=True, **case_routes.shown_of(case))


@blueprint.get("/cases/<public_id>/sign")
@requires(Permission.FINDING_SIGN)
def finding_sign(public_id: str) -> Any:
    """Show exactly what the patient will read."""
    case = my_case(public_id)
    draft = signing.draft_of(case.id, doctor().id)
    if draft is None:
        return _to("doctor.case", case)
    preview = signing.preview(case, doctor(), draft)
    return render_template(
        "doctor/sign.html",
        case=case,
        draft=draft,
        finding=preview,
        words=words,
        diagnoses=diagnoses,
        next_step=finding_words.next_step,
        moment=finding_words.moment,
        advice_of=advice.whose_text(draft.advice, draft.diagnosis),
    )


@blueprint.post("/cases/<public_id>/sign")
@requires(Permission.FINDING_SIGN)
def finding_signed(public_id: str) -> Any:
    """Sign it."""
    case, form = my_case(public_id), DigestForm()
    if not form.validate():
        return _to("doctor.finding_sign", case)
    try:
        finding = signing.sign(case.id, doctor().id, form.digest.data)
    except (signing.DraftChanged, signing.DraftRefused):
        flash(_("그 사이에 내용이 바뀌었습니다. 다시 확인하고 서명해 주세요."), "warning")
        return _to("doctor.finding_sign", case)
    except ReadFirst:
        return _to("doctor.case", case)
    except NotInHand:
        return explained("returned")
    if finding.version > 1:
        flash(_("고친 판독에 서명했습니다. 환자에게 알렸습니다."), "success")
    else:
        flash(_("판독에 서명했습니다. 환자에게 알렸습니다."), "success")
    return _to("doctor.case", case)


@blueprint.post("/cases/<public_id>/answer")
@requires(Permission.FINDING_SIGN)
def finding_answer(public_id: str) -> Any:
    """Answer the patient's question."""
    case, form = my_case(public_id), AnswerForm()
    if not form.validate():
        return case_routes.page(case, answer=form), 422
    try:
        signing.answer(case.id, doctor().id, form.answer.data)
    except (signing.NothingToAnswer, CaseClosed):
        flash(_("답할 질문이 없습니다."), "warning")
    else:
        flash(_("답을 보냈습니다."), "success")
    return _to("doctor.case", case, "question")
