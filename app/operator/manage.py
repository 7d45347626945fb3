"""What an operator sets and looks after less often, one card each."""

from __future__ import annotations

from flask import render_template
from flask_babel import lazy_gettext as _l

from app.operator.blueprint import door
from app.permissions import Permission
from app.policy import requires

#: Endpoint, name, what is there.
PAGES = (
    ("operator.jobs", _l("작업"), _l("줄과 실패한 작업, 다시 시키기")),
    ("operator.messages", _l("보낸 알림"), _l("무엇이 언제 누구에게 나갔는지, 다시 보내기")),
    (
        "operator.eligibility_rules",
        _l("비대면 상담 규칙"),
        _l("날짜가 있는 규칙: 누가 화면으로 상담할 수 있는지"),
    ),
    ("operator.models", _l("판독 모형"), _l("사진을 읽는 모형과, 시험하는 모형을 견주기")),
    ("operator.clinics", _l("병원 명부"), _l("전국의료기관 표준데이터 올리기")),
    ("operator.invitations", _l("초대"), _l("의사와 운영자를 부르기")),
    ("operator.proxies_page", _l("대신 이용"), _l("보건진료소를 확인하고, 전화로 받은 허락을 끝내기")),
    ("operator.audit_log", _l("접속기록"), _l("누가 언제 누구의 정보로 무엇을 했는지")),
)


@door.get("/manage")
@requires(Permission.JOB_MANAGE)
def manage() -> str:
    """The way to each of them."""
    return render_template("operator/manage.html", pages=PAGES)
