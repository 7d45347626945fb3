"""The doctor's home: what waits, what is in hand, and one way in."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.cases import reading, reading_views
from app.cases.reading_rules import rules
from app.consultations import service as consultations
from app.doctor import words
from app.doctor.blueprint import blueprint
from app.doctor.common import doctor
from app.infra import clock
from app.permissions import Permission
from app.policy import requires


@blueprint.get("/")
@requires(Permission.QUEUE_TAKE)
def home() -> str:
    """How many cases wait, and what this doctor has begun."""
    me, today = doctor(), clock.today_in_korea().date()
    return render_template(
        "doctor/home.html",
        waiting=reading.waiting_count(),
        held=reading.in_hand(me.id),
        hold_limit=rules().hold_limit,
        hold_hours=rules().hold_hours,
        questions=reading_views.open_questions(me.id),
        words=words,
        today=consultations.agenda(me.id, today, 1).get(today, []),
    )


@blueprint.get("/queue")
@requires(Permission.QUEUE_TAKE)
def queue() -> str:
    """The number again, for a page that stays open."""
    return render_template("doctor/_queue.html", waiting=reading.waiting_count())


@blueprint.post("/next")
@requires(Permission.QUEUE_TAKE)
def next_case() -> Response:
    """Take the next case."""
    try:
        case = reading.take_next(doctor().id)
    except reading.HandsFull:
        flash(_("먼저 손에 있는 사례를 마치거나 돌려놓아 주세요."), "warning")
        return redirect(url_for("doctor.home"))
    if case is None:
        flash(_("지금 기다리는 사례가 없습니다."), "info")
        return redirect(url_for("doctor.home"))
    return redirect(url_for("doctor.case", public_id=case.public_id))


@blueprint.get("/readings")
@requires(Permission.CASE_READ_ASSIGNED)
def readings() -> Any:
    """What this doctor has in hand and has signed."""
    me = doctor()
    tab = "held" if request.args.get("tab") == "held" else "signed"
    page = request.args.get("page", 1, int)
    return render_template(
        "doctor/readings.html",
        words=words,
        tab=tab,
        held=reading.in_hand(me.id),
        signed=reading_views.signed_cases(me.id, page) if tab == "signed" else None,
    )
