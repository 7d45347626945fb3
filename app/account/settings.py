"""One's own account at a glance: profile, security."""

from __future__ import annotations

from flask import flash, redirect, render_template, session, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_security import login_user
from flask_security.twofactor import is_tf_setup
from werkzeug.wrappers import Response

from app.account.blueprint import blueprint
from app.account.forms import Confirm, ProfileForm
from app.accounts import contacts, service, sessions
from app.accounts.identity_proof import agency
from app.permissions import Permission, Role
from app.policy import requires


def sections() -> list[tuple[str, str, object, object]]:
    """Return the pages of the account for this person: endpoint, icon, name, what is there."""
    found: list[tuple[str, str, object, object]] = [
        ("account.profile", "person", _l("내 정보"), _l("이름, 연락처, 언어")),
        (
            "account.security",
            "lock",
            _l("로그인과 보안"),
            _l("비밀번호, 두 번째 확인, 모든 기기에서 로그아웃"),
        ),
    ]
    found.append(("notices.channels", "bell", _l("알림 받는 방법"), _l("문자로 받을지, 이메일로 받을지")))
    if current_user.role == Role.PATIENT:
        found += [
            ("account.my_data", "shield", _l("내 자료"), _l("누가 보았는지, 모두 내려받기, 고치기, 지우기")),
            ("account.consents", "check-circle", _l("동의"), _l("무엇에 언제 동의했는지, 되돌리기")),
            ("patient.area", "home", _l("사는 곳"), _l("시·군·구. 상담 규칙과 가까운 병원을 찾는 데 씁니다")),
            (
                "account.helpers",
                "people",
                _l("나를 도와주는 사람"),
                _l("누가 나를 대신하는지, 허락하기와 멈추기"),
            ),
            ("account.helping", "people", _l("내가 돕는 사람"), _l("부모님이나 이웃을 대신해 이용하기")),
            ("account.dependents", "people", _l("돌보는 아이"), _l("만 14세 미만 아이를 대신해 이용하기")),
        ]
    return found


@blueprint.get("/account")
@requires(Permission.ACCOUNT_MANAGE)
def settings() -> str:
    """What there is to see and change."""
    return render_template("account/settings.html", sections=sections())


@blueprint.route("/account/profile", methods=["GET", "POST"])
@requires(Permission.ACCOUNT_MANAGE)
def profile() -> Response | str:
    """Name, language; the contacts are changed on a page of their own."""
    form = ProfileForm(obj=current_user)
    if form.validate_on_submit():
        service.update_profile(current_user, name=form.name.data, locale=form.locale.data)
        flash(_("저장했습니다."), "success")
        return redirect(url_for("account.profile"))
    identities = contacts.identities_of(current_user)
    return render_template("account/profile.html", form=form, identities=identities, agency=agency())


@blueprint.get("/account/security")
@requires(Permission.ACCOUNT_MANAGE)
def security() -> str:
    """Password, second factor, sign-ins elsewhere."""
    return render_template("account/security.html", form=Confirm(), second_factor=is_tf_setup(current_user))


@blueprint.post("/account/sign-out-everywhere")
@requires(Permission.ACCOUNT_MANAGE)
def sign_out_everywhere() -> Response:
    """End every sign-in, and begin this one anew."""
    user = contacts.sign_out_everywhere(current_user)
    proven_at, second = session.get("fs_paa"), sessions.has_second_factor()
    login_user(user, remember=False)
    session["fs_paa"] = proven_at  # this was no new proof of who one is
    if second:
        sessions.mark_second_factor()
    flash(_("다른 모든 기기에서 로그아웃했습니다."), "success")
    return redirect(url_for("account.security"))
