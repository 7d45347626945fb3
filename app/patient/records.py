"""What a patient takes out of the house: the finding as a PDF."""

from __future__ import annotations

import io

from flask import abort, flash, redirect, request, send_file, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.cases.models import CaseState
from app.patient.access import case_or_404, me
from app.patient.blueprint import blueprint
from app.permissions import Permission
from app.policy import requires
from app.records import finding as records

LANGUAGES = ("ko", "en")


@blueprint.get("/cases/<public_id>/finding.pdf")
@requires(Permission.CASE_READ_OWN)
def finding_pdf(public_id: str) -> Response:
    """The finding that holds, to print and take to a clinic; `lang` and `large` as asked for."""
    case = case_or_404(public_id)
    if case.state != CaseState.SIGNED:
        abort(404)
    wanted = request.args.get("lang", str(get_locale()))
    try:
        made = records.finding_pdf(
            me(),
            case,
            locale=wanted if wanted in LANGUAGES else "ko",
            large=request.args.get("large") == "1",
            address=url_for("patient.case", public_id=public_id, _external=True),
        )
    except records.NotGenuine:
        flash(_("이 판독은 서명된 뒤에 바뀐 흔적이 있어 내보낼 수 없습니다."), "warning")
        return redirect(url_for("patient.case", public_id=public_id), 303)
    answer = send_file(
        io.BytesIO(made.data), mimetype="application/pdf", as_attachment=True, download_name=made.name
    )
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
