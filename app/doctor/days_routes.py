"""What differs from the weekly times: time off, single days, public holidays; and what patients choose by."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from app.accounts import practice as practices
from app.consultations import availability as patterns
from app.consultations import exceptions
from app.consultations.public_holidays import Holiday, between
from app.doctor import words
from app.doctor.blueprint import blueprint
from app.doctor.common import doctor
from app.doctor.schedule_forms import ExtraForm, HolidaysForm, PracticeForm, TimeOffForm
from app.infra import clock
from app.permissions import Permission
from app.policy import requires

HOLIDAYS_SHOWN = timedelta(days=180)
OFF_REFUSED = {
    "span": ("last", _l("끝이 시작보다 뒤여야 하고, 한 번에 366일까지 쉴 수 있습니다.")),
    "past": ("last", _l("이미 지난 때입니다.")),
}
EXTRA_REFUSED = {
    "span": ("end", _l("끝이 시작보다 적어도 한 사람 몫만큼 뒤여야 합니다.")),
    "slot": ("slot", _l("시간을 골라 주세요.")),
    "buffer": ("buffer", _l("시간을 골라 주세요.")),
    "capacity": ("capacity", _l("1에서 20 사이의 숫자를 적어 주세요.")),
    "price": ("price", _l("상담료가 너무 큽니다. 원 단위로 적어 주세요.")),
    "past": ("day", _l("이미 지난 날입니다.")),
    "day": ("day", _l("앞으로 366일 안의 날을 골라 주세요.")),
    "overlap": ("start", _l("그날 이미 연 시간과 겹칩니다.")),
}


@blueprint.get("/availability/days")
@requires(Permission.AVAILABILITY_MANAGE)
def availability_days() -> str:
    """Time off, single days, public holidays."""
    me, today = doctor(), clock.today_in_korea().date()
    works = bool(me.doctor and me.doctor.works_on_holidays)
    return render_template(
        "doctor/days.html",
        off=exceptions.time_off_of(me.id),
        extras=exceptions.extra_times_of(me.id),
        holidays=between(today, today + HOLIDAYS_SHOWN),
        name_of=_name_of,
        works=works,
        form=HolidaysForm(formdata=None, works=works),
        outside=patterns.outside(me.id),
        words=words,
    )


def _name_of(day: Holiday) -> str:
    return day.en if str(get_locale()) == "en" else day.ko


@blueprint.post("/availability/holidays")
@requires(Permission.AVAILABILITY_MANAGE)
def availability_holidays() -> Response:
    """Say whether the weekly times hold on public holidays."""
    works = bool(HolidaysForm().works.data)
    exceptions.set_holidays(doctor().id, works)
    flash(
        _("공휴일에도 엽니다.") if works else _("공휴일에는 쉽니다. 이미 잡힌 예약은 그대로입니다."),
        "success",
    )
    return redirect(url_for("doctor.availability_days"))


@blueprint.get("/availability/off")
@requires(Permission.AVAILABILITY_MANAGE)
def availability_off() -> str:
    """The form of time off."""
    return render_template("doctor/time_off.html", form=TimeOffForm(formdata=None))


@blueprint.post("/availability/off")
@requires(Permission.AVAILABILITY_MANAGE)
def availability_off_add() -> Any:
    """Be away from one moment to another. What is booked stays booked."""
    form = TimeOffForm()
    if form.validate():
        try:
            _away, kept = exceptions.add_time_off(doctor().id, *form.moments())
        except patterns.PatternRefused as refused:
            _object(form, OFF_REFUSED[refused.reason])
        else:
            _say_kept(kept)
            return redirect(url_for("doctor.availability_days"))
    return render_template("doctor/time_off.html", form=form), 422


def _say_kept(kept: int) -> None:
    if kept:
        flash(
            _(
                "쉬는 때를 더했습니다. 그때 이미 잡힌 예약 %(count)s건은 그대로입니다. 아래에서 확인해 주세요.",
                count=kept,
            ),
            "warning",
        )
    else:
        flash(_("쉬는 때를 더했습니다. 그때 잡힌 예약은 없습니다."), "success")


def _object(form: Any, refused: tuple[str, Any]) -> None:
    name, problem = refused
    form[name].errors = [*form[name].errors, problem]


@blueprint.post("/availability/off/<int(max=9223372036854775807):off_id>/remove")
@requires(Permission.AVAILABILITY_MANAGE)
def availability_off_remove(off_id: int) -> Response:
    """Open again."""
    return _removed(exceptions.remove_time_off, off_id)


def _removed(remove: Any, row_id: int) -> Response:
    try:
        remove(doctor().id, row_id)
    except patterns.NoSuchPattern:
        flash(_("이미 없는 시간입니다."), "info")
    else:
        flash(_("뺐습니다. 이미 잡힌 예약은 그대로입니다."), "success")
    return redirect(url_for("doctor.availability_days"))


@blueprint.get("/availability/extra")
@requires(Permission.AVAILABILITY_MANAGE)
def availability_extra() -> str:
    """The form of a single day's span."""
    return render_template("doctor/extra_time.html", form=ExtraForm(formdata=None))


@blueprint.post("/availability/extra")
@requires(Permission.AVAILABILITY_MANAGE)
def availability_extra_add() -> Any:
    """Open a span of one day."""
    form = ExtraForm()
    if form.validate():
        try:
            exceptions.add_extra_time(doctor().id, day=form.day.data, **form.visits())
        except patterns.PatternRefused as refused:
            _object(form, EXTRA_REFUSED[refused.reason])
        else:
            flash(_("그날 여는 시간을 더했습니다."), "success")
            return redirect(url_for("doctor.availability_days"))
    return render_template("doctor/extra_time.html", form=form), 422


@blueprint.post("/availability/extra/<int(max=9223372036854775807):extra_id>/remove")
@requires(Permission.AVAILABILITY_MANAGE)
def availability_extra_remove(extra_id: int) -> Response:
    """Close it again."""
    return _removed(exceptions.remove_extra_time, extra_id)


@blueprint.route("/availability/practice", methods=["GET", "POST"])
@requires(Permission.AVAILABILITY_MANAGE)
def availability_practice() -> Any:
    """In which languages and where, what patients choose a doctor by; and whom they ask how they will meet."""
    profile = doctor().doctor
    form = PracticeForm(obj=profile)
    if not form.is_submitted():
        return render_template("doctor/practice.html", form=form, profile=profile)
    if not form.validate():
        return render_template("doctor/practice.html", form=form, profile=profile), 422
    practices.set_practice(
        doctor().id,
        languages=form.languages.data,
        area=form.area.data or None,
        telephone=form.telephone.data or "",
    )
    flash(_("저장했습니다."), "success")
    return redirect(url_for("doctor.availability_practice"))
