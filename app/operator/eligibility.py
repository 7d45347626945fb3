"""The rules of eligibility: by date, with their history, added, replaced, ended, and tried on made-up facts."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import SelectChoice

from app.accounts.people import staff_names
from app.consultations import eligibility, eligibility_words
from app.consultations import eligibility_rules as service
from app.consultations.eligibility import Facts
from app.consultations.eligibility_models import EligibilityRule, RuleKind
from app.infra import clock
from app.operator.blueprint import door
from app.operator.eligibility_forms import EndForm, RuleForm, TryForm
from app.permissions import Permission
from app.policy import requires, visible_or_404
from app.regions import areas


def _today() -> Any:
    return clock.today_in_korea().date()


def _state(rule: EligibilityRule) -> tuple[str, str]:
    """Where a version stands today: a word and a colour."""
    if rule.closed_at is not None:
        return _("바뀌기 전 판"), "gray"
    if not rule.active:
        return _("쓰지 않음"), "gray"
    if _today() < rule.valid_from:
        return _("예정"), "information"
    if rule.valid_until is not None and rule.valid_until < _today():
        return _("끝남"), "gray"
    return _("지금 쓰임"), "success"


door.add_app_template_global(_state, "rule_state")


@door.get("/eligibility")
@requires(Permission.ELIGIBILITY_MANAGE)
def eligibility_rules() -> str:
    """Every rule in its current version, in order of time; and the form to try them."""
    rules = sorted(service.current_rules(), key=lambda rule: rule.valid_from)
    return _list(rules, _try_form())


def _list(rules: list[EligibilityRule], form: TryForm, **more: Any) -> str:
    return render_template(
        "operator/eligibility.html",
        rules=rules,
        counts=service.admitted_counts(rules),
        try_form=form,
        words=eligibility_words,
        **more,
    )


def _try_form() -> TryForm:
    form = TryForm(request.args if request.args else None)
    if not form.on.data:
        form.on.data = _today()
    places = [SelectChoice("", _l("적지 않음"))]
    places += [SelectChoice(code, eligibility_words.area_name(code)) for code in areas.areas()]
    form.patient_area.choices = form.doctor_area.choices = places
    exceptions = [rule for rule in service.current_rules() if rule.kind == RuleKind.EXCEPTION]
    form.exceptions.choices = [SelectChoice(r.key, eligibility_words.title(r)) for r in exceptions]
    return form


@door.get("/eligibility/try")
@requires(Permission.ELIGIBILITY_MANAGE)
def eligibility_try() -> Any:
    """Which rule admits, for these facts on this day."""
    form = _try_form()
    rules = service.current_rules()
    if not form.validate():
        return _list(rules, form), 422
    facts = Facts(
        patient_area=form.patient_area.data or None,
        doctor_area=form.doctor_area.data or None,
        about_lesion=bool(form.last_visit.data or form.last_reading.data),
        last_visit=form.last_visit.data,
        last_reading=form.last_reading.data,
        exceptions=frozenset(form.exceptions.data or ()),
    )
    return _list(
        sorted(rules, key=lambda rule: rule.valid_from),
        form,
        tried=eligibility.decide(facts, rules, form.on.data),
    )


@door.route("/eligibility/new", methods=["GET", "POST"])
@requires(Permission.ELIGIBILITY_MANAGE)
def eligibility_new() -> Any:
    """Add a rule."""
    form = RuleForm(valid_from=_today())
    if form.validate_on_submit():
        try:
            rule = service.add_rule(form.rule(), current_user.id)
        except service.RuleInvalid as error:
            _mark(form, error)
        else:
            flash(_("규칙을 더했습니다."), "success")
            return redirect(url_for("operator.eligibility_rule", public_id=rule.public_id), 303)
    page = render_template("operator/eligibility_new.html", form=form)
    return (page, 422) if form.is_submitted() else page


def _mark(form: RuleForm, error: service.RuleInvalid) -> None:
    form[error.fault].errors = [*form[error.fault].errors, _("이 칸을 다시 확인해 주세요.")]


def _rule_or_404(public_id: str) -> EligibilityRule:
    return visible_or_404(select(EligibilityRule).where(EligibilityRule.public_id == public_id))


@door.get("/eligibility/<public_id>")
@requires(Permission.ELIGIBILITY_MANAGE)
def eligibility_rule(public_id: str) -> str:
    """One version of a rule, the form for the next, and what the rule said before."""
    return _page(_rule_or_404(public_id))


def _page(rule: EligibilityRule, form: RuleForm | None = None, *, overtaken: bool = False) -> str:
    history = service.history_of(rule.key)
    return render_template(
        "operator/eligibility_rule.html",
        rule=rule,
        newest=history[0],
        form=form or RuleForm.showing(rule),
        end=EndForm(formdata=None, data={"last_day": rule.valid_until or max(_today(), rule.valid_from)}),
        history=history,
        counts=service.admitted_counts(history),
        names=staff_names({one.created_by_id for one in history if one.created_by_id is not None}),
        overtaken=overtaken,
        words=eligibility_words,
    )


@door.post("/eligibility/<public_id>")
@requires(Permission.ELIGIBILITY_MANAGE)
def eligibility_change(public_id: str) -> Any:
    """Replace this version by the next. Who comes second is shown what holds now, and keeps what they wrote."""
    rule, form = _rule_or_404(public_id), RuleForm()
    if form.validate_on_submit():
        try:
            changed = service.change_rule(rule.id, form.rule(), current_user.id)
        except service.RuleInvalid as error:
            _mark(form, error)
        except service.RuleChanged as error:
            return _page(error.now, form, overtaken=True), 409
        else:
            flash(_("새 판으로 저장했습니다. 이미 잡힌 예약은 그때의 판을 그대로 따릅니다."), "success")
            return redirect(url_for("operator.eligibility_rule", public_id=changed.public_id), 303)
    return _page(rule, form), 422


@door.post("/eligibility/<public_id>/end")
@requires(Permission.ELIGIBILITY_MANAGE)
def eligibility_end(public_id: str) -> Response | tuple[str, int]:
    """Give a rule its last day."""
    rule, form = _rule_or_404(public_id), EndForm()
    if not form.validate_on_submit():
        flash(_("마지막 날을 적어 주세요."), "warning")
        return redirect(url_for("operator.eligibility_rule", public_id=public_id), 303)
    try:
        changed = service.end_rule(rule.id, form.last_day.data, current_user.id)
    except service.RuleInvalid:
        flash(_("마지막 날이 첫날보다 앞섭니다. 두 날짜를 확인해 주세요."), "warning")
        return redirect(url_for("operator.eligibility_rule", public_id=public_id), 303)
    except service.RuleChanged as error:
        return _page(error.now, overtaken=True), 409
    except service.NoSuchRule:
        abort(404)
    flash(_("규칙의 마지막 날을 정했습니다."), "success")
    return redirect(url_for("operator.eligibility_rule", public_id=changed.public_id), 303)
