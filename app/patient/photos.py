"""Photos: put into a draft, taken out of it, and shown to those who may see them."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, jsonify, make_response, redirect, request, session, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.accounts.sessions import SHARED
from app.cases import drafts, photos, policy
from app.cases.errors import NoSuchCase, TooManyPhotos
from app.cases.models import Case, Photo, PhotoView
from app.cases.uploads import FILE_TOO_LARGE
from app.extensions import limiter
from app.infra.images import BadImage
from app.infra.storage import ObjectLost
from app.patient import uploads
from app.patient.access import case_or_404, me, photo_or_404, settings
from app.patient.blueprint import blueprint
from app.patient.forms import PhotosForm
from app.patient.wizard import after, draft_or_away, page, step_url
from app.permissions import Permission
from app.policy import requires
from app.web.errors import wants_json
from app.web.headers import allow_camera

PRIVATE_SECONDS = 300
"""A phone on a slow line should not fetch a photo again for each look at the page."""

# Decoding a photo and judging its quality is the dearest thing that the web process does.
few_uploads = limiter.shared_limit(
    "30 per minute; 300 per hour", "photos", key_func=lambda: str(current_user.get_id()), methods=["POST"]
)


@blueprint.url_value_preprocessor
def make_room(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let requests that bring photos be as large as several photos are. A visitor's are never read so far."""
    brings_photos = request.method == "POST" and endpoint == "patient.case_photos"
    if brings_photos and "_user_id" in session:
        uploads.expect_photos()


def quality_of(photo: Photo) -> dict[str, Any]:
    """Return whether a photo is good enough, and in the reader's language what to do better."""
    if photo.quality is None:
        return {"ok": False, "messages": [_("사진이 잘 나왔는지 지금은 확인하지 못했습니다.")]}
    language = "en" if str(get_locale()) == "en" else "ko"
    # One thing at a time, and the first thing first: in the dark nothing else can be judged.
    return {"ok": not photo.quality, "messages": [check[language] for check in photo.quality[:1]]}


def shown(case: Case, photo: Photo) -> dict[str, Any]:
    """Return what the photo picker shows of a photo."""
    return {
        "id": photo.public_id,
        "thumbnail": url_for("patient.photo_small", photo_id=photo.public_id),
        "quality": quality_of(photo),
        "view": photo.view or "",
        "remove": url_for("patient.photo_remove", public_id=case.public_id, photo_id=photo.public_id),
    }


@blueprint.route("/cases/<public_id>/photos", methods=["GET", "POST"])
@few_uploads
@requires(Permission.CASE_SEND)
def case_photos(public_id: str) -> Response | str:
    """Take photos or choose them; what is refused is named, the rest is kept."""
    case = draft_or_away(public_id)
    if isinstance(case, Response):
        return case
    form, refused, none = PhotosForm(), [], False
    if form.validate_on_submit():
        before = len(case.photos)
        refused = _take_all(case)
        case = case_or_404(public_id)
        if not refused and case.photos and (before == len(case.photos) or _all_good(case)):
            return redirect(after(case, "photos"), 303)
        none = not refused and not case.photos
        if not refused and not none:  # there is advice to read before going on
            return redirect(step_url(case, "photos"), 303)
    screen = page(
        "photos.html",
        case,
        "photos",
        form=form,
        refused=refused,
        none=none,
        shown=[shown(case, photo) for photo in case.photos],
        max_photos=settings().max_photos_per_case,
        max_mb=settings().max_upload_mb,
        keep_key=None if session.get(SHARED) else drafts.keep_key(case),
    )
    return allow_camera(make_response(screen, 422 if refused or none else 200))


def _all_good(case: Case) -> bool:
    return all(photo.quality == [] for photo in case.photos)


def _take_all(case: Case) -> list[str]:
    """Take the files of the form, each by the field it came in; return what is wrong with those refused."""
    fields = (("overview", PhotoView.OVERVIEW), ("closeup", PhotoView.CLOSEUP), ("photos", None))
    files = [(file, view) for name, view in fields for file in request.files.getlist(name) if file.filename]
    refused = []
    for number, (file, view) in enumerate(files, start=1):
        try:
            uploads.take(case.public_id, file, view)
        except (BadImage, TooManyPhotos) as error:
            what, advice = uploads.explain(error)
            refused.append(
                _("%(number)s번째 사진: %(what)s %(advice)s", number=number, what=what, advice=advice)
            )
    return refused


def refuse(title: str, advice: str, status: int) -> tuple[Response, int]:
    """Say why a photo was not taken, and what to do, as JSON."""
    return jsonify(error={"title": title, "advice": advice}), status


@blueprint.errorhandler(413)
def too_large(_error: Exception) -> Response | tuple[Response, int]:
    """More than a case may hold at once: say so on the form itself, where nothing else was lost."""
    uploads.drain()
    title, advice = uploads.explain(BadImage(FILE_TOO_LARGE))
    if wants_json():
        return refuse(title, advice, 413)
    flash(
        _("한 번에 보낸 사진이 너무 큽니다. 사진을 나누어 보내 주세요. 앞서 넣은 것은 그대로 있습니다."),
        "error",
    )
    public_id = (request.view_args or {}).get("public_id")
    where = url_for("patient.case_photos", public_id=public_id) if public_id else url_for("patient.home")
    return redirect(where, 303)


@blueprint.post("/cases/<public_id>/photos/<photo_id>/remove")
@requires(Permission.CASE_SEND)
def photo_remove(public_id: str, photo_id: str) -> Response:
    """Take a photo out of a draft."""
    case = case_or_404(public_id)
    photos.remove_photo(me(), case.public_id, photo_id)
    if wants_json():
        return jsonify(removed=photo_id)
    return redirect(step_url(case, "photos"), 303)


def _private(data: bytes, media_type: str) -> Response:
    response = make_response(data)
    response.mimetype = media_type
    shared = session.get(SHARED)  # whoever comes next must not find it
    response.headers["Cache-Control"] = (
        "private, no-store" if shared else f"private, max-age={PRIVATE_SECONDS}"
    )
    return response


@blueprint.get("/photos/<photo_id>")
@requires(Permission.CASE_READ_OWN)
def photo(photo_id: str) -> Response:
    """One photo, whole."""
    return _serve(photo_or_404(photo_id), small=False)


@blueprint.get("/photos/<photo_id>/small")
@requires(Permission.CASE_READ_OWN)
def photo_small(photo_id: str) -> Response:
    """One photo, small."""
    return _serve(photo_or_404(photo_id), small=True)


def _serve(row: Photo, *, small: bool) -> Response:
    try:
        return _private(photos.read(row, small=small), photos.JPEG)
    except ObjectLost:
        abort(404)


@blueprint.get("/photos/<photo_id>/heatmap")
@requires(Permission.CASE_READ_OWN)
def photo_heatmap(photo_id: str) -> Response:
    """Where the model looked, to lay over the photo: only once the finding is signed."""
    row = photo_or_404(photo_id)
    if not policy.can_see_opinion(me(), row.case):
        abort(404)
    try:
        return _private(photos.read_heatmap(row), "image/png")
    except (NoSuchCase, ObjectLost):
        abort(404)
