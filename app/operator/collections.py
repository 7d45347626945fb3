"""Collecting reviews from the stores: the apps, the collections, and when they begin by themselves."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flask import Response as FlaskResponse
from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import SelectChoice

from app.infra import events, live
from app.infra.clock import today_in_korea
from app.infra.moments import WEEKDAYS, time_of_day
from app.operator.blueprint import door, in_english, page_number, words_of
from app.operator.forms import AppForm, ScheduleForm
from app.permissions import Permission
from app.policy import requires, visible_or_404
from app.reviews import added_apps, apps, collecting, corpus, schedules
from app.reviews.collection_models import ALL_TOPICS, AddedApp, Collection
from app.reviews.policy import visible_collections


@door.get("/reviews/apps")
@requires(Permission.REVIEW_READ)
def collections() -> str:
    """The apps, how far their reviews are collected, and the form that adds one."""
    return _apps_page(AppForm(formdata=None))


def _apps_page(form: AppForm) -> str:
    after = events.last_id()
    return render_template("operator/collections.html", form=form, after=after, **_places())


def _places() -> dict[str, object]:
    latest, by_itself = corpus.latest_collections(), corpus.schedules()
    busy = any(item.busy for item in latest.values())
    return {"listed": apps.listed(), "latest": latest, "by_itself": by_itself, "busy": busy}


@door.get("/reviews/apps/work")
@requires(Permission.REVIEW_READ)
def collections_work() -> str:
    """The part of the page that changes."""
    return render_template("operator/_collections.html", **_places())


@door.get("/reviews/apps/events")
@requires(Permission.REVIEW_READ)
def collections_events() -> FlaskResponse:
    """What happens to the collections, as it happens."""
    return live.stream([ALL_TOPICS])


@door.post("/reviews/apps")
@requires(Permission.REVIEW_IMPORT)
def collection_app_add() -> Response | tuple[str, int]:
    """Add an app."""
    form = AppForm()
    if not form.validate_on_submit() or not _fits(form, partial(apps.add, current_user.id)):
        return _apps_page(form), 422
    flash(_("앱을 더했습니다. 번호가 맞는지는 아직 확인되지 않았습니다."), "success")
    return redirect(url_for("operator.collections"), 303)


def _fits(form: AppForm, keep: Callable[..., AddedApp]) -> bool:
    given = {name: form[name].data or "" for name in ("name_ko", "name_en", "app_store", "google_play")}
    try:
        keep(**given)
    except apps.AppKnown as error:
        name = error.name_en if in_english() else error.name_ko
        form[error.field].errors = [_("이미 있는 앱입니다: %(name)s", name=name)]
    except apps.BadApp as error:
        form[error.field].errors = [_why(error)]
    else:
        return True
    return False


@door.get("/reviews/apps/<int:added_id>")
@requires(Permission.REVIEW_IMPORT)
def collection_app(added_id: int) -> str:
    """An app that an operator added, to change it or take it off the list."""
    return _app_page(added_id, AppForm(formdata=None, obj=_added(added_id)))


def _added(added_id: int) -> AddedApp:
    try:
        return added_apps.find(added_id)
    except added_apps.NoSuchApp:
        abort(404)


def _app_page(added_id: int, form: AppForm) -> str:
    return render_template("operator/collection_app.html", form=form, added=_added(added_id))


@door.post("/reviews/apps/<int:added_id>")
@requires(Permission.REVIEW_IMPORT)
def collection_app_change(added_id: int) -> Response | tuple[str, int]:
    """Set an added app's names and ids anew."""
    form = AppForm()
    try:
        if not form.validate_on_submit() or not _fits(form, partial(added_apps.change, added_id)):
            return _app_page(added_id, form), 422
    except added_apps.NoSuchApp:
        abort(404)
    except added_apps.AppBusy:
        return _busy(added_id)
    flash(_("저장했습니다."), "success")
    return redirect(url_for("operator.collections"), 303)


@door.post("/reviews/apps/<int:added_id>/remove")
@requires(Permission.REVIEW_IMPORT)
def collection_app_remove(added_id: int) -> Response:
    """Take an added app off the list; its reviews stay."""
    try:
        added_apps.remove(added_id)
    except added_apps.NoSuchApp:
        flash(_("이미 목록에 없습니다."), "info")
    except added_apps.AppBusy:
        return _busy(added_id)
    else:
        flash(_("앱을 목록에서 뺐습니다. 모은 후기는 그대로 있습니다."), "success")
    return redirect(url_for("operator.collections"), 303)


def _busy(added_id: int) -> Response:
    flash(_("이 앱의 후기를 지금 모으고 있습니다. 끝난 뒤에, 또는 멈춘 뒤에 해 주세요."), "error")
    return redirect(url_for("operator.collection_app", added_id=added_id), 303)


def _why(error: apps.BadApp) -> str:
    if error.why == "long":
        return str(_("%(count)s자까지 적을 수 있습니다.", count=apps.LONGEST_NAME))
    if error.field == "name_ko":
        return str(_("앱 이름을 적어 주세요."))
    if error.why == "missing":
        return str(_("App Store 번호나 Google Play 패키지 이름 가운데 하나는 적어 주세요."))
    if error.field == "app_store":
        return str(_("App Store 번호는 숫자 6–15자리입니다. 예: 517637141"))
    return str(_("패키지 이름은 영어 글자, 숫자, 밑줄을 점으로 이은 것입니다. 예: com.example.app"))


