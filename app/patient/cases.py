"""One case from sending to the finding, kept up to date while it is open; the question after it."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from app.accounts import acting
from app.accounts import service as accounts
from app.accounts import words as account_words
from app.accounts.errors import NotYours
from app.audit import service as audit
from app.cases import (
    body_sites,
    diagnoses,
    finding_words,
    lesions,
    policy,
    questions,
    service,
    signing,
    watching,
)
from app.cases.errors import AlreadyAsked, CaseClosed, EmptyQuestion, NoSuchCase, OfAge
from app.cases.models import Case, CaseState
from app.consultations import agenda as bookings
from app.consultations.models import Booking
from app.infra import events, live
from app.patient import status
from app.patient.access import case_or_404, me, settings
from app.patient.blueprint import blueprint
from app.patient.forms import QuestionForm
from app.patient.lesions import day
from app.patient.wizard import resume_url
from app.permissions import Permission
from app.policy import requires
from app.records import finding_data

LIVE_EVENTS = (
    "case.analysed",
    "case.urgent",
    "case.taken",
    "case.returned",
    "case.overdue",
    "case.withdrawn",
    "finding.signed",
    "finding.amended",
    "case.question_asked",
    "case.question_answered",
    "lesion.watch_set",
    "booking.cancelled",
)


def _values(case: Case, form: QuestionForm | None = None) -> dict[str, Any]:
    """Return what the page and its live part show. Before the signature nothing of the model's is among it."""
    genuine = [(finding, signing.is_genuine(finding)) for finding in reversed(case.findings)]
    if case.state == CaseState.SIGNED and case.finding is not None:
        audit.record("finding.read", f"finding:{case.finding.public_id}", patient_id=case.patient_id)
    machine = status.machine_part(case) if policy.can_see_opinion(me(), case) else None
    if machine is not None:
        audit.record("prediction.read", case.topic, patient_id=case.patient_id)
    return {
        "case": case,
        "several": len(acting.people(me())) > 1,
        "status": status.describe(case, _visit(case)),
        "at_once": finding_words.at_once(),
        "check_code": finding_data.check_code,
        "long_day": day,
        "proposed": watching.proposal(case.lesion, _sent_about(case)) if case.lesion else None,
        "can_follow": case.lesion is not None and policy.can_follow(me(), case.lesion),
        "urgency": status.urgency(case),
        "findings": genuine,
        "diagnoses": diagnoses,
        "machine": machine,
        "next_step": status.next_step,
        "moment": status.moment,
        "site": body_sites.find(case.lesion.body_site if case.lesion else None),
        "answers": questions.in_words(case.answers, case.note),
        "can_withdraw": policy.can_withdraw(me(), case),
        "can_ask": policy.can_ask(me(), case),
        "can_book": policy.can_book(me(), case),
        "of_age": account_words.of_age(case.patient.name)
        if accounts.outgrown_by(me(), case.patient)
        else None,
        "form": form or QuestionForm(),
        "contact": settings().contact,
        "live_events": " ".join(LIVE_EVENTS),
    }


def _sent_about(case: Case) -> list[Case]:
    return lesions.story_of(me(), case.lesion) if case.lesion is not None else []


def _visit(case: Case) -> Booking | None:
    """Return the visit that was booked about the case: the next one, else the latest that took place."""
    if case.state != CaseState.SIGNED:
        return None
    whose = [case.patient_id]
    upcoming = [booking for booking in bookings.upcoming_for(whose, me()) if booking.case_id == case.id]
    past = [b for b in bookings.past_for(whose, me()) if b.case_id == case.id and b.cancelled_at is None]
    return next(iter(bookings.shown([*upcoming, *past][:1], me())), None)


@blueprint.get("/cases/<public_id>")
@requires(Permission.CASE_READ_OWN)
def case(public_id: str) -> Response | str:
    """Where a case stands; a draft leads on to its form."""
    after = events.last_id()  # before the case is read, so that nothing falls in between
    row = case_or_404(public_id)
    if row.state == CaseState.DRAFT:
        return redirect(resume_url(row), 303)
    return render_template("patient/case.html", after=after, **_values(row))


@blueprint.get("/cases/<public_id>/status")
@requires(Permission.CASE_READ_OWN)
def case_status(public_id: str) -> str | tuple[str, int]:
    """The part of the page that changes; nothing (204) while it is as the page has `seen` it."""
    row = case_or_404(public_id)
    if request.args.get("seen") == status.version(row, _visit(row)):
        return "", 204
    return render_template("patient/_case_status.html", **_values(row))


@blueprint.get("/cases/<public_id>/events")
@requires(Permission.CASE_READ_OWN)
def case_events(public_id: str) -> Response:
    """What happens to the case, as server-sent events."""
    row = case_or_404(public_id)
    visit = _visit(row)
    told_by = [row.lesion, visit]  # when to photograph it again, and the visit, stand on the page too
    return live.stream([row.topic, *(thing.topic for thing in told_by if thing is not None)])


@blueprint.post("/cases/<public_id>/question")
@requires(Permission.CASE_READ_OWN)
def case_question(public_id: str) -> Response | tuple[str, int]:
    """Ask the one question about the finding."""
    row = case_or_404(public_id)
    form = QuestionForm()
    if not form.validate_on_submit():
        after = events.last_id()
        return render_template("patient/case.html", after=after, **_values(row, form)), 422
    try:
        service.ask(me(), row.public_id, form.text.data)
    except AlreadyAsked:
        flash(_("질문은 한 번만 하실 수 있습니다. 이미 보내신 질문은 그대로 있습니다."), "info")
    except EmptyQuestion:
        flash(_("물어볼 것을 적어 주세요."), "warning")
    else:
        flash(_("질문을 보냈습니다. 의사가 답하면 알려 드립니다."), "success")
    return redirect(url_for("patient.case", public_id=public_id), 303)


@blueprint.errorhandler(CaseClosed)
def closed(_error: CaseClosed) -> Response:
    """Another window was faster: show how the case stands now."""
    flash(_("그 사이에 상태가 바뀌어 고칠 수 없습니다. 지금 상태를 보여 드립니다."), "warning")
    return redirect(url_for("patient.case", public_id=(request.view_args or {})["public_id"]), 303)


@blueprint.errorhandler(OfAge)
def of_age(_error: OfAge) -> Response:
    """The child has grown up meanwhile: say why this ends here, and what to do."""
    case = case_or_404((request.view_args or {})["public_id"])
    flash(account_words.of_age(case.patient.name), "warning")
    return redirect(url_for("patient.home"), 303)


@blueprint.errorhandler(NotYours)
def not_permitted(_error: NotYours) -> Response:
    """The patient has taken their permission back at this very moment."""
    flash(_("그 사이에 대신할 수 있는 허락이 끝나 하지 않았습니다."), "warning")
    return redirect(url_for("patient.home"), 303)


@blueprint.errorhandler(NoSuchCase)
def gone(_error: NoSuchCase) -> Any:
    """What is not there, or not theirs."""
    return current_app.handle_http_exception(NotFound())
