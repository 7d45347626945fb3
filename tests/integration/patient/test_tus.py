"""The tus protocol as it is written, and what it is for: a photo that arrives whole over a line that does not hold."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.audit.models import AuditEntry
from app.cases import uploads
from app.cases.draft_rules import rules
from app.cases.models import Photo, PhotoView
from app.cases.upload_models import Upload, UploadChunk
from app.cli.drawings import lesion
from app.extensions import db as database
from app.infra.storage import StoredObject
from app.patient import tus
from tests.factories.accounts import create_patient
from tests.harness.clock import FrozenClock
from tests.integration.patient.conftest import Browser, picture

MB = 1024 * 1024
PHOTO = lesion("nv", 5)
HALF = len(PHOTO) // 2
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def b64(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def count(model: type) -> int:
    return database.session.scalar(database.select(database.func.count()).select_from(model)) or 0


def offset_of(patient: Browser, address: str) -> int:
    answer = patient.tus("HEAD", address)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    return int(answer.headers["Upload-Offset"])


def send(patient: Browser, address: str, piece: bytes, at: int, **more: Any) -> Any:
    return patient.tus("PATCH", address, piece, Upload_Offset=str(at), **more)


@on_sqlite
def test_what_is_spoken_here(browser: Callable[..., Browser]) -> None:
    patient = browser()
    case = patient.start()
    answer = patient.tus("OPTIONS", f"{case}/uploads", Tus_Resumable=None)
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == answer.headers["Tus-Resumable"] == "1.0.0"
    assert answer.headers["Tus-Extension"] == "creation,expiration,termination,checksum"
    assert answer.headers["Tus-Max-Size"] == str(25 * MB)
    assert answer.headers["Tus-Checksum-Algorithm"] == "sha1"


def test_a_photo_in_pieces_is_the_photo_as_a_whole(browser: Callable[..., Browser], storage: Path) -> None:
    patient = browser()
    case = patient.start()
    address = patient.begin_upload(
        case, len(PHOTO), Upload_Metadata=f"name {b64('점.jpg')},view {b64('closeup')}"
    )
    assert offset_of(patient, address) == 0
    first = send(patient, address, PHOTO[:HALF], 0)
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, str(HALF))
    assert first.headers["Tus-Resumable"] == "1.0.0"
    assert offset_of(patient, address) == HALF
    early = patient.tus("POST", f"{address}/photo")
    assert (early.status_code, count(Photo)) == (409, 0)
    assert send(patient, address, PHOTO[HALF:], HALF).status_code == 204
    (photo,) = database.session.scalars(database.select(Photo))
    assert photo.view == PhotoView.CLOSEUP
    assert photo.upload_sha256 == uploads.photos.fingerprint(PHOTO), "the same bytes in the same order"
    answers = [patient.tus("POST", f"{address}/photo") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json == answers[1].json
    assert answers[0].json["id"] == photo.public_id
    assert answers[0].json["view"] == "closeup"
    assert "ok" in answers[0].json["quality"]
    assert count(UploadChunk) == 0
    assert len([path for path in storage.rglob("*") if path.is_file()]) == 2, "photo and thumbnail alone"
    assert offset_of(patient, address) == len(PHOTO), "who lost the last answer learns that all is here"


@on_sqlite
def test_pieces_are_encrypted_where_they_lie(browser: Callable[..., Browser], storage: Path) -> None:
    patient = browser()
    address = patient.begin_upload(patient.start(), len(PHOTO))
    send(patient, address, PHOTO[:HALF], 0)
    (path,) = [path for path in storage.rglob("*") if path.is_file()]
    assert PHOTO[:32] not in path.read_bytes()


@on_sqlite
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Tus_Resumable": None}, 412),
        ({"Tus_Resumable": "0.2.2"}, 412),
        ({"Content_Type": "application/octet-stream"}, 415),
        ({"Upload_Offset": "7"}, 409),
        ({"Upload_Offset": None}, 400),
        ({"Upload_Offset": "-1"}, 400),
        ({"Upload_Checksum": f"md5 {b64('x')}"}, 400),
        ({"Upload_Checksum": f"sha1 {b64('x')}"}, 460),
        ({"X_CSRFToken": None}, 400),
    ],
)
def test_a_piece_that_is_not_as_it_must_be_changes_nothing(
    browser: Callable[..., Browser], headers: dict[str, str | None], status: int
) -> None:
    patient = browser()
    address = patient.begin_upload(patient.start(), len(PHOTO))
    answer = patient.tus("PATCH", address, PHOTO[:HALF], **({"Upload_Offset": "0"} | headers))
    assert answer.status_code == status
    if status == 412:
        assert answer.headers["Tus-Version"] == "1.0.0"
    assert offset_of(patient, address) == 0
    assert count(UploadChunk) == 0


@on_sqlite
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Tus_Resumable": None}, 412),
        ({"Upload_Length": None}, 400),
        ({"Upload_Length": "many"}, 400),
        ({"Upload_Length": None, "Upload_Defer_Length": "1"}, 400),
        ({"Upload_Length": str(25 * MB + 1)}, 413),
        ({"Upload_Metadata": "view ???"}, 400),
        ({"X_CSRFToken": "made up"}, 400),
    ],
)
def test_an_announcement_that_is_not_as_it_must_be_is_refused(
    browser: Callable[..., Browser], headers: dict[str, str | None], status: int
) -> None:
    patient = browser()
    case = patient.start()
    answer = patient.tus("POST", f"{case}/uploads", **({"Upload_Length": "10"} | headers))
    assert answer.status_code == status
    assert count(Upload) == 0


@on_sqlite
def test_a_piece_with_the_right_checksum_is_kept(browser: Callable[..., Browser]) -> None:
    patient = browser()
    address = patient.begin_upload(patient.start(), len(PHOTO))
    digest = hashlib.sha1(PHOTO[:HALF], usedforsecurity=False).digest()
    assert send(patient, address, PHOTO[:HALF], 0, Upload_Checksum=f"sha1 {b64(digest)}").status_code == 204
    assert offset_of(patient, address) == HALF


@on_sqlite
def test_a_network_that_knows_only_post(browser: Callable[..., Browser]) -> None:
    patient = browser()
    address = patient.begin_upload(patient.start(), len(PHOTO))
    kind = {"Content_Type": "application/offset+octet-stream", "Upload_Offset": "0"}
    answer = patient.tus("POST", address, PHOTO, X_HTTP_Method_Override="PATCH", **kind)
    assert (answer.status_code, count(Photo)) == (204, 1)
    assert patient.tus("POST", address).status_code == 405


@on_sqlite
def test_more_than_was_announced_is_refused(browser: Callable[..., Browser]) -> None:
    patient = browser()
    address = patient.begin_upload(patient.start(), 10)
    answer = send(patient, address, b"x" * 11, 0)
    assert answer.status_code == 413
    assert answer.json["error"]["title"]
    assert offset_of(patient, address) == 0


class Broken(io.RawIOBase):
    """A body of which `kept` bytes arrive before the line breaks."""

    def __init__(self, data: bytes, kept: int) -> None:
        self._left = io.BytesIO(data[:kept])

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        got = self._left.read(min(len(buffer), 1000))
        if not got:
            raise ConnectionResetError("the line broke")
        buffer[: len(got)] = got
        return len(got)


@on_sqlite
def test_what_came_before_the_line_broke_is_kept(
    browser: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tus, "PIECE_BYTES", 4096)
    patient = browser()
    address = patient.begin_upload(patient.start(), len(PHOTO))
    offset_of(patient, address)
    broken = {"wsgi.input": Broken(PHOTO, 10_500), "CONTENT_LENGTH": str(len(PHOTO))}
    headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "X-CSRFToken": str(patient.token)}
    kind = "application/offset+octet-stream"
    patient.client.patch(address, content_type=kind, headers=headers, environ_overrides=broken)
    assert offset_of(patient, address) == 10_500
    assert count(UploadChunk) == 3
    assert send(patient, address, PHOTO[10_500:], 10_500).status_code == 204
    (photo,) = database.session.scalars(database.select(Photo))
    assert photo.upload_sha256 == uploads.photos.fingerprint(PHOTO)


@on_sqlite
def test_a_portal_that_stops_in_the_middle_remembers_exactly_what_it_kept(
    browser: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second piece is written, and then its transaction never ends: as if the process had been killed."""
    patient = browser()
    address = patient.begin_upload(patient.start(), len(PHOTO))
    send(patient, address, PHOTO[:5000], 0)
    put = uploads.storage.put

    def killed(data: bytes, kind: str) -> StoredObject:
        put(data, kind)
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(uploads.storage, "put", killed)
        with pytest.raises(SystemExit):
            send(patient, address, PHOTO[5000:9000], 5000)
    assert offset_of(patient, address) == 5000
    assert (count(UploadChunk), count(StoredObject)) == (1, 1)
    send(patient, address, PHOTO[5000:], 5000)
    (photo,) = database.session.scalars(database.select(Photo))
    assert photo.upload_sha256 == uploads.photos.fingerprint(PHOTO)


