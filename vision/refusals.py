"""Files that no prediction can be made of: why, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from vision.images import UnreadableImage, why

ADVICE: dict[str, tuple[str, str]] = {
    "missing": (
        "그런 파일이 없습니다. 경로와 파일 이름을 확인해 주세요.",
        "There is no such file. Please check its path and name.",
    ),
    "cannot_be_opened": (
        "파일을 열 수 없습니다. 읽을 권한이 있는지 확인해 주세요.",
        "The file cannot be opened. Please check that you may read it.",
    ),
    "out_of_memory": (
        "메모리가 모자라 사진을 열지 못했습니다. 다른 프로그램을 닫거나 사진을 줄여서 다시 시도해 주세요.",
        "There is too little memory for the photo. Close other programs or reduce the photo, and try again.",
    ),
    "no_pictures": (
        "폴더에 사진이 없습니다. JPEG, PNG, WebP 또는 HEIC 사진이 든 폴더를 골라 주세요.",
        "There are no photos in the folder. Choose one with JPEG, PNG, WebP or HEIC photos.",
    ),
    "empty": (
        "내용이 없는 빈 파일입니다. 원본 사진을 다시 복사해서 보내 주세요.",
        "The file is empty. Please copy the original photo again and send that.",
    ),
    "not_an_image": (
        "사진 파일이 아닙니다. JPEG, PNG, WebP 또는 HEIC 사진을 보내 주세요.",
        "The file is not a photo. Please send a JPEG, PNG, WebP or HEIC photo.",
    ),
    "broken": (
        "사진 파일이 깨졌거나 도중에 잘렸습니다. 원본 사진을 다시 복사해서 보내 주세요.",
        "The file is damaged or cut short. Please copy the original photo again and send that.",
    ),
    "animated": (
        "움직이는 사진이거나 여러 장이 든 파일입니다. 한 장짜리 사진을 보내 주세요.",
        "The picture moves or has several pages. Please send a single still photo.",
    ),
    "too_large": (
        "사진의 화소가 너무 많습니다. 6,400만 화소 아래로 줄여서 보내 주세요.",
        "The photo has too many pixels. Please reduce it to fewer than 64 million and send that.",
    ),
    "too_many_parts": (
        "사진 파일의 짜임이 이상합니다. 사진 앱에서 JPEG로 다시 저장해서 보내 주세요.",
        "The file is put together oddly. Please save it as a JPEG again in a photo app and send that.",
    ),
    "too_narrow": (
        "사진이 너무 길고 좁습니다. 그 자리가 가운데에 오도록 자르지 말고 다시 찍어 주세요.",
        "The photo is too long and narrow. Take it again with the spot in the middle, and do not crop it.",
    ),
    "all_broken": (
        "이 병변의 사진을 한 장도 열 수 없습니다. 파일마다 적힌 안내를 따라 다시 보내 주세요.",
        "None of this lesion's photos can be opened. Please do as it says for each file and send them again.",
    ),
}
"""By ``Refusal.reason``: what to do, in Korean and English."""


@dataclass(frozen=True)
class Refusal:
    """Why there is no prediction. reason: a key of ``ADVICE``; error: one line, with what was found."""

    reason: str
    error: str

    def __str__(self) -> str:
        advice_ko, advice_en = ADVICE[self.reason]
        return f"{self.error} (not_readable: {self.reason}). {advice_ko} {advice_en}"

    def to_json(self) -> dict[str, str]:
        """Ready for ``json.dumps``, with the ``outcome`` of a photo that cannot be read."""
        advice_ko, advice_en = ADVICE[self.reason]
        return {
            "outcome": "not_readable",
            "reason": self.reason,
            "error": self.error,
            "advice_ko": advice_ko,
            "advice_en": advice_en,
        }


def refusal(error: OSError | UnreadableImage | MemoryError) -> Refusal:
    """What to say of a file that could not be read."""
    return Refusal(_reason(error), why(error))


def _reason(error: OSError | UnreadableImage | MemoryError) -> str:
    if isinstance(error, UnreadableImage):
        return error.reason
    if isinstance(error, MemoryError):
        return "out_of_memory"
    return "missing" if isinstance(error, FileNotFoundError | NotADirectoryError) else "cannot_be_opened"
