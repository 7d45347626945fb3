"""Photos of every kind, good and bad, by the plain form and one by one."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from pillow_heif import from_pillow

from app.cases import quality
from app.cases.models import Photo
from app.cli.drawings import lesion
from app.extensions import db as database
from app.infra import images
from app.infra import storage as objects
from tests.integration.patient.conftest import Browser, picture


def _photos() -> list[Photo]:
    return list(database.session.scalars(database.select(Photo).order_by(Photo.id)))


def _heic() -> bytes:
    out = io.BytesIO()
    from_pillow(Image.open(io.BytesIO(lesion("nv", 3)))).save(out)
    return out.getvalue()


def _animated() -> bytes:
    frames = [Image.new("RGB", (200, 200), colour) for colour in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:])
    return out.getvalue()


def _bomb() -> bytes:
    out = io.BytesIO()
    Image.new("1", (16_000, 16_000)).save(out, "PNG")
    return out.getvalue()


BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "빈 파일입니다."),
    "text": (lambda: b"dear doctor, here is my mole", "사진 파일이 아닙니다."),
    "pdf": (lambda: b"%PDF-1.7 ...", "사진 파일이 아닙니다."),
    "gif": (lambda: picture("GIF"), "받을 수 없는 사진 형식입니다."),
    "broken": (lambda: lesion("nv", 1)[:9000], "사진 파일이 깨져 있습니다."),
    "animated": (_animated, "움직이는 사진은 받을 수 없습니다."),
    "bomb": (_bomb, "사진의 가로와 세로가 너무 큽니다."),
    "sliver": (lambda: picture("PNG", (64, 19_000)), "사진이 너무 길고 좁습니다."),
    "tiny": (lambda: picture("PNG", (20, 20)), "사진이 너무 작아 볼 수 없습니다."),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_bad_file_is_refused_with_its_own_words_and_nothing_else_is_lost(
    browser: Callable[..., Browser], name: str
) -> None:
    make, words = BAD[name]
    patient = browser()
    case = patient.start()
    answer = patient.upload(case, lesion("nv", 5), make())
    assert answer.status_code == 422
    assert f"2번째 사진: {words}" in answer.text
    assert len(_photos()) == 1
    alone = patient.upload_one(case, make())
    assert alone.status_code == 422
    assert alone.json["error"]["title"] == words
    assert alone.json["error"]["advice"]


@pytest.mark.parametrize(
    "encoded",
    [lesion("nv", 2), picture("PNG"), picture("WEBP"), _heic()],
    ids=["jpeg", "png", "webp", "heic"],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_usual_format_is_taken_and_kept_without_metadata(
    browser: Callable[..., Browser], encoded: bytes
) -> None:
    patient = browser()
    case = patient.start()
    patient.upload(case, encoded)
    (photo,) = _photos()
    kept = Image.open(io.BytesIO(objects.get(photo.object)))
    assert kept.format == "JPEG"
    assert not kept.getexif()
    small = Image.open(io.BytesIO(objects.get(photo.thumbnail)))
    assert max(small.size) <= 480
    assert max(small.size) == min(480, max(kept.size))


def test_the_same_file_sent_twice_is_one_photo(browser: Callable[..., Browser]) -> None:
    patient = browser()
    case = patient.start()
    patient.upload(case, lesion("nv", 5), lesion("nv", 5))
    patient.upload(case, lesion("nv", 5))
    assert len(_photos()) == 1
    other = patient.start()
    patient.upload(other, lesion("nv", 5))
    assert len(_photos()) == 2, "another case may show the same photo"


def test_a_photo_too_many_is_refused(browser: Callable[..., Browser]) -> None:
    patient = browser()
    case = patient.start()
    answer = patient.upload(case, *[picture("JPEG", (300 + n, 300)) for n in range(7)])
    assert "7번째 사진: 사진은 6장까지 보낼 수 있습니다." in answer.text
    assert len(_photos()) == 6


@pytest.mark.parametrize(("language", "words"), [("ko", "너무 어둡습니다"), ("en", "too dark")])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_quality_check_answers_at_once_in_the_readers_language(
    browser: Callable[..., Browser], language: str, words: str
) -> None:
    patient = browser()
    case = patient.start()
    dark = io.BytesIO()
    Image.open(io.BytesIO(lesion("nv", 5))).point(lambda value: value // 14).save(dark, "JPEG")
    patient.client.set_cookie("lang", language)
    answer = patient.upload_one(case, dark.getvalue())
    assert answer.status_code == 201
    assert not answer.json["quality"]["ok"]
    (advice,) = answer.json["quality"]["messages"]  # in the dark nothing else can be judged
    assert words in advice
    assert words in patient.get(f"{case}/photos").text
    # All the same it may be sent: without another photo the form goes on.
    assert patient.send(f"{case}/photos").location == f"{case}/place"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_more_photos_are_judged_at_once_than_decoded(
    browser: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[str] = []

    class Turnstile:
        def __enter__(self) -> None:
            held.append("in")

        def __exit__(self, *_what: object) -> None:
            held.append("out")

    def judge(_jpeg: bytes, *, overview: bool) -> list[dict[str, str]]:
        held.append("judged")
        return []

    monkeypatch.setattr(images, "few_at_once", Turnstile())
    monkeypatch.setattr(quality, "shortcomings", judge)
    patient = browser()
    patient.upload(patient.start(), lesion("nv", 5))
    assert held == ["in", "out", "in", "judged", "out"]


def test_a_photo_can_be_taken_out_again(browser: Callable[..., Browser], storage: Any) -> None:
    patient = browser()
    case = patient.start()
    patient.upload(case, lesion("nv", 5))
    (photo,) = _photos()
    remove = f"{case}/photos/{photo.public_id}/remove"
    assert patient.send(f"{case}/photos", to=remove).location == f"{case}/photos"
    assert patient.send(f"{case}/photos", to=remove).status_code == 303
    assert not _photos()
    assert not [path for path in storage.rglob("*") if path.is_file()]


def test_photos_are_private_and_each_reading_is_recorded(browser: Callable[..., Browser]) -> None:
    from app.audit.models import AuditEntry

    patient, stranger = browser(), browser()
    case = patient.start()
    patient.upload(case, lesion("nv", 5))
    (photo,) = _photos()
    for address in (f"/patient/photos/{photo.public_id}", f"/patient/photos/{photo.public_id}/small"):
        answer = patient.get(address)
        assert answer.mimetype == "image/jpeg"
        assert "private" in answer.headers["Cache-Control"]
        assert stranger.get(address).status_code == 404
    with patient.client.session_transaction() as session:
        session["shared_device"] = True
    answer = patient.get(f"/patient/photos/{photo.public_id}")
    assert answer.headers["Cache-Control"] == "private, no-store"
    read = database.select(AuditEntry).where(AuditEntry.action == "photo.read")
    entries = list(database.session.scalars(read))
    assert [entry.actor_id for entry in entries] == [patient.user.id] * 3
    assert all(entry.target == f"photo:{photo.public_id}" for entry in entries)
