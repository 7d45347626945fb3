"""Taking in photo files: how much is read at all, and what is said of a file that is refused."""

from __future__ import annotations

import time
from typing import IO, Any

from flask import Request, request
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from app.cases import photos
from app.cases.errors import TooManyPhotos
from app.cases.models import Photo, PhotoView
from app.cases.uploads import FILE_TOO_LARGE
from app.infra.images import BadImage
from app.patient.access import me, settings

MEGABYTE = 1024 * 1024
FORM_ROOM = MEGABYTE
"""What a form may take up beside its files."""
DRAIN_SECONDS = 20.0
DRAIN_CHUNK = 256 * 1024


class CappedFile:
    """Keeps at most `limit` bytes of an upload; what comes after is counted as too much, and dropped.

    So one file that is too large is refused while it streams in, and the rest of the form is not lost.
    """

    def __init__(self, kept: IO[bytes], limit: int) -> None:
        self._kept, self._limit, self._seen = kept, limit, 0

    @property
    def oversized(self) -> bool:
        """True if more came than may be kept."""
        return self._seen > self._limit

    def write(self, data: bytes) -> int:
        """Take a piece of the upload."""
        self._seen += len(data)
        if not self.oversized:
            self._kept.write(data)
        return len(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kept, name)


class PortalRequest(Request):
    """A request of which a view may say beforehand how large each of its files may be (`file_limit`)."""

    file_limit: int | None = None

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        stream = super()._get_file_stream(total_content_length, content_type, filename, content_length)
        return stream if self.file_limit is None else CappedFile(stream, self.file_limit)  # type: ignore[return-value]


def expect_photos() -> None:
    """Allow this request as many bytes as the photos of one case may have; call before the form is read."""
    each = settings().max_upload_mb * MEGABYTE
    request.file_limit = each  # type: ignore[attr-defined]
    request.max_content_length = each * settings().max_photos_per_case + FORM_ROOM


def drain() -> None:
    """Read on for a while what a browser still sends, so that it gets to see the answer."""
    source, left = request.environ["wsgi.input"], request.content_length or 0
    end = time.monotonic() + DRAIN_SECONDS
    while left > 0 and time.monotonic() < end:
        piece = source.read(min(DRAIN_CHUNK, left))
        if not piece:
            return
        left -= len(piece)


def take(public_id: str, file: FileStorage, view: PhotoView | None = None) -> Photo:
    """Take one uploaded file into a draft. Raises as `photos.add_photo`, and `BadImage` for a file too large."""
    if getattr(file.stream, "oversized", False):
        raise BadImage(FILE_TOO_LARGE)
    data = file.stream.read()
    return photos.add_photo(me(), public_id, data, view=view, limit=settings().max_photos_per_case)


def explain(error: BadImage | TooManyPhotos) -> tuple[str, str]:
    """Return what is wrong with a refused file, and what to do, in the reader's language."""
    if isinstance(error, TooManyPhotos):
        return (
            _("사진은 %(max)s장까지 보낼 수 있습니다.", max=error.limit),
            _("먼저 넣은 사진을 빼면 다른 사진을 넣을 수 있습니다."),
        )
    reasons = {
        "empty": (_("빈 파일입니다."), _("사진을 다시 고르거나 새로 찍어 주세요.")),
        "not_an_image": (_("사진 파일이 아닙니다."), _("휴대전화로 찍은 사진을 골라 주세요.")),
        "format": (
            _("받을 수 없는 사진 형식입니다."),
            _("휴대전화 카메라로 새로 찍어 보내 주세요."),
        ),
        "broken": (_("사진 파일이 깨져 있습니다."), _("새로 찍거나 원본 사진을 골라 주세요.")),
        "animated": (_("움직이는 사진은 받을 수 없습니다."), _("멈춘 사진을 한 장 찍어 보내 주세요.")),
        "too_large": (
            _("사진의 가로와 세로가 너무 큽니다."),
            _("휴대전화의 보통 설정(6,400만 화소 이하)으로 다시 찍어 주세요."),
        ),
        "too_small": (
            _("사진이 너무 작아 볼 수 없습니다."),
            _("줄이지 않은 원본 사진을 보내 주세요."),
        ),
        "too_narrow": (
            _("사진이 너무 길고 좁습니다."),
            _("자르거나 이어 붙이지 않은 보통 비율의 사진을 보내 주세요."),
        ),
        FILE_TOO_LARGE: (
            _("사진 파일이 너무 큽니다."),
            _("%(max)s MB보다 작은 사진을 보내 주세요.", max=settings().max_upload_mb),
        ),
    }
    return reasons.get(error.reason, reasons["broken"])