@on_sqlite
def test_a_photo_whose_last_piece_came_in_just_before_the_end_is_made_when_asked_for(
    browser: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = browser()
    address = patient.begin_upload(patient.start(), len(PHOTO))
    with monkeypatch.context() as patch:
        patch.setattr(tus, "_make_photo", lambda found: None)
        send(patient, address, PHOTO, 0)
    assert (offset_of(patient, address), count(Photo)) == (len(PHOTO), 0)
    assert patient.tus("POST", f"{address}/photo").status_code == 201
    assert count(Photo) == 1


def test_of_two_at_once_one_goes_on_and_the_other_is_told_where(
    app: Flask, browser: Callable[..., Browser]
) -> None:
    patient = browser()
    case = patient.start()
    address = patient.begin_upload(case, len(PHOTO))
    other = Browser(app, patient.user)
    offset_of(other, address)
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(send, each, address, PHOTO, 0) for each in (patient, other)]
        statuses = sorted(answer.result().status_code for answer in asked)
    assert statuses == [204, 409]
    assert patient.tus("POST", f"{address}/photo").status_code == 201
    assert count(Photo) == 1


@on_sqlite
def test_nobody_else_s_upload_is_there(browser: Callable[..., Browser]) -> None:
    patient, stranger = browser(), browser()
    case = patient.start()
    address = patient.begin_upload(case, len(PHOTO))
    own = stranger.start()
    moved = address.replace(case, own)
    for place in (address, moved):
        for method in ("HEAD", "PATCH", "DELETE"):
            assert stranger.tus(method, place, b"x", Upload_Offset="0").status_code == 404
        assert stranger.tus("POST", f"{place}/photo").status_code == 404
    assert stranger.tus("POST", f"{case}/uploads", Upload_Length="10").status_code == 404
    assert offset_of(patient, address) == 0


