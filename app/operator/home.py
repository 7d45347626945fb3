"""What needs attention, and the jobs behind it."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.audit import service as audit
from app.cases import overview
from app.infra import jobs as line_of_jobs
from app.infra import worker
from app.infra.database import transaction
from app.operator.blueprint import door, page_number
from app.permissions import Permission
from app.policy import requires
from app.reviews import corpus

FAILED_ON_HOME = 5
FAILED_PER_PAGE = 30


@door.get("/")
@requires(Permission.JOB_MANAGE)
def home() -> str:
    """What needs attention now."""
    return render_template(
        "operator/home.html",
        line=line_of_jobs.line(),
        failed=line_of_jobs.failed_jobs(FAILED_ON_HOME),
        worker_alive=worker.alive(),
        overdue=overview.overdue_count(),
        analyses=corpus.latest_analyses(5),
    )


@door.get("/jobs")
@requires(Permission.JOB_MANAGE)
def jobs() -> str:
    """The line of jobs, and those that failed for good."""
    line = line_of_jobs.line()
    pages = max(1, -(-line.failed // FAILED_PER_PAGE))
    page = min(page_number(), pages)
    return render_template(
        "operator/jobs.html",
        line=line,
        failed=line_of_jobs.failed_jobs(FAILED_PER_PAGE, (page - 1) * FAILED_PER_PAGE),
        worker_alive=worker.alive(),
        page=page,
        pages=pages,
    )


@door.post("/jobs/<int(max=9223372036854775807):job_id>/retry")
@requires(Permission.JOB_MANAGE)
def job_retry(job_id: int) -> Response:
    """Put a job that failed back in line."""
    with transaction():
        again = line_of_jobs.retry(job_id)
        if again:
            audit.record("job.retry", f"job:{job_id}")
    if again:
        flash(_("다시 하도록 줄에 세웠습니다."), "success")
    else:
        flash(_("이미 다시 하고 있거나 끝난 작업입니다."), "info")
    return redirect(url_for("operator.jobs"), 303)
