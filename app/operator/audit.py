"""The audit log: who did what to whose data, and the proof that nobody changed what it says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import SelectChoice

from app.accounts.people import staff_names
from app.audit import reading, service
from app.audit.models import AuditEntry, Outcome
from app.infra.clock import KST
from app.operator.audit_words import audit_action
from app.operator.blueprint import door, page_number
from app.operator.forms import AuditFilterForm
from app.operator.wording import OUTCOMES
from app.permissions import Permission
from app.policy import requires

EARLIEST, LATEST = date(1900, 1, 1), date(9000, 1, 1)


@door.get("/audit")
@requires(Permission.AUDIT_READ)
def audit_log() -> str:
    """The entries, newest first."""
    form = AuditFilterForm(request.args)
    everything = SelectChoice("", _l("모두"))
    form.action.choices = [everything, *_actions()]
    form.outcome.choices = [everything, *(SelectChoice(key, words) for key, (words, _c) in OUTCOMES.items())]
    wanted = _filter(form) if form.validate() else reading.Filter()
    found = reading.page(wanted, page_number())
    accounts = {entry.number: _account(entry) for entry in found.entries}
    actors = {entry.actor_id for entry in found.entries}
    names = staff_names({number for number in actors | {*accounts.values()} if number is not None})
    kept: dict[str, Any] = {key: value for key, value in request.args.items() if key in form.data and value}
    return render_template(
        "operator/audit.html",
        form=form,
        found=found,
        names=names,
        accounts=accounts,
        only=_only(kept),
        base=url_for("operator.audit_log", **kept, page="PAGE").replace("PAGE", "%d"),
    )


def _only(kept: dict[str, Any]) -> Callable[..., str]:
    """Return what gives the address of the same entries, narrowed down to one person's."""
    return lambda **person: url_for("operator.audit_log", **{**kept, **person})


def _actions() -> list[SelectChoice]:
    """Every action that the log knows, in the order of the words that the reader sees."""
    return sorted(
        (SelectChoice(key, audit_action(key)) for key in reading.actions()), key=lambda choice: choice.label
    )


def _account(entry: AuditEntry) -> int | None:
    """Return whose account an entry is about, None for anything else."""
    kind, _colon, number = entry.target.partition(":")
    return int(number) if kind == "user" and number.isascii() and number.isdecimal() else None


def _filter(form: AuditFilterForm) -> reading.Filter:
    since, until = _within_reason(form.since.data), _within_reason(form.until.data)
    return reading.Filter(
        since=datetime.combine(since, time(), KST) if since else None,
        until=datetime.combine(until + timedelta(days=1), time(), KST) if until else None,
        action=form.action.data or None,
        outcome=form.outcome.data or None,
        actor_id=form.actor.data,
        patient_id=form.patient.data,
    )


def _within_reason(day: date | None) -> date | None:
    """A day that still has a day before and after it, in every time zone."""
    return min(max(day, EARLIEST), LATEST) if day else None


@door.post("/audit/verify")
@requires(Permission.AUDIT_READ)
def audit_verify() -> Response:
    """Check the whole log."""
    end, fault = service.verify()
    service.record("audit.verify", "audit", outcome=Outcome.DONE if fault is None else Outcome.FAILED)
    if fault is None:
        flash(_("접속기록 %(count)s건이 모두 온전합니다.", count=end.count), "success")
    else:
        text = _(
            "접속기록이 온전하지 않습니다. %(number)s번 기록: %(what)s. 그 앞의 %(count)s건은 온전합니다.",
            number=fault.number,
            what=fault.what,
            count=end.count,
        )
        flash(text, "error")
    return redirect(url_for("operator.audit_log"), 303)