@on_sqlite
def test_what_is_given_up_is_erased(browser: Callable[..., Browser], storage: Path) -> None:
    patient = browser()
    address = patient.begin_upload(patient.start(), len(PHOTO))
    send(patient, address, PHOTO[:HALF], 0)
    assert patient.tus("DELETE", address).status_code == 204
    assert patient.tus("HEAD", address).status_code == 404
    assert not [path for path in storage.rglob("*") if path.is_file()]
    assert (count(Upload), count(UploadChunk), count(StoredObject)) == (0, 0, 0)
    told = (
        database.select(AuditEntry.action)
        .where(AuditEntry.action.like("upload.%"))
        .order_by(AuditEntry.number)
    )
    assert list(database.session.scalars(told)) == ["upload.begin", "upload.drop"]


def test_an_upload_left_lying_expires_and_is_swept_away(
    browser: Callable[..., Browser], clock: FrozenClock, storage: Path, work: Callable[[], int]
) -> None:
    from app.infra import jobs

    patient = browser()
    case = patient.start()
    address = patient.begin_upload(case, len(PHOTO))
    clock.advance(hours=rules().upload_hours - 1)
    answer = send(patient, address, PHOTO[:HALF], 0)
    until = parsedate_to_datetime(answer.headers["Upload-Expires"])
    assert until == clock.now + timedelta(hours=rules().upload_hours), "each piece that comes in renews it"
    clock.advance(hours=rules().upload_hours - 1)
    assert offset_of(patient, address) == HALF
    clock.advance(hours=2)
    assert patient.tus("HEAD", address).status_code == 410
    assert send(patient, address, PHOTO[HALF:], HALF).status_code == 410
    jobs.ask_for_regular()
    work()
    assert (count(Upload), count(UploadChunk)) == (0, 0)
    assert not [path for path in storage.rglob("*") if path.is_file()]
    assert patient.tus("HEAD", address).status_code == 404


