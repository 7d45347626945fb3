"""The register of clinics: load a file, watch it being read, and see every row that was wrong."""

from __future__ import annotations

from flask import Response as FlaskResponse
from flask import current_app, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from werkzeug.wrappers import Response
from wtforms import BooleanField, DateField, StringField
from wtforms.validators import InputRequired, Length

from app.accounts.people import staff_names
from app.audit import service as audit
from app.infra import events, live
from app.infra.database import transaction
from app.operator.blueprint import door, page_number
from app.operator.reviews import as_csv
from app.permissions import Permission
from app.policy import requires, visible_or_404
from app.regions import history, service
from app.regions.models import LOADING, Register
from app.reviews import report

STATES = {
    "queued": (_l("차례를 기다림"), "gray"),
    "running": (_l("읽는 중"), "information"),
    "current": (_l("쓰는 중인 명부"), "success"),
    "replaced": (_l("지난 명부"), "gray"),
    "failed": (_l("실패"), "danger"),
}
VERDICTS = {
    "rejected": _l("받지 않음"),
    "duplicate": _l("겹침"),
    "position": _l("받음, 위치 확인"),
}


class RegisterForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped
    """A file of the official register, and what it does not say of itself."""

    file = FileField(_l("명부 파일"))
    dated = DateField(_l("기준일"), validators=[InputRequired(_l("자료의 기준일을 적어 주세요."))])
    source = StringField(
        _l("출처"),
        default="공공데이터포털 전국의료기관 표준데이터",
        validators=[InputRequired(_l("어디에서 받은 자료인지 적어 주세요.")), Length(max=200)],
    )
    may_shrink = BooleanField(_l("크게 줄어도 바꾸기"))


def _page(form: RegisterForm, status: int = 200) -> tuple[str, int]:
    page = render_template(
        "operator/clinics.html",
        form=form,
        current=service.current_register(),
        registers=history.latest(),
        states=STATES,
        max_mb=current_app.config["MAX_CONTENT_LENGTH"] // (1024 * 1024),
    )
    return page, status


@door.get("/clinics")
@requires(Permission.CLINIC_REGISTER_LOAD)
def clinics() -> tuple[str, int]:
    """The register in use, those before it, and a form for the next."""
    return _page(RegisterForm(formdata=None))


@door.post("/clinics")
@requires(Permission.CLINIC_REGISTER_LOAD)
def clinics_load() -> Response | tuple[str, int]:
    """Take in a file."""
    form = RegisterForm()
    if not form.validate_on_submit():
        return _page(form, 422)
    file = form.file.data
    try:
        with transaction():
            register = service.load_register(
                (file.filename or "") if file else "",
                file.read() if file else b"",
                dated=form.dated.data,
                source=form.source.data,
                user_id=current_user.id,
                may_shrink=form.may_shrink.data,
            )
            audit.record("clinic_register.load", register.topic)
    except service.NotARegister:
        form.file.errors = [_("CSV 파일이나, CSV 파일을 담은 ZIP 파일을 골라 주세요.")]
        return _page(form, 422)
    except service.DatedAhead:
        form.dated.errors = [_("기준일이 아직 오지 않은 날입니다. 날짜를 확인해 주세요.")]
        return _page(form, 422)
    except service.LoadUnderWay as error:
        flash(_("다른 파일을 읽고 있습니다. 다 읽은 뒤에 올려 주세요."), "error")
        return redirect(url_for("operator.clinics_register", public_id=error.register.public_id), 303)
    flash(_("파일을 받았습니다. 지금 명부는 다 읽을 때까지 그대로 둡니다."), "success")
    return redirect(url_for("operator.clinics_register", public_id=register.public_id), 303)


def _register(public_id: str) -> Register:
    return visible_or_404(history.register_of(public_id))


def _shown(register: Register) -> dict[str, object]:
    loader = register.created_by_id
    return {
        "register": register,
        "loader": staff_names({loader}).get(loader) if loader else None,
        "busy": register.state in LOADING,
        "wrong": history.wrong_page(register.id, page_number()),
        "states": STATES,
        "verdicts": VERDICTS,
    }


@door.get("/clinics/<public_id>")
@requires(Permission.CLINIC_REGISTER_LOAD)
def clinics_register(public_id: str) -> str:
    """One register: how far it is, what became of its rows, and which were wrong."""
    after = events.last_id()
    return render_template("operator/clinics_register.html", after=after, **_shown(_register(public_id)))


@door.get("/clinics/<public_id>/status")
@requires(Permission.CLINIC_REGISTER_LOAD)
def clinics_status(public_id: str) -> str:
    """The part of the page that changes."""
    return render_template("operator/_clinics_register.html", **_shown(_register(public_id)))


@door.get("/clinics/<public_id>/events")
@requires(Permission.CLINIC_REGISTER_LOAD)
def clinics_events(public_id: str) -> FlaskResponse:
    """What happens to one register, as it happens."""
    return live.stream([_register(public_id).topic])


@door.get("/clinics/<public_id>/rejected.csv")
@requires(Permission.CLINIC_REGISTER_LOAD)
def clinics_rejected(public_id: str) -> FlaskResponse:
    """Every wrong row of one register."""
    register = _register(public_id)
    names = ("verdict", "file", "line", "name", "reason_ko", "reason_en")
    rows = (
        [row.verdict, row.part or register.filename, row.line, row.name, row.reason_ko, row.reason_en]
        for row in history.wrong_rows(register.id)
    )
    return as_csv(report.to_csv(names, rows), f"clinics-rejected-{register.public_id}.csv")