@door.get("/reviews/collections")
@requires(Permission.REVIEW_READ)
def collection_history() -> str:
    """All collections, newest first."""
    found = corpus.all_collections(page_number())
    base = url_for("operator.collection_history", page="PAGE").replace("PAGE", "%d")
    return render_template(
        "operator/collection_history.html",
        items=found.rows,
        names=_names(),
        page=found.page,
        pages=found.pages,
        base=base,
    )


def _names() -> dict[tuple[str, str], str]:
    return {
        (place.store, place.app): str(words_of(row, "name")) for row in apps.listed() for place in row.places
    }


@door.post("/reviews/collections")
@requires(Permission.REVIEW_IMPORT)
def collection_start() -> Response:
    """Have an app's reviews collected."""
    try:
        item = collecting.start(
            current_user.id, request.form.get("store", "")[:16], request.form.get("app", "")[:64]
        )
    except collecting.CollectionUnderWay as error:
        item = error.collection
        flash(_("이미 모으고 있습니다."), "info")
    except collecting.UnknownPlace:
        flash(_("목록에 없는 앱입니다. 먼저 앱을 더해 주세요."), "error")
        return redirect(url_for("operator.collections"), 303)
    return _to(item)


def _to(item: Collection) -> Response:
    return redirect(url_for("operator.collection_page", public_id=item.public_id), 303)


def _collection(public_id: str) -> Collection:
    return visible_or_404(visible_collections(current_user).where(Collection.public_id == public_id))


@door.get("/reviews/collections/<public_id>")
@requires(Permission.REVIEW_READ)
def collection_page(public_id: str) -> str:
    """One collection: how far it is, what it brought, what went wrong."""
    after = events.last_id()
    item = _collection(public_id)
    name = _names().get((item.store, item.app), item.app)
    return render_template("operator/collection.html", item=item, name=name, after=after)


@door.get("/reviews/collections/<public_id>/status")
@requires(Permission.REVIEW_READ)
def collection_status(public_id: str) -> str:
    """The part of the page that changes."""
    return render_template("operator/_collection.html", item=_collection(public_id))


@door.get("/reviews/collections/<public_id>/events")
@requires(Permission.REVIEW_READ)
def collection_events(public_id: str) -> FlaskResponse:
    """What happens to one collection, as it happens."""
    return live.stream([_collection(public_id).topic])


@door.post("/reviews/collections/<public_id>/stop")
@requires(Permission.REVIEW_IMPORT)
def collection_stop(public_id: str) -> Response:
    """End a collection where it is."""
    item = _collection(public_id)
    try:
        collecting.stop(item.id)
        flash(_("멈추라고 했습니다. 지금까지 모은 후기는 그대로 있습니다."), "success")
    except collecting.NotCollecting:
        flash(_("이미 끝났거나 멈추고 있습니다."), "info")
    return _to(item)


@door.post("/reviews/collections/<public_id>/resume")
@requires(Permission.REVIEW_IMPORT)
def collection_resume(public_id: str) -> Response:
    """Go on after the last page that was kept."""
    item = _collection(public_id)
    try:
        collecting.resume(item.id)
        flash(_("멈춘 곳부터 이어서 모읍니다."), "success")
    except collecting.CollectionUnderWay as error:
        item = error.collection
        flash(_("그 사이에 새로 시작한 것이 있습니다. 이것을 보여 드립니다."), "info")
    except collecting.NotResumable:
        flash(_("이미 모으고 있거나 끝났습니다."), "info")
    return _to(item)


@door.get("/reviews/schedules/<store>/<app>")
@requires(Permission.REVIEW_READ)
def collection_schedule(store: str, app: str) -> str:
    """When an app's reviews are collected by themselves."""
    found = schedules.find(store, app)
    form = _schedule_form(ScheduleForm(formdata=None))
    form.often.data = "never" if found is None or not found.active else _often(found.weekday)
    form.weekday.data = 0 if found is None or found.weekday is None else found.weekday
    form.hour.data = 4 if found is None else found.hour
    return _schedule_page(store, app, form)


def _often(weekday: int | None) -> str:
    return "daily" if weekday is None else "weekly"


def _schedule_form(form: ScheduleForm) -> ScheduleForm:
    midnight = today_in_korea()
    form.weekday.choices = [SelectChoice(number, day) for number, day in enumerate(WEEKDAYS)]
    form.hour.choices = [SelectChoice(hour, time_of_day(midnight.replace(hour=hour))) for hour in range(24)]
    return form


def _schedule_page(store: str, app: str, form: ScheduleForm) -> str:
    found = apps.find(store, app)
    if found is None:
        abort(404)
    listed, place = found
    return render_template(
        "operator/collection_schedule.html",
        form=form,
        name=words_of(listed, "name"),
        place=place,
        schedule=schedules.find(store, app),
    )


@door.post("/reviews/schedules/<store>/<app>")
@requires(Permission.REVIEW_IMPORT)
def collection_schedule_save(store: str, app: str) -> Response | tuple[str, int]:
    """Set when an app's reviews are collected by themselves."""
    form = _schedule_form(ScheduleForm())
    if not form.validate_on_submit():
        return _schedule_page(store, app, form), 422
    weekday = form.weekday.data if form.often.data == "weekly" else None
    try:
        schedules.save(
            current_user.id,
            store,
            app,
            active=form.often.data != "never",
            hour=form.hour.data,
            weekday=weekday,
        )
    except collecting.UnknownPlace:
        abort(404)
    flash(_("저장했습니다."), "success")
    return redirect(url_for("operator.collections"), 303)