@on_sqlite
def test_a_case_that_was_thrown_away_takes_what_was_on_its_way_along(
    browser: Callable[..., Browser], storage: Path
) -> None:
    patient = browser()
    case = patient.start()
    address = patient.begin_upload(case, len(PHOTO))
    send(patient, address, PHOTO[:HALF], 0)
    patient.send(f"{case}/photos", to=f"{case}/withdraw")
    assert not [path for path in storage.rglob("*") if path.is_file()]
    assert patient.tus("HEAD", address).status_code == 404


@on_sqlite
def test_a_photo_that_is_taken_out_again_is_not_made_a_second_time(browser: Callable[..., Browser]) -> None:
    patient = browser()
    case = patient.start()
    address = patient.begin_upload(case, len(PHOTO))
    send(patient, address, PHOTO, 0)
    shown = patient.tus("POST", f"{address}/photo").json
    patient.send(f"{case}/photos", to=shown["remove"])
    assert patient.tus("POST", f"{address}/photo").status_code == 410
    assert count(Photo) == 0


@on_sqlite
def test_a_file_that_is_no_photo_stays_refused_and_leaves_nothing(
    browser: Callable[..., Browser], storage: Path
) -> None:
    patient = browser()
    address = patient.begin_upload(patient.start(), 12)
    assert send(patient, address, b"dear doctor,", 0).status_code == 204
    for _ in range(2):
        answer = patient.tus("POST", f"{address}/photo")
        assert answer.status_code == 422
        assert answer.json["error"]["title"] == "사진 파일이 아닙니다."
    assert not [path for path in storage.rglob("*") if path.is_file()]


@on_sqlite
def test_a_photo_too_many_waits_until_there_is_room(make_app: Callable[..., Flask]) -> None:
    app = make_app(max_photos_per_case=1)
    with app.app_context():
        patient = Browser(app, create_patient())
        case = patient.start()
        first = patient.upload_one(case, PHOTO).json
        address = patient.begin_upload(case, len(picture("JPEG")))
        send(patient, address, picture("JPEG"), 0)
        answer = patient.tus("POST", f"{address}/photo")
        assert (answer.status_code, answer.json["error"]["title"]) == (
            422,
            "사진은 1장까지 보낼 수 있습니다.",
        )
        patient.send(f"{case}/photos", to=first["remove"])
        assert patient.tus("POST", f"{address}/photo").status_code == 201


@on_sqlite
def test_who_begins_many_and_finishes_none_loses_the_oldest(
    browser: Callable[..., Browser], clock: FrozenClock
) -> None:
    patient, other = browser(), browser()
    case = patient.start()
    theirs = other.begin_upload(other.start(), 10)
    addresses = []
    for _ in range(rules().uploads + 1):
        clock.advance(seconds=1)
        addresses.append(patient.begin_upload(case, 10))
    assert patient.tus("HEAD", addresses[0]).status_code == 404
    assert patient.tus("HEAD", addresses[1]).status_code == 200
    assert other.tus("HEAD", theirs).status_code == 200
    assert count(Upload) == rules().uploads + 1


@on_sqlite
def test_photos_of_the_plain_form_say_from_how_far_they_were_taken(browser: Callable[..., Browser]) -> None:
    from werkzeug.datastructures import FileStorage

    patient = browser()
    case = patient.start()
    files = {
        name: FileStorage(io.BytesIO(lesion("nv", n)), f"{n}.jpg")
        for n, name in enumerate(("overview", "closeup", "photos"))
    }
    patient.post_files(f"{case}/photos", **files)
    views = database.session.scalars(database.select(Photo.view).order_by(Photo.id))
    assert list(views) == ["overview", "closeup", None]
