"""From any word, aspect or bar of a report to its reviews; and two apps or periods side by side."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Response as FlaskResponse
from flask import abort, render_template, request, url_for
from flask_babel import gettext as _

from app.operator import charts
from app.operator.analyses import analysis_of, report_of
from app.operator.blueprint import JOINER, door, in_english, page_number
from app.operator.reviews import as_csv
from app.operator.wording import POLARITIES
from app.permissions import Permission
from app.policy import requires
from app.reviews import drill, report
from app.reviews.models import Analysis

if TYPE_CHECKING:
    from nlp.index import Query

#: Rows in one file to download; more would no longer be read by a person.
MOST_ROWS = 5000


@door.get("/analyses/<public_id>/reviews")
@requires(Permission.REVIEW_READ)
def analysis_reviews(public_id: str) -> str | tuple[str, int]:
    """The reviews behind one figure of a report."""
    run = analysis_of(public_id)
    data = report_of(run)
    try:
        query = drill.question(request.args)
        total, found = drill.reviews_behind(run, query, page_number())
    except drill.BadQuestion:
        abort(404)
    except drill.NoIndex:
        return render_template("operator/no_index.html", run=run), 410
    asked: dict[str, Any] = {key: value for key, value in request.args.items() if key in drill.ASKED}
    base = url_for("operator.analysis_reviews", public_id=public_id, **asked, page="PAGE")
    return render_template(
        "operator/behind.html",
        run=run,
        total=total,
        found=found,
        asked=asked,
        described=_described(query, data),
        names=_app_names(data),
        aspects=_aspect_names(data),
        base=base.replace("PAGE", "%d"),
        most=MOST_ROWS,
    )


@door.get("/analyses/<public_id>/reviews.csv")
@requires(Permission.REVIEW_READ)
def analysis_reviews_table(public_id: str) -> FlaskResponse:
    """The same reviews as a table."""
    run = analysis_of(public_id)
    try:
        query = drill.question(request.args)
        rows = list(_rows(run, query))
    except (drill.BadQuestion, drill.NoIndex):
        abort(404)
    columns = (
        "app",
        "star",
        "posted_at_kst",
        "title",
        "text",
        "complaint_probability",
        "polarity",
        "aspects",
    )
    return as_csv(report.to_csv(columns, rows), "salpim-reviews.csv")


def _rows(run: Analysis, query: Query) -> Iterator[list[Any]]:
    number, left = 1, MOST_ROWS
    while left > 0:
        _total, page = drill.reviews_behind(run, query, number)
        for one in page.rows[:left]:
            yield [
                one.review.app, one.review.star, drill.korean_time(one.review), one.review.title,
                one.review.text, round(one.complaint_probability, 4), one.polarity, "|".join(one.aspects),
            ]  # fmt: skip
        left -= len(page.rows)
        if number >= page.pages:
            return
        number += 1


@door.get("/analyses/<public_id>/compare")
@requires(Permission.REVIEW_READ)
def analysis_compare(public_id: str) -> str | tuple[str, int]:
    """Two apps, or two periods, side by side."""
    run = analysis_of(public_id)
    data = report_of(run)
    asked = {name: request.args.get(name, "").strip() for name in _SIDES}
    sides = [_side(asked, side) for side in ("left", "right")]
    result = problem = None
    if any(asked.values()):
        try:
            left, right = (drill.question(side) for side in sides)
            if left == right:
                problem = _("서로 다른 두 쪽을 골라 주세요.")
            elif drill.backwards(left) or drill.backwards(right):
                problem = _("기간의 끝이 시작보다 앞섭니다. 다시 골라 주세요.")
            else:
                result = drill.side_by_side(run, left, right)
        except drill.BadQuestion:
            abort(404)
        except drill.NoIndex:
            return render_template("operator/no_index.html", run=run), 410
    return render_template(
        "operator/compare.html",
        run=run,
        asked=asked,
        result=result,
        problem=problem,
        names=_app_names(data),
        aspects=_aspect_names(data),
        periods=[(p, p) for p in (*data["totals"]["by_year"], *reversed(data["totals"]["by_month"]))],
        sides=[{key: value for key, value in side.items() if value} for side in sides],
        asks=partial(charts.behind, public_id),
        titles=[_side_title(side, data) for side in sides],
    )


_SIDES = ("left_app", "left_period", "left_until", "right_app", "right_period", "right_until")


def _side(asked: dict[str, str], side: str) -> dict[str, str]:
    """Return what one side asks an index for: a period alone, or all from its beginning to the end of another."""
    period, until = asked[f"{side}_period"], asked[f"{side}_until"]
    when = {"since": period, "until": until} if until and until != period else {"month": period}
    return {"app": asked[f"{side}_app"], **when}


def _side_title(side: dict[str, str], data: report.Data) -> str:
    name = _app_names(data).get(side["app"], side["app"]) if side["app"] else _("모든 앱")
    when = side.get("month") or _span(side.get("since"), side.get("until"))
    return f"{name} {when.replace('-', JOINER + '-' + JOINER)}".strip()  # a month stays in one line


def _version(version: str | None) -> str:
    if version is None:
        return ""
    return str(_("버전 %(version)s", version=version) if version else _("버전을 밝히지 않음"))


def _span(since: str | None, until: str | None) -> str:
    if until and not since:
        return str(_("%(until)s까지", until=until))
    return f"{since} – {until or ''}".strip() if since else ""


def _app_names(data: report.Data) -> dict[str, str]:
    key = "name_en" if in_english() else "name_ko"
    return {row["app"]: row[key] for row in data["apps"]}


def _aspect_names(data: report.Data) -> dict[str, str]:
    key = "name_en" if in_english() else "name_ko"
    return {row["key"]: row[key] for row in data["aspects"]}


def _described(query: Query, data: report.Data) -> list[str]:
    """What is asked for, in words, a part each."""
    labels = {row["number"]: row["label"] for row in data["topics"]["topics"]}
    blame = {"neg": _("그것이 불만"), "pos": _("그것을 칭찬"), "not_neg": _("그것이 불만은 아님")}
    complains = {True: _("말이 불만"), False: _("말이 불만은 아님")}
    stars = ", ".join(f"{star}★" for star in query.stars or ())
    parts = [
        _("낱말 ‘%(word)s’", word=query.word) if query.word else "",
        _("구절 ‘%(words)s’", words=" ".join(query.phrase)) if query.phrase else "",
        _aspect_names(data).get(query.aspect, query.aspect) if query.aspect else "",
        blame[query.aspect_polarity] if query.aspect_polarity else "",
        _("주제 ‘%(label)s’", label=labels.get(query.topic, query.topic)) if query.topic is not None else "",
        _app_names(data).get(query.app, query.app) if query.app else "",
        {"high": "≥3★", "low": "≤3★"}[query.side] if query.side else "",
        stars,
        _version(query.version),
        query.month or "",
        _span(query.since, query.until),
        str(POLARITIES[query.polarity]) if query.polarity else "",
        complains[query.complains] if query.complains is not None else "",
        _("별과 말이 다름") if query.disagree else "",
    ]
    return [part for part in parts if part] or [_("모든 후기")]
