"""Sending a photo so that a broken connection costs nothing: the tus protocol, version 1.0.0 (https://tus.io).

Core, creation, expiration, termination, checksum (sha1). The pieces are kept as they come
in (`cases/uploads.py`). After the last one the photo is made; `…/photo` says what became of it, as often as
it is asked, so that an answer lost on the way is no photo lost.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import NoReturn

import structlog
from flask import abort, jsonify, make_response, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.exceptions import ClientDisconnected
from werkzeug.http import http_date
from werkzeug.wrappers import Response

from app.cases import policy
from app.cases import uploads as service
from app.cases.errors import CaseError, NotComplete, TooManyPhotos, UploadGone, WrongOffset
from app.cases.models import Case, PhotoView
from app.cases.upload_models import Upload
from app.extensions import limiter
from app.infra.images import BadImage
from app.patient import uploads
from app.patient.access import case_or_404, me, settings
from app.patient.blueprint import blueprint
from app.patient.photos import few_uploads, refuse, shown
from app.permissions import Permission
from app.policy import requires, visible_or_404

log = structlog.get_logger(__name__)

VERSION = "1.0.0"
PIECE_BYTES = 512 * 1024
"""Kept at once: so much at most is lost of what has come in if this process is killed."""
OFFSET_OCTETS = "application/offset+octet-stream"
ENDPOINTS = ("patient.uploads", "patient.upload")


def _most() -> int:
    return settings().max_upload_mb * uploads.MEGABYTE


@blueprint.after_request
def introduce(response: Response) -> Response:
    """Every answer of this protocol says which version it speaks."""
    if request.endpoint in ENDPOINTS:
        response.headers["Tus-Resumable"] = VERSION
    return response


def _capabilities() -> Response:
    answer = make_response("", 204)
    answer.headers["Tus-Version"] = VERSION
    answer.headers["Tus-Extension"] = "creation,expiration,termination,checksum"
    answer.headers["Tus-Max-Size"] = str(_most())
    answer.headers["Tus-Checksum-Algorithm"] = "sha1"
    return answer


def _require_version() -> None:
    if request.headers.get("Tus-Resumable") != VERSION:
        answer = make_response("", 412)
        answer.headers["Tus-Version"] = VERSION
        abort(answer)


def _number(name: str) -> int:
    value = request.headers.get(name, "")
    if not (value.isascii() and value.isdigit() and len(value) < 16):
        _say(400, _("보내신 내용이 중간에 빠졌거나 형식이 맞지 않습니다."))
    return int(value)


def _say(status: int, title: str, advice: str = "") -> NoReturn:
    abort(make_response(refuse(title, advice, status)))


@blueprint.route(
    "/cases/<public_id>/uploads",
    methods=["POST", "OPTIONS"],
    provide_automatic_options=False,
    endpoint="uploads",
)
@few_uploads
@requires(Permission.CASE_SEND)
def begin(public_id: str) -> Response:
    """Announce a photo: how long it is (`Upload-Length`), and from how far it was taken (metadata `view`)."""
    case = case_or_404(public_id)
    if request.method == "OPTIONS":
        return _capabilities()
    _require_version()
    length = _number("Upload-Length")
    try:
        upload = service.begin(me(), case.public_id, length, _view(), most=_most())
    except BadImage as error:
        _say(413, *uploads.explain(error))
    answer = make_response("", 201)
    answer.headers["Location"] = url_for("patient.upload", public_id=public_id, upload_id=upload.public_id)
    return _dated(answer, upload)


def _view() -> PhotoView | None:
    for pair in request.headers.get("Upload-Metadata", "").split(","):
        key, _space, value = pair.strip().partition(" ")
        if key == "view":
            return view_of(_decoded(value))
    return None


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except ValueError:
        _say(400, _("보내신 내용이 중간에 빠졌거나 형식이 맞지 않습니다."))


def view_of(word: str) -> PhotoView | None:
    """Return the view that a word names; None for any other."""
    return PhotoView(word) if word in set(PhotoView) else None


def _dated(answer: Response, upload: Upload) -> Response:
    answer.headers["Upload-Expires"] = http_date(upload.expires_at)
    return answer


def _find(public_id: str, upload_id: str) -> Upload:
    query = policy.visible_uploads(me()).where(Case.public_id == public_id, Upload.public_id == upload_id)
    return visible_or_404(query)


@blueprint.route(
    "/cases/<public_id>/uploads/<upload_id>",
    methods=["HEAD", "PATCH", "DELETE", "POST", "OPTIONS"],
    provide_automatic_options=False,
)
@requires(Permission.CASE_SEND)
def upload(public_id: str, upload_id: str) -> Response:
    """Ask how far it has come (HEAD), send the next piece (PATCH), give it up (DELETE).

    POST with `X-HTTP-Method-Override` stands for any of them, where a network lets only the usual ones through.
    """
    found = _find(public_id, upload_id)
    method = request.method
    if method == "POST":
        method = request.headers.get("X-HTTP-Method-Override", "").upper()
    if method == "OPTIONS":
        return _capabilities()
    _require_version()
    if method == "DELETE":
        service.give_up(found)
        return make_response("", 204)
    if method not in ("HEAD", "PATCH"):
        abort(405)
    try:
        if not found.complete:
            service.still_there(found)
        return _asked(found) if method == "HEAD" else _patched(found)
    except UploadGone:
        abort(410)


def _asked(found: Upload) -> Response:
    answer = make_response("", 200)
    answer.headers["Upload-Offset"], answer.headers["Upload-Length"] = str(found.received), str(found.length)
    answer.headers["Cache-Control"] = "no-store"
    return _dated(answer, found)


def _patched(found: Upload) -> Response:
    if request.mimetype != OFFSET_OCTETS:
        abort(make_response("", 415))
    offset = _number("Upload-Offset")
    if found.received != offset:
        return _elsewhere(found.received)
    if (request.content_length or 0) > found.length - offset:
        uploads.drain()
        _say(413, *uploads.explain(BadImage(service.FILE_TOO_LARGE)))
    try:
        received = _take_in(found, offset)
    except WrongOffset as error:
        return _elsewhere(error.received)
    except BadImage as error:
        _say(413, *uploads.explain(error))
    if received == found.length:
        _make_photo(found)
    answer = make_response("", 204)
    answer.headers["Upload-Offset"] = str(received)
    return _dated(answer, found)


def _elsewhere(received: int) -> Response:
    answer = make_response("", 409)
    answer.headers["Upload-Offset"] = str(received)
    return answer


def _take_in(found: Upload, offset: int) -> int:
    """Keep the body piece by piece; where the line breaks, also what had come of the last piece."""
    if "Upload-Checksum" in request.headers:
        return _take_in_checked(found, offset)
    more = True
    while more:
        piece, more = _next_piece(PIECE_BYTES)
        if piece:
            offset = service.append(found.id, offset, piece)
    return offset


def _take_in_checked(found: Upload, offset: int) -> int:
    algorithm, _space, given = request.headers["Upload-Checksum"].partition(" ")
    if algorithm != "sha1":
        _say(400, _("보내신 내용이 중간에 빠졌거나 형식이 맞지 않습니다."))
    try:
        wanted = base64.b64decode(given, validate=True)
    except binascii.Error:
        wanted = b""
    body, _more = _next_piece(found.length - offset)
    digest = hashlib.sha1(body, usedforsecurity=False).digest()
    if not hmac.compare_digest(digest, wanted):
        answer = make_response("", 460)
        answer.status = "460 Checksum Mismatch"
        abort(answer)
    return service.append(found.id, offset, body) if body else offset


def _next_piece(most: int) -> tuple[bytes, bool]:
    """Return up to `most` bytes of the body, and whether more may come."""
    piece = bytearray()
    while len(piece) < most:
        try:
            read = request.stream.read(most - len(piece))
        except (ClientDisconnected, OSError):  # the line broke: what came so far is good
            return bytes(piece), False
        if not read:
            return bytes(piece), False
        piece += read
    return bytes(piece), True


def _make_photo(found: Upload) -> None:
    """Make the photo at once, so that it is there even if its sender never asks; what is wrong is told when asked."""
    try:
        service.settle(me(), found, limit=settings().max_photos_per_case)
    except (BadImage, CaseError) as error:
        log.info("upload.no_photo", upload=found.public_id, reason=type(error).__name__)


@blueprint.post("/cases/<public_id>/uploads/<upload_id>/photo")
@limiter.limit("120 per minute", key_func=lambda: str(current_user.get_id()))
@requires(Permission.CASE_SEND)
def upload_photo(public_id: str, upload_id: str) -> Response | tuple[Response, int]:
    """What became of an upload: the photo with its quality, as JSON, or why there is none."""
    found = _find(public_id, upload_id)
    try:
        photo = service.settle(me(), found, limit=settings().max_photos_per_case)
    except (BadImage, TooManyPhotos) as error:
        return refuse(*uploads.explain(error), 422)
    except NotComplete:
        return refuse(_("아직 다 오지 않았습니다."), _("잠시 뒤 다시 시도해 주세요."), 409)
    except UploadGone:
        return refuse(_("이 사진은 더 보낼 수 없습니다."), _("사진을 다시 골라 주세요."), 410)
    return jsonify(shown(found.case, photo)), 201
