"""Reviews: the files that come in, and what became of their rows."""

from __future__ import annotations

from flask import Response as FlaskResponse
from flask import current_app, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import SelectChoice

from app.infra import events, live
from app.operator.blueprint import door, in_english, page_number
from app.operator.forms import AnalysisForm, UploadForm
from app.operator.wording import TOKENIZERS
from app.permissions import Permission
from app.policy import requires, visible_or_404
from app.reviews import corpus, deleting, report, service, tokenizers
from app.reviews.models import UNDER_WAY, ReviewImport
from app.reviews.policy import visible_imports


@door.get("/reviews")
@requires(Permission.REVIEW_READ)
def reviews() -> str:
    """What there is, what is being read, and what was found in it."""
    after = events.last_id()
    apps = corpus.by_app()
    return render_template(
        "operator/reviews.html",
        upload=UploadForm(formdata=None),
        analysis=analysis_form(apps),
        apps=apps,
        after=after,
        max_files=service.MAX_FILES,
        max_mb=current_app.config["MAX_CONTENT_LENGTH"] // (1024 * 1024),
        **_work(),
    )


def analysis_form(apps: list[corpus.AppCount]) -> AnalysisForm:
    """Return the form with the apps and tokenizers there are to choose from."""
    form = AnalysisForm()
    form.apps.choices = [SelectChoice(a.app, a.name_en if in_english() else a.name_ko) for a in apps]
    form.tokenizer.choices = [SelectChoice(name, TOKENIZERS[name]) for name in tokenizers.available()]
    if form.tokenizer.data is None:
        form.tokenizer.data = tokenizers.DEFAULT
    return form


def _work() -> dict[str, object]:
    imports, analyses = corpus.latest_imports(), corpus.latest_analyses()
    busy = any(state in UNDER_WAY for state in [*(i.state for i in imports), *(a.state for a in analyses)])
    return {"imports": imports, "analyses": analyses, "busy": busy, "latest": corpus.LATEST}


@door.get("/reviews/work")
@requires(Permission.REVIEW_READ)
def import_work() -> str:
    """The part of the page that changes while files are read."""
    apps = corpus.by_app()
    return render_template("operator/_work.html", apps=apps, analysis=analysis_form(apps), **_work())


@door.get("/reviews/events")
@requires(Permission.REVIEW_READ)
def import_events_all() -> FlaskResponse:
    """What happens to the latest files and analyses, as it happens."""
    imports, analyses = corpus.latest_imports(), corpus.latest_analyses()
    return live.stream([*(item.topic for item in imports), *(run.topic for run in analyses)])


@door.post("/reviews/imports")
@requires(Permission.REVIEW_IMPORT)
def import_files() -> Response:
    """Take in files."""
    back = url_for("operator.reviews")
    form = UploadForm()
    if not form.validate_on_submit():
        flash(_("파일을 받지 못했습니다. 다시 골라 주세요."), "error")
        return redirect(back, 303)
    files = [(file.filename, file.read()) for file in form.files.data or () if file and file.filename]
    try:
        made = service.import_files(current_user.id, files)
    except service.NothingToImport:
        flash(_("후기 파일을 먼저 골라 주세요."), "error")
    except service.TooManyFiles:
        flash(_("한 번에 %(count)s개까지 올릴 수 있습니다.", count=service.MAX_FILES), "error")
    except service.NotReviews as error:
        names = ", ".join(error.filenames)
        flash(
            _(
                "CSV, TSV, 엑셀(xlsx), JSON 파일만 올릴 수 있습니다. 아무것도 받지 않았습니다: %(names)s",
                names=names,
            ),
            "error",
        )
    else:
        if len(made) == 1:
            back = url_for("operator.import_page", public_id=made[0].public_id)
        flash(_("파일 %(count)s개를 받았습니다. 차례로 읽습니다.", count=len(made)), "success")
    return redirect(back, 303)


