"""Analyses: asking for one, watching it, reading its report."""

from __future__ import annotations

from functools import partial
from typing import Literal

from flask import Response as FlaskResponse
from flask import abort, flash, g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.infra import events, live, storage
from app.operator import charts
from app.operator.blueprint import door, page_number, words_of
from app.operator.reviews import analysis_form, as_csv
from app.permissions import Permission
from app.policy import requires, visible_or_404
from app.reviews import corpus, drill, report, service
from app.reviews.models import UNDER_WAY, Analysis, WorkState
from app.reviews.policy import visible_analyses


@door.post("/analyses")
@requires(Permission.REVIEW_IMPORT)
def analysis_start() -> Response:
    """Have the reviews analysed."""
    form = analysis_form(corpus.by_app())
    back = url_for("operator.reviews")
    if not form.validate_on_submit():
        flash(_("앱과 방법을 다시 골라 주세요."), "error")
        return redirect(back, 303)
    try:
        run = service.start_analysis(
            current_user.id,
            form.apps.data or [],
            form.tokenizer.data,
            without_bursts=form.without_bursts.data,
        )
    except service.AnalysisUnderWay as error:
        run = error.analysis
        flash(_("지금 하고 있는 분석이 끝나면 다시 시작할 수 있습니다."), "info")
    except service.NoReviews:
        flash(_("분석할 후기가 없습니다. 먼저 후기 파일을 가져와 주세요."), "error")
        return redirect(back, 303)
    except service.UnknownTokenizer:
        flash(_("이 컴퓨터에서는 쓸 수 없는 방법입니다."), "error")
        return redirect(back, 303)
    return redirect(url_for("operator.analysis_page", public_id=run.public_id), 303)


@door.get("/analyses")
@requires(Permission.REVIEW_READ)
def analyses() -> str:
    """All analyses, newest first."""
    found = corpus.all_analyses(page_number())
    base = url_for("operator.analyses", page="PAGE").replace("PAGE", "%d")
    words = {"title": _("분석"), "analyses": found.rows, "base": base}
    return render_template("operator/history.html", page=found.page, pages=found.pages, **words)


@door.app_template_global("apps_of")
def apps_of(run: Analysis) -> str:
    """Return which apps an analysis is about, and whether without bursts, in the reader's words."""
    if run.apps and "app_names" not in g:
        g.app_names = corpus.app_names()
    names = [words_of(g.app_names[app], "name") if app in g.app_names else app for app in run.apps]
    apps = ", ".join(str(name) for name in names) or str(_("모든 앱"))
    return f"{apps} ({_('몰린 기간 빼고')})" if run.without_bursts else apps


def analysis_of(public_id: str) -> Analysis:
    """Return an analysis that the reader may see, or answer 404."""
    return visible_or_404(visible_analyses(current_user).where(Analysis.public_id == public_id))


def report_of(run: Analysis) -> report.Data:
    """Return the report of a finished analysis, or answer 404."""
    if run.state != WorkState.DONE:
        abort(404)
    try:
        return report.rename(report.load(run), corpus.app_names())
    except report.UnreadableReport:
        abort(404)


@door.get("/analyses/<public_id>")
@requires(Permission.REVIEW_READ)
def analysis_page(public_id: str) -> str:
    """An analysis: its progress, the reason why it failed, or its report."""
    after = events.last_id()
    run = analysis_of(public_id)
    if run.state != WorkState.DONE:
        busy = run.state in UNDER_WAY
        return render_template("operator/analysis.html", run=run, busy=busy, after=after)
    try:
        data = report.rename(report.load(run), corpus.app_names())
    except report.UnreadableReport:
        return render_template("operator/report_unreadable.html", run=run)
    tops = {side: report.top_words(data, side) for side in report.SIDES}
    most_used = {side: report.top_words(data, side, by="by_frequency") for side in report.SIDES}
    return render_template(
        "operator/report.html",
        run=run,
        report=data,
        tops=tops,
        most_used=most_used,
        months=report.months(data),
        tables=list(report.TABLES),
        charts=charts.all_of(public_id, data, linked=run.index_id is not None),
        indexed=run.index_id is not None,
        dated=run.index_id is not None and drill.dated(data),
        asks=partial(charts.behind, public_id),
        evidence_of=report.evidence_of,
    )


@door.get("/analyses/<public_id>/status")
@requires(Permission.REVIEW_READ)
def analysis_status(public_id: str) -> FlaskResponse:
    """The part of the page that changes; once the report is there, the whole page is asked for again."""
    run = analysis_of(public_id)
    response = make_response(render_template("operator/_analysis.html", run=run, busy=run.state in UNDER_WAY))
    if run.state == WorkState.DONE:
        response.headers["HX-Refresh"] = "true"
    return response


@door.get("/analyses/<public_id>/events")
@requires(Permission.REVIEW_READ)
def analysis_events(public_id: str) -> FlaskResponse:
    """What happens to one analysis, as it happens."""
    return live.stream([analysis_of(public_id).topic])


@door.post("/analyses/<public_id>/retry")
@requires(Permission.REVIEW_IMPORT)
def analysis_retry(public_id: str) -> Response:
    """Run an analysis that failed once more."""
    run = analysis_of(public_id)
    try:
        service.retry_analysis(run.id)
        flash(_("다시 하도록 줄에 세웠습니다."), "success")
    except service.AnalysisUnderWay:
        flash(_("지금 하고 있는 분석이 끝나면 다시 시작할 수 있습니다."), "info")
    except service.NotFailed:
        flash(_("이미 다시 하고 있거나 끝난 작업입니다."), "info")
    return redirect(url_for("operator.analysis_page", public_id=public_id), 303)


@door.get("/analyses/<public_id>/clouds/<any(high, low):side>.png")
@requires(Permission.REVIEW_READ)
def analysis_cloud(public_id: str, side: Literal["high", "low"]) -> FlaskResponse:
    """The word cloud of one side: by weight, or with `by=frequency` by how often a word is used."""
    run = analysis_of(public_id)
    if request.args.get("by") == "frequency":
        content = drill.frequency_cloud(report_of(run), side)
    else:
        picture = run.cloud_high if side == "high" else run.cloud_low
        if picture is None:
            abort(404)
        try:
            content = storage.get(picture)
        except storage.ObjectLost:
            abort(404)
    # It never changes: a new analysis has another address.
    headers = {"Cache-Control": "private, max-age=86400, immutable"}
    return FlaskResponse(content, mimetype="image/png", headers=headers)


@door.get("/analyses/<public_id>/tables/<name>.csv")
@requires(Permission.REVIEW_READ)
def analysis_table(public_id: str, name: str) -> FlaskResponse:
    """One table of the report, for a spreadsheet."""
    data = report_of(analysis_of(public_id))
    if name not in report.TABLES:
        abort(404)
    return as_csv(report.table_csv(data, name), f"salpim-{name}.csv")


@door.get("/analyses/<public_id>/report.json")
@requires(Permission.REVIEW_READ)
def analysis_json(public_id: str) -> FlaskResponse:
    """The whole report, for programs."""
    run = analysis_of(public_id)
    if run.state != WorkState.DONE or run.report is None:
        abort(404)
    headers = {
        "Content-Disposition": 'attachment; filename="salpim-report.json"',
        "Cache-Control": "private, no-store",
    }
    return FlaskResponse(run.report, mimetype="application/json", headers=headers)