@door.get("/reviews/imports")
@requires(Permission.REVIEW_READ)
def imports() -> str:
    """All imported files, newest first."""
    found = corpus.all_imports(page_number())
    base = url_for("operator.imports", page="PAGE").replace("PAGE", "%d")
    words = {"title": _("가져온 파일"), "imports": found.rows, "base": base}
    return render_template("operator/history.html", page=found.page, pages=found.pages, **words)


def _import(public_id: str) -> ReviewImport:
    return visible_or_404(visible_imports(current_user).where(ReviewImport.public_id == public_id))


@door.get("/reviews/imports/<public_id>")
@requires(Permission.REVIEW_READ)
def import_page(public_id: str) -> str:
    """One file: how far it is, and every row that was rejected."""
    after = events.last_id()
    item = _import(public_id)
    return render_template("operator/import.html", item=item, after=after, **_rejected(item))


def _rejected(item: ReviewImport) -> dict[str, object]:
    return {"rejected": corpus.rejected_page(item.id, page_number()), "busy": item.state in UNDER_WAY}


@door.get("/reviews/imports/<public_id>/status")
@requires(Permission.REVIEW_READ)
def import_status(public_id: str) -> str:
    """The part of the page that changes."""
    item = _import(public_id)
    return render_template("operator/_import.html", item=item, **_rejected(item))


@door.get("/reviews/imports/<public_id>/events")
@requires(Permission.REVIEW_READ)
def import_events(public_id: str) -> FlaskResponse:
    """What happens to one file, as it happens."""
    return live.stream([_import(public_id).topic])


@door.post("/reviews/imports/<public_id>/retry")
@requires(Permission.REVIEW_IMPORT)
def import_retry(public_id: str) -> Response:
    """Read a file once more."""
    item = _import(public_id)
    try:
        service.retry_import(item.id)
        flash(_("다시 읽도록 줄에 세웠습니다."), "success")
    except service.NotFailed:
        flash(_("다시 읽을 수 없습니다. 고친 파일을 새로 올려 주세요."), "error")
    return redirect(url_for("operator.import_page", public_id=public_id), 303)


@door.get("/reviews/imports/<public_id>/delete")
@requires(Permission.REVIEW_IMPORT)
def import_delete_page(public_id: str) -> str:
    """What deleting a file would mean."""
    item = _import(public_id)
    found = deleting.consequence(item.id)
    return render_template("operator/import_delete.html", item=item, consequence=found)


@door.post("/reviews/imports/<public_id>/delete")
@requires(Permission.REVIEW_IMPORT)
def import_delete(public_id: str) -> Response:
    """Delete a file and the reviews that came only with it."""
    item = _import(public_id)
    try:
        found = deleting.delete_import(item.id)
    except deleting.BeingRead:
        flash(_("지금 읽고 있는 파일입니다. 다 읽은 뒤에 지워 주세요."), "error")
        return redirect(url_for("operator.import_delete_page", public_id=public_id), 303)
    flash(_("파일을 지웠습니다. 후기 %(count)s건이 함께 지워졌습니다.", count=found.going), "success")
    return redirect(url_for("operator.reviews"), 303)


@door.get("/reviews/imports/<public_id>/rejected.csv")
@requires(Permission.REVIEW_READ)
def import_rejected(public_id: str) -> FlaskResponse:
    """Every rejected row of one file."""
    item = _import(public_id)
    rows = ([row.line, row.reason_ko, row.reason_en] for row in corpus.rejected_rows(item.id))
    return as_csv(report.to_csv(("line", "reason_ko", "reason_en"), rows), f"rejected-{item.public_id}.csv")


def as_csv(content: bytes, filename: str) -> FlaskResponse:
    """Return a CSV file to download."""
    headers = {
        "Content-Disposition": f'attachment; filename="{filename}"',
        "Cache-Control": "private, no-store",
    }
    return FlaskResponse(content, mimetype="text/csv", headers=headers)
